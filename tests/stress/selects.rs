//! Equal goroutines, each of which sends and receives in one select, so that selects meet selects
//! on rendezvous channels all the time. They pass a fixed number of messages around.
//!
//! Each time a coin is offered counts as a message made. What must hold: as many messages are there at the end as were put in, whoever was aborted gave
//! up only what it held, and no message was ever in two places.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use chango::prelude::*;
use chango::{runtime, task};

use crate::ledger::Tally;
use crate::rng::Rng;
use crate::storm::{Pulse, Round, storm};

const PEERS: usize = 8;
const STEPS: usize = 1_500;

/// There is one of each number. Its flag says whether somebody holds it, or it is on its way.
struct Coin {
    held: Arc<AtomicBool>,
    living: Arc<AtomicUsize>,
}

impl Coin {
    fn mint(living: &Arc<AtomicUsize>) -> Self {
        living.fetch_add(1, Ordering::Relaxed);
        Self {
            held: Arc::new(AtomicBool::new(true)),
            living: Arc::clone(living),
        }
    }

    fn let_go(&self) {
        assert!(
            self.held.swap(false, Ordering::AcqRel),
            "a coin was spent twice"
        );
    }

    fn take(&self) {
        assert!(
            !self.held.swap(true, Ordering::AcqRel),
            "a coin is in two hands"
        );
    }
}

impl Drop for Coin {
    fn drop(&mut self) {
        self.living.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What became of the offers of a round.
#[derive(Default)]
struct Offers {
    made: AtomicUsize,
    received: AtomicUsize,
    returned: AtomicUsize,
}

impl Offers {
    fn tally(&self) -> Tally {
        let [made, received, returned] =
            [&self.made, &self.received, &self.returned].map(|count| count.load(Ordering::Relaxed));
        Tally {
            made,
            received,
            returned,
        }
    }
}

/// What one step came to: the coin that is back, if it was not sent, and one that came.
type Step = (Option<Coin>, Option<Coin>);

/// With a coin in hand: sends it or receives another, in one select.
async fn trade(
    rng: &mut Rng,
    coin: Coin,
    tx: [&Sender<Coin>; 2],
    rx: [&Receiver<Coin>; 2],
) -> Step {
    coin.let_go();
    let mut pending = coin;
    let ([tx1, tx2], [rx1, rx2]) = (tx, rx);
    match rng.below(4) {
        0 => select! {
            tx1 <- mut pending => (None, None),
            v = <-rx1 => (Some(pending), v),
            v = <-rx2 => (Some(pending), v),
            <-after(Duration::from_micros(50)) => (Some(pending), None),
        },
        1 => select! {
            biased;
            v = <-rx1 => (Some(pending), v),
            tx1 <- mut pending => (None, None),
            v = <-rx2 => (Some(pending), v),
            <-after(Duration::from_micros(50)) => (Some(pending), None),
        },
        2 => select! {
            tx2 <- mut pending => (None, None),
            v = <-rx1 => (Some(pending), v),
            default => (Some(pending), None),
        },
        // Sends and receives on the very same channel, in both directions twice.
        _ => select! {
            v = <-rx2 => (Some(pending), v),
            tx2 <- mut pending => (None, None),
            v = <-rx2 => (Some(pending), v),
            <-after(Duration::from_micros(50)) => (Some(pending), None),
        },
    }
}

/// Without a coin: waits for one, but not for ever.
async fn beg(rx: [&Receiver<Coin>; 2]) -> Step {
    let [rx1, rx2] = rx;
    select! {
        v = <-rx1 => (None, v),
        v = <-rx2 => (None, v),
        <-after(Duration::from_micros(200)) => (None, None),
    }
}

async fn peer(
    mut rng: Rng,
    coins: usize,
    living: Arc<AtomicUsize>,
    channels: Arc<Vec<(Sender<Coin>, Receiver<Coin>)>>,
    (pulse, offers): (Arc<Pulse>, Arc<Offers>),
) -> VecDeque<Coin> {
    let mut purse: VecDeque<_> = (0..coins).map(|_| Coin::mint(&living)).collect();
    for _ in 0..STEPS {
        let first = &channels[rng.below(channels.len())];
        let second = &channels[rng.below(channels.len())];
        let rx = [&first.1, &second.1];
        let (back, came) = match purse.pop_front() {
            Some(coin) => {
                offers.made.fetch_add(1, Ordering::Relaxed);
                trade(&mut rng, coin, [&first.0, &second.0], rx).await
            }
            None => beg(rx).await,
        };
        for (coin, count) in [(back, &offers.returned), (came, &offers.received)] {
            if let Some(coin) = coin {
                coin.take();
                purse.push_back(coin);
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
        pulse.beat();
        if rng.one_in(8) {
            task::yield_now().await;
        }
    }
    purse
}

fn one_round(round: Round, aborts: bool) -> Tally {
    let mut rng = round.rng.clone();
    let living = Arc::new(AtomicUsize::new(0));
    let offers = Arc::new(Offers::default());
    let (pulse, alive) = (Arc::clone(&round.pulse), Arc::clone(&living));
    let book = Arc::clone(&offers);
    round.run(async move {
        let channels: Arc<Vec<_>> = Arc::new((0..3).map(|_| bounded(0)).collect());
        let peers: Vec<_> = (0..PEERS)
            .map(|_| {
                let (alive, channels) = (alive.clone(), channels.clone());
                let books = (pulse.clone(), book.clone());
                go!(peer(rng.fork(), 3, alive, channels, books))
            })
            .collect();
        if aborts {
            for victim in &peers[..PEERS / 2] {
                for _ in 0..rng.below(50) {
                    task::yield_now().await;
                }
                victim.abort();
            }
        }
        let mut purses = Vec::new();
        for peer in peers {
            match peer.await {
                Ok(purse) => purses.push(purse),
                Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                Err(_) => assert!(aborts),
            }
        }
        assert_eq!(runtime::num_goroutines(), 1, "a goroutine was left behind");
        assert!(
            channels
                .iter()
                .all(|(tx, rx)| tx.is_empty() && rx.try_recv().is_err())
        );
        let counted: usize = purses.iter().map(VecDeque::len).sum();
        assert_eq!(
            counted,
            alive.load(Ordering::Relaxed),
            "coins are lost or were made"
        );
        assert!(aborts || counted == 3 * PEERS);
    });
    assert_eq!(living.load(Ordering::Relaxed), 0);
    let tally = offers.tally();
    assert!(aborts || tally.made == tally.received + tally.returned);
    tally
}

#[test]
fn selects_meet_selects_and_no_coin_is_lost() {
    storm("selects", |round| one_round(round, false));
}

#[test]
fn selects_meet_selects_that_are_aborted() {
    storm("aborted selects", |round| one_round(round, true));
}
