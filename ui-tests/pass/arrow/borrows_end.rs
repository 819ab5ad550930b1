//! What an operator has borrowed is free again once it is done, as behind a method's `.await`.
#![deny(warnings)]

use chango::prelude::*;

struct Counter {
    tx: Sender<i32>,
    rx: Receiver<i32>,
    count: i32,
}

impl Counter {
    fn add(&mut self, n: i32) -> i32 {
        self.count += n;
        self.count
    }

    async fn turn(&mut self) -> i32 {
        co! {
            while let Some(v) = <-self.rx {
                if self.add(v) > 3 { break }
            }
            if let Some(v) = <-self.rx { self.add(v); self.add(1); }
            match <-self.rx {
                Some(v) => { self.add(v); }
                None => self.count = -1,
            }
            let Some(_) = <-self.rx else { return self.add(0) };
            for v in <-self.rx {
                self.count += v;
                if v == 8 { break }
            }
            if (self.tx <- 9).is_ok() { self.add(1); }
            match (self.tx <- 10) { Ok(()) => self.add(1), Err(error) => self.add(error.into_inner()) };
            select! {
                biased;
                Some(v) = <-self.rx => self.add(v),
                self.tx <- self.count => self.add(2),
            };
            select! {
                biased;
                self.tx <- 11 => self.add(1),
                _ = async { self.count } => self.add(100),
            };
            let next = self.add(1);
            self.tx <- next;
            self.add((<-self.rx).unwrap_or(0))
        }
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded(16);
        for i in 1..=8 { tx <- i }
        let mut counter = Counter { tx, rx, count: 0 };
        assert_eq!(counter.turn().await, 54);
        let mut rx = counter.rx;
        for _ in 0..1 { <-rx; }
        rx = bounded(1).1;
        assert_eq!(<-rx, None);
    }
}
