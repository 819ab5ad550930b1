//! What is asked of every `select`. Its answers are counts over many rounds, or certain.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use futures_lite::future::block_on;

use crate::probes::{NONE, Probe, Token};

const FAIR: &str = "three arms, two of them ready, the first not: how often the second wins";
const READY: &str = "two ready channels, 1,000 selects: lost values";
const LOSES: &str = "a send arm loses: its value";
const MEET: &str = "selects on two threads, each of which sends to the other or receives from it, over two rendezvous";

const ROUNDS: usize = 1_000;

/// How often, as the fraction that it is near.
fn share(wins: usize, of: usize) -> String {
    let share = wins as f64 / of as f64;
    let near = [
        ("1/2", 0.5),
        ("2/3", 2.0 / 3.0),
        ("1/3", 1.0 / 3.0),
        ("always", 1.0),
        ("never", 0.0),
    ];
    let found = near.iter().find(|(_, value)| (share - value).abs() < 0.02);
    found.map_or(format!("{:.0} %", 100.0 * share), |(name, _)| {
        (*name).into()
    })
}

/// How many values neither arrived nor are still there.
fn lost(received: usize, left: usize) -> String {
    match 2 * ROUNDS - received - left {
        0 => "none".into(),
        _ => "**some**".into(),
    }
}

/// Where the value of a send arm is after the arm lost.
fn owner(token: &Token, slot: &Option<Token>) -> &'static str {
    match (slot, token.has_others()) {
        (Some(_), _) => "its owner has it",
        (None, true) => "is alive",
        (None, false) => "dropped",
    }
}

/// What came of `ROUNDS` selects on each of two threads that can only meet each other.
fn meetings(sent: usize, received: usize) -> String {
    match (sent, received) {
        (ROUNDS, ROUNDS) => "each meets one".into(),
        _ if sent < received => "**losing sends are received**".into(),
        _ => "**winning sends are lost**".into(),
    }
}

/// Runs `select` on two threads, as often on each; it says whether it sent or received.
fn two_threads<E: Send>(ends: [E; 2], select: impl Fn(&E) -> bool + Copy + Send) -> String {
    let (sent, received) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for end in ends {
            let (sent, received) = (&sent, &received);
            scope.spawn(move || {
                for _ in 0..ROUNDS {
                    let count = if select(&end) { sent } else { received };
                    count.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    meetings(sent.into_inner(), received.into_inner())
}

pub(crate) mod of_chango {
    use super::*;
    use chango::chan::{Receiver, Sender, bounded, unbounded};
    use chango::select;

    pub(crate) fn probes() -> Vec<Probe> {
        vec![(FAIR, fair), (READY, ready), (LOSES, loses), (MEET, meet)]
    }

    fn filled(n: usize) -> Receiver<usize> {
        let (tx, rx) = unbounded();
        (0..n).for_each(|value| tx.try_send(value).unwrap());
        rx
    }

    fn fair() -> String {
        let n = 30 * ROUNDS;
        let (_tx, silent) = unbounded::<usize>();
        let (one, two) = (filled(n), filled(n));
        let wins = (0..n).filter(|_| {
            block_on(async {
                select! { <-silent => false, <-one => true, <-two => false }
            })
        });
        share(wins.count(), n)
    }

    fn ready() -> String {
        let (one, two) = (filled(ROUNDS), filled(ROUNDS));
        let received = (0..ROUNDS).filter_map(|_| {
            block_on(async {
                select! { v = <-one => v, v = <-two => v }
            })
        });
        lost(received.count(), one.len() + two.len())
    }

    fn loses() -> String {
        let (tx, _rx) = bounded(0);
        let done = filled(2);
        let token = Token::default();
        let mut slot = Some(token.clone());
        block_on(async {
            select! { tx <- slot.take().unwrap() => {}, <-done => {} }
        });
        let plain = owner(&token, &slot);
        let slot = block_on(async {
            let mut pending = token.clone();
            select! { tx <- mut pending => None, <-done => Some(pending) }
        });
        format!("{plain}; by `tx <- mut v`, {}", owner(&token, &slot))
    }

    fn meet() -> String {
        type Ends = (Sender<usize>, Receiver<usize>);
        let ((to_one, one), (to_two, two)) = (bounded(0), bounded(0));
        two_threads([(to_two, one), (to_one, two)], |(tx, rx): &Ends| {
            block_on(async {
                select! { tx <- 1 => true, <-rx => false }
            })
        })
    }
}

pub(crate) mod of_tokio {
    use super::*;
    use tokio::select;
    use tokio::sync::mpsc;

    pub(crate) fn probes() -> Vec<Probe> {
        vec![
            (FAIR, fair),
            (READY, ready),
            (LOSES, loses),
            (MEET, || NONE.into()),
        ]
    }

    fn filled(n: usize) -> mpsc::UnboundedReceiver<usize> {
        let (tx, rx) = mpsc::unbounded_channel();
        (0..n).for_each(|value| tx.send(value).unwrap());
        rx
    }

    fn fair() -> String {
        let n = 30 * ROUNDS;
        let (_tx, mut silent) = mpsc::unbounded_channel::<usize>();
        let (mut one, mut two) = (filled(n), filled(n));
        let wins = (0..n).filter(|_| {
            block_on(async {
                select! { _ = silent.recv() => false, _ = one.recv() => true, _ = two.recv() => false }
            })
        });
        share(wins.count(), n)
    }

    fn ready() -> String {
        let (mut one, mut two) = (filled(ROUNDS), filled(ROUNDS));
        let received = (0..ROUNDS).filter_map(|_| {
            block_on(async {
                select! { v = one.recv() => v, v = two.recv() => v }
            })
        });
        lost(received.count(), one.len() + two.len())
    }

    fn loses() -> String {
        let (tx, _rx) = mpsc::channel(1);
        tx.try_send(Token::default()).ok().unwrap();
        let mut done = filled(2);
        let token = Token::default();
        let mut slot = Some(token.clone());
        block_on(async {
            select! { _ = tx.send(slot.take().unwrap()) => {}, _ = done.recv() => {} }
        });
        let plain = owner(&token, &slot);
        let mut slot = Some(token.clone());
        block_on(async {
            select! {
                permit = tx.reserve() => permit.unwrap().send(slot.take().unwrap()),
                _ = done.recv() => {}
            }
        });
        format!("{plain}; by `reserve()`, {}", owner(&token, &slot))
    }
}

pub(crate) mod of_flume {
    use super::*;
    use flume::{Receiver, Selector, Sender};

    pub(crate) fn probes() -> Vec<Probe> {
        vec![(FAIR, fair), (READY, ready), (LOSES, loses), (MEET, meet)]
    }

    fn filled(n: usize) -> Receiver<usize> {
        let (tx, rx) = flume::unbounded();
        (0..n).for_each(|value| tx.send(value).unwrap());
        rx
    }

    fn fair() -> String {
        let n = 30 * ROUNDS;
        let (_tx, silent) = flume::unbounded::<usize>();
        let (one, two) = (filled(n), filled(n));
        let wins = (0..n).filter(|_| {
            let select = Selector::new().recv(&silent, |_| false);
            select.recv(&one, |_| true).recv(&two, |_| false).wait()
        });
        share(wins.count(), n)
    }

    fn ready() -> String {
        let (one, two) = (filled(ROUNDS), filled(ROUNDS));
        let received = (0..ROUNDS).filter_map(|_| {
            Selector::new()
                .recv(&one, Result::ok)
                .recv(&two, Result::ok)
                .wait()
        });
        lost(received.count(), one.len() + two.len())
    }

    fn loses() -> String {
        let (tx, _rx) = flume::bounded(0);
        let done = filled(1);
        let token = Token::default();
        let mut slot = Some(token.clone());
        let select = Selector::new().send(&tx, slot.take().unwrap(), |_| {});
        select.recv(&done, |_| {}).wait();
        owner(&token, &slot).into()
    }

    fn meet() -> String {
        type Ends = (Sender<usize>, Receiver<usize>);
        let ((to_one, one), (to_two, two)) = (flume::bounded(0), flume::bounded(0));
        two_threads([(to_two, one), (to_one, two)], |(tx, rx): &Ends| {
            Selector::new()
                .send(tx, 1, |_| true)
                .recv(rx, |_| false)
                .wait()
        })
    }
}

pub(crate) mod of_crossbeam {
    use super::*;
    use crossbeam_channel::{Receiver, Sender, bounded, select, unbounded};

    pub(crate) fn probes() -> Vec<Probe> {
        vec![(FAIR, fair), (READY, ready), (LOSES, loses), (MEET, meet)]
    }

    fn filled(n: usize) -> Receiver<usize> {
        let (tx, rx) = unbounded();
        (0..n).for_each(|value| tx.send(value).unwrap());
        rx
    }

    fn fair() -> String {
        let n = 30 * ROUNDS;
        let (_tx, silent) = unbounded::<usize>();
        let (one, two) = (filled(n), filled(n));
        let wins = (0..n).filter(|_| {
            select! { recv(silent) -> _ => false, recv(one) -> _ => true, recv(two) -> _ => false }
        });
        share(wins.count(), n)
    }

    fn ready() -> String {
        let (one, two) = (filled(ROUNDS), filled(ROUNDS));
        let received = (0..ROUNDS)
            .filter_map(|_| select! { recv(one) -> v => v.ok(), recv(two) -> v => v.ok() });
        lost(received.count(), one.len() + two.len())
    }

    fn loses() -> String {
        let (tx, _rx) = bounded(0);
        let done = filled(1);
        let token = Token::default();
        let mut slot = Some(token.clone());
        select! { send(tx, slot.take().unwrap()) -> _ => {}, recv(done) -> _ => {} }
        owner(&token, &slot).into()
    }

    fn meet() -> String {
        type Ends = (Sender<usize>, Receiver<usize>);
        let ((to_one, one), (to_two, two)) = (bounded(0), bounded(0));
        two_threads([(to_two, one), (to_one, two)], |(tx, rx): &Ends| {
            select! { send(tx, 1) -> _ => true, recv(rx) -> _ => false }
        })
    }
}

pub(crate) mod of_may {
    use super::*;
    use may::sync::mpsc::{Receiver, channel};

    pub(crate) fn probes() -> Vec<Probe> {
        vec![
            (FAIR, || NONE.into()),
            (READY, ready),
            (LOSES, || NONE.into()),
            (MEET, || NONE.into()),
        ]
    }

    fn filled(n: usize) -> Receiver<usize> {
        let (tx, rx) = channel();
        (0..n).for_each(|value| tx.send(value).unwrap());
        rx
    }

    fn ready() -> String {
        let received = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&received);
        let left = may::go!(move || {
            let (one, two) = (filled(ROUNDS), filled(ROUNDS));
            for _ in 0..ROUNDS {
                may::select!(
                    _ = one.recv() => { count.fetch_add(1, Ordering::SeqCst); },
                    _ = two.recv() => { count.fetch_add(1, Ordering::SeqCst); }
                );
            }
            let rest = |rx: Receiver<usize>| std::iter::from_fn(|| rx.try_recv().ok()).count();
            rest(one) + rest(two)
        });
        let left = left.join().expect("the selects panicked");
        lost(received.load(Ordering::SeqCst), left)
    }
}
