//! An operand that is a place is used in place; anything else is moved into the select.
#![deny(warnings)]

use chango::prelude::*;

struct Hub {
    rxs: Vec<Receiver<i32>>,
    tx: Sender<i32>,
}

impl Hub {
    async fn turn(&self, also: &Option<Receiver<i32>>) -> Option<i32> {
        select! {
            v = <-self.rxs[0] => v,
            v = <-*also => v,
            self.tx <- 1 => Some(0),
        }
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let hub = Hub { rxs: vec![rx], tx };
        let also = None;
        assert_eq!(hub.turn(&also).await, Some(0));
        assert_eq!(hub.turn(&also).await, Some(1));
        let make = || hub.rxs[0].clone();
        select! {
            v = <-make() => unreachable!("{v:?}"),
            hub.tx.clone() <- 2 => {}
        }
        assert_eq!(hub.rxs[0].len(), 1);
        let timer = after(Duration::from_millis(1));
        select! { <-timer => {} }
        let ready = select! { <-timer => true, default => false };
        assert!(!ready, "a timer fires once");
    }
}
