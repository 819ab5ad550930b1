//! Temporaries in operands and values live as long as they do around a method call and `.await`.
#![deny(warnings)]

use std::sync::Mutex;

use chango::prelude::*;

struct State {
    ends: Mutex<(Sender<i32>, Receiver<i32>)>,
}

struct Noted<'a>(&'a Mutex<Vec<&'static str>>, Receiver<i32>);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("dropped");
    }
}

impl State {
    fn ends(&self) -> (Sender<i32>, Receiver<i32>) {
        self.ends.lock().unwrap().clone()
    }

    async fn turn(&self) -> Option<i32> {
        co! {
            // A clone that a function returns holds no lock, so this future is `Send`.
            self.ends().0 <- { self.ends.lock().unwrap().1.len() as i32 };
            let rx = { self.ends.lock().unwrap().1.clone() };
            let first = <-rx;
            self.ends().0 <- self.ends().1.len() as i32 + 5;
            Some(first? + (<-self.ends().1)?)
        }
    }
}

fn main() {
    run! {
        let state = State { ends: Mutex::new(bounded(2)) };
        assert_eq!(state.turn().await, Some(5));
        let log = Mutex::new(Vec::new());
        let note = |what| log.lock().unwrap().push(what);
        let (tx, rx) = bounded::<i32>(8);
        for i in 0..5 { tx <- i }
        let make = || Noted(&log, rx.clone());
        (<-make().1, note("same statement"));
        note("next");
        let v = <-make().1;
        note("bound");
        if (<-make().1).is_some() { note("if body") }
        if let Some(_) = <-make().1 { note("let body") }
        tx <- { make().1.len() as i32 };
        note("sent");
        for v in <-make().1 { if v == 1 { note("loop") } break }
        assert_eq!(v, Some(1));
        let got = log.lock().unwrap().clone();
        assert_eq!(got.join(", "), "same statement, dropped, next, dropped, bound, dropped, \
            if body, let body, dropped, dropped, sent, dropped");
    }
    // On one thread a lock may be held while a method's future waits, and so it may here.
    let runtime = chango::runtime::Builder::new().build().unwrap();
    let state = State { ends: Mutex::new(bounded(1)) };
    runtime.block_on(async {
        co! {
            state.ends.lock().unwrap().0 <- 1;
            assert_eq!(<-state.ends.lock().unwrap().1, Some(1));
            assert!(state.ends.try_lock().is_ok());
        }
    });
}
