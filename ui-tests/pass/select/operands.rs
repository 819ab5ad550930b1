//! Operands, values and futures of arms, in all their shapes.
#![deny(warnings)]
#![allow(unused_parens)]

use std::sync::Arc;

use chango::chan::{Receive, SendTo};
use chango::prelude::*;

#[derive(Debug, PartialEq)]
struct Message<const N: i32> {
    n: i32,
}

struct Hub {
    ends: Vec<(Sender<Message<-1>>, Receiver<Message<-1>>)>,
    nil: Option<Receiver<u8>>,
}

impl Hub {
    async fn turn<R: Receive<Output = Option<u8>>>(&mut self, r: &R, i: usize) -> Option<Message<-1>> {
        select! {
            biased;
            v = <-self.nil => assert!(v.is_none()),
            v = <-*r => assert!(v.is_none()),
            v = <-(&self.nil) => assert!(v.is_none()),
            v = <-None::<Receiver<u8>>.or(None) => assert!(v.is_none()),
            self.ends[i].0 <- Message::<-1> { n: -1 }, if i < 1 && i as i32 > -1 => {}
        }
        select! {
            v = <-self.ends[i / 2].1 => v,
            default => None,
        }
    }
}

async fn borrowed<'a, S: SendTo<Item = &'a str>>(tx: S, text: &'a str) -> bool {
    let mut again = text;
    select! { tx <- &text[1..] => {} default => return false }
    select! { tx <- mut again => false, default => again == text }
}

async fn read(buffer: &mut [u8], n: u8) -> usize {
    buffer.fill(n);
    buffer.len()
}

fn main() {
    run! {
        let mut hub = Hub { ends: vec![bounded(1)], nil: None };
        assert_eq!(hub.turn(&None::<Receiver<u8>>, 0).await, Some(Message { n: -1 }));
        let text = "text".to_string();
        let (tx, rx) = bounded(1);
        assert!(borrowed(&tx, &text).await);
        assert_eq!(<-rx, Some("ext"));
        let (tx, rx) = bounded::<i32>(4);
        let shared = Arc::new(tx);
        select! { shared <- 1 + 2 => {} }
        select! { Arc::clone(&shared) <- { let n = 4; n } => {} }
        select! { (*shared) <- if true { 5 } else { 6 } => {} }
        select! { Some(&*shared) <- (<-rx).unwrap() << 1 as u8 => {} }
        let sum = select! { v = <-<-{ let (t, r) = bounded(1); t <- rx.clone(); r } => v, };
        assert_eq!(sum, Some(4));
        assert_eq!(select! { v = <-match 1 { _ => &rx } => v }, Some(5));
        assert_eq!(select! { v = <-if true { &rx } else { unreachable!() } => v }, Some(6));
        let (mut a, mut b) = ([0; 2], [0; 3]);
        let n = select! {
            biased;
            n = read(&mut a, 1) => a[0] as usize + n,
            n = read(&mut b, 2) => b[0] as usize + n,
        };
        assert_eq!((n, a, b), (3, [1, 1], [0, 0, 0]));
        let plus = |n: i32| async move { n + 1 };
        let m = select! { n = plus(Message::<0> { n: 6 }.n) => n, n = async move { 7 } => n };
        assert_eq!(m, 7);
        assert_eq!(select! { n = async { n } => n, <-go! { select! {} } => 0 }, 3);
        assert_eq!(select! { n = Box::pin(async { 8 }) => n }, 8);
        select! { sleep(Duration::ZERO) => {} }
        select! { (sleep(Duration::ZERO)) => {} }
    }
}
