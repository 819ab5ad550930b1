//! `None` of a channel is Go's nil channel: never ready.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let ready = select! {
            v = <-None::<Receiver<i32>> => v.is_some(),
            None::<Sender<i32>> <- 1 => true,
            default => false,
        };
        assert!(!ready);
        let (tx, rx) = bounded::<i32>(1);
        let (tx, rx) = (Some(tx), Some(rx));
        tx <- 1;
        assert_eq!(<-rx, Some(1));
        let late = go! { <-None::<Receiver<i32>> };
        <-after(Duration::from_millis(1));
        assert!(!late.is_finished());
    }
}
