//! Plain threads and goroutines on the same channels: blocking operations on one side, arrows and
//! selects on the other.

use std::sync::Arc;
use std::thread;

use chango::chan::{Receiver, Sender};
use chango::prelude::*;
use chango::runtime;

use crate::ledger::{Ledger, Loss, Message, Tally};
use crate::storm::{Round, storm};

const MESSAGES: usize = 3_000;

fn sending_thread(tx: Sender<Message>, ledger: Arc<Ledger>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        while let Some(message) = ledger.message() {
            let id = message.id();
            match tx.send_blocking(message) {
                Ok(()) => ledger.accepted(id),
                Err(error) => ledger.returned(error.into_inner()),
            }
        }
    })
}

fn receiving_thread(rx: Receiver<Message>) -> thread::JoinHandle<()> {
    thread::spawn(move || rx.iter().for_each(Message::received))
}

/// Offers a message to each of two channels; what did not go is offered again.
async fn send(first: Sender<Message>, second: Sender<Message>, ledger: Arc<Ledger>) {
    let mut left = None;
    while let Some(mut one) = left.take().or_else(|| ledger.message()) {
        let Some(mut other) = ledger.message() else {
            let id = one.id();
            co! { first <- one; }
            return ledger.accepted(id);
        };
        let ids = (one.id(), other.id());
        select! {
            first <- mut one => {
                ledger.accepted(ids.0);
                left = Some(other);
            }
            second <- mut other => {
                ledger.accepted(ids.1);
                left = Some(one);
            }
        }
    }
}

async fn receive(first: Receiver<Message>, second: Receiver<Message>) {
    loop {
        select! {
            Some(message) = <-first => message.received(),
            Some(message) = <-second => message.received(),
            else => return,
        }
    }
}

fn one_round(mut round: Round) -> Tally {
    let ledger = Ledger::new(MESSAGES, &round.pulse);
    let kinds = [0, 1, 16];
    let (tx1, rx1) = bounded(kinds[round.rng.below(3)]);
    let (tx2, rx2) = bounded(kinds[round.rng.below(3)]);
    let threads = [
        sending_thread(tx1.clone(), ledger.clone()),
        sending_thread(tx2.clone(), ledger.clone()),
        receiving_thread(rx1.clone()),
        receiving_thread(rx2.clone()),
    ];
    let book = ledger.clone();
    round.run(async move {
        let mut goroutines = Vec::new();
        for _ in 0..3 {
            goroutines.push(go!(send(tx1.clone(), tx2.clone(), book.clone())));
            goroutines.push(go!(receive(rx1.clone(), rx2.clone())));
        }
        drop((tx1, tx2, rx1, rx2));
        for goroutine in goroutines {
            if let Err(error) = goroutine.await {
                std::panic::resume_unwind(error.into_panic());
            }
        }
        assert_eq!(runtime::num_goroutines(), 1, "a goroutine was left behind");
    });
    for thread in threads {
        thread.join().expect("a thread does not panic");
    }
    assert!(ledger.is_exhausted());
    ledger.check(Loss::None)
}

#[test]
fn threads_and_goroutines_share_channels() {
    storm("threads", one_round);
}
