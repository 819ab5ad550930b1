//! Losing arms are withdrawn and owned futures dropped before the winner's body runs.
#![deny(warnings)]

use std::cell::{Cell, RefCell};

use chango::prelude::*;

struct Noted<'a>(&'a Cell<u32>);

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get() + 1);
    }
}

fn main() {
    let runtime = chango::runtime::Builder::new().build().unwrap();
    runtime.block_on(async {
        let (tx, rx) = bounded::<String>(0);
        let (_open, none) = bounded::<u8>(1);
        let dropped = Cell::new(0);
        let state = RefCell::new(1);
        let waits = async {
            let _noted = Noted(&dropped);
            let _state = state.borrow_mut();
            select! {}
        };
        let mut lent = "back".to_string();
        let owned = none.clone();
        select! {
            _ = waits => unreachable!(),
            tx <- mut lent => unreachable!(),
            _ = <-{ let owned = owned; owned } => unreachable!(),
            _ = async { chango::task::yield_now().await } => {
                // Nobody waits any more: neither the future nor the channels' arms.
                assert_eq!((dropped.get(), none.receiver_count()), (1, 1));
                *state.borrow_mut() += 1;
                assert_eq!(lent, "back");
                assert!(rx.try_recv().is_err() && tx.try_send(String::new()).is_err());
            }
        }
        assert_eq!(*state.borrow(), 2);
        // What was received and is not wanted goes before the body, too.
        let (tx, rx) = bounded::<Noted<'_>>(1);
        tx.try_send(Noted(&dropped)).ok().unwrap();
        select! { <-rx => assert_eq!(dropped.get(), 2) }
    });
}
