//! Goroutines and threads that select on the same channels, on 1 to 64 arms in any order, senders and
//! receivers at once: what was said to be sent was received, once, and nothing else was.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread;

use chango_chan::select::{self, Cons, Selected, Won};
use chango_chan::{Receiver, Sender, TryRecvError, bounded};
use chango_core::random::Random;
use chango_core::runtime::Builder;
use futures_lite::future::block_on;

use super::{Place, alternating};

const TASKS: usize = 8;
/// Selects, all together.
const SELECTS: usize = if cfg!(debug_assertions) {
    8_000
} else {
    400_000
};
/// Few, so that there are two ends of one in most selects.
const CHANNELS: usize = 24;
const ARMS: usize = 64;

const SENT: u8 = 1;
const RECEIVED: u8 = 2;

/// What is sent: the number of its select and its arm.
type Message = usize;

struct Storm {
    ends: Vec<(Sender<Message>, Receiver<Message>)>,
    /// Closed when there have been enough.
    stop: (Sender<()>, Receiver<()>),
    fates: Vec<AtomicU8>,
    next: AtomicUsize,
    /// How many tasks are in a select that waits, or were until just now.
    waiting: AtomicUsize,
}

/// What the arm that has won gave.
enum Gave {
    Received(Option<Message>),
    Sent(bool),
}

trait Give {
    fn gave(self) -> Gave;
}

impl Give for Option<Message> {
    fn gave(self) -> Gave {
        Gave::Received(self)
    }
}

impl Give for Option<()> {
    fn gave(self) -> Gave {
        Gave::Received(None)
    }
}

impl<E> Give for Result<(), E> {
    fn gave(self) -> Gave {
        Gave::Sent(self.is_ok())
    }
}

impl Give for std::convert::Infallible {
    fn gave(self) -> Gave {
        match self {}
    }
}

impl<T: Give, L: Give> Give for Won<T, L> {
    fn gave(self) -> Gave {
        match self {
            Self::This(this) => this.gave(),
            Self::Later(later) => later.gave(),
        }
    }
}

impl Storm {
    fn new() -> Arc<Self> {
        // Most of them are rendezvous, on which two selects have to be won at once.
        let capacity = |at: usize| if at.is_multiple_of(6) { at / 6 } else { 0 };
        Arc::new(Self {
            ends: (0..CHANNELS).map(|at| bounded(capacity(at))).collect(),
            stop: bounded(0),
            fates: (0..SELECTS * ARMS).map(|_| AtomicU8::new(0)).collect(),
            next: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
        })
    }

    /// Selects until there have been enough.
    async fn task(self: Arc<Self>, seed: u64) {
        let mut random = Random::new(seed);
        loop {
            let select = self.next.fetch_add(1, Ordering::Relaxed);
            if select >= SELECTS {
                self.stop.0.close();
                return;
            }
            if !self.select(&mut random, select).await {
                return;
            }
        }
    }

    /// One select; false if the storm is over.
    async fn select(&self, random: &mut Random, select: usize) -> bool {
        // An arm is off, or on some channel; and one more is there to stop.
        let on = 1 + random.below(ARMS - 1);
        let channels: Vec<Option<usize>> = (0..ARMS)
            .map(|_| (random.below(ARMS) < on).then(|| random.below(CHANNELS)))
            .collect();
        let receive = |at: usize| channels[at].map(|at| select::recv(&self.ends[at].1));
        let send = |arm: usize| {
            let message = select * ARMS + arm;
            channels[arm].map(|at| select::send(&self.ends[at].0, message))
        };
        let stop = select::recv(&self.stop.1);
        let arms = Cons::new(Some(stop), alternating!(receive, send));
        // Not all of them wait, or they could all wait for an end that nobody has.
        let waits = self.waiting.fetch_add(1, Ordering::SeqCst) + 1 < TASKS;
        let selected = if waits {
            select::wait(arms).await
        } else {
            select::poll_default(arms).await
        };
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        let Selected::Arm(won) = selected else {
            assert!(!waits, "one arm is always on");
            return true;
        };
        let place = won.place();
        match won.gave() {
            Gave::Received(Some(message)) => self.note(message, RECEIVED),
            Gave::Received(None) => {
                assert_eq!(place, 0);
                return false;
            }
            Gave::Sent(sent) => {
                assert!(sent, "nobody closes these channels");
                self.note(select * ARMS + place - 1, SENT);
            }
        }
        true
    }

    fn note(&self, message: Message, fate: u8) {
        let before = self.fates[message].fetch_or(fate, Ordering::Relaxed);
        assert_eq!(before & fate, 0, "message {message} met {fate} twice");
    }

    /// What is stored counts as received; nobody is left in a queue.
    fn settle(&self) -> usize {
        for (tx, rx) in &self.ends {
            while let Ok(message) = rx.try_recv() {
                self.note(message, RECEIVED);
            }
            assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
            if rx.capacity() == Some(0) {
                assert!(tx.try_send(0).is_err(), "a receive is left");
            }
        }
        let fates = self.fates.iter().enumerate();
        let mut sent = 0;
        for (message, fate) in fates {
            match fate.load(Ordering::Relaxed) {
                0 => {}
                fate => {
                    assert_eq!(fate, SENT | RECEIVED, "message {message}");
                    sent += 1;
                }
            }
        }
        sent
    }
}

#[test]
fn of_selects_that_cross_on_threads_and_in_goroutines_each_commits_one_arm() {
    let storm = Storm::new();
    let runtime = Builder::new().workers(2).build().unwrap();
    let goroutines: Vec<_> = (0..TASKS / 2)
        .map(|id| runtime.spawn(Arc::clone(&storm).task(id as u64)))
        .collect();
    let threads: Vec<_> = (TASKS / 2..TASKS)
        .map(|id| {
            let storm = Arc::clone(&storm);
            thread::spawn(move || block_on(storm.task(id as u64)))
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    for goroutine in goroutines {
        block_on(goroutine).unwrap();
    }
    let sent = storm.settle();
    println!("{SELECTS} selects: {sent} messages, 0 lost, 0 doubled");
    assert!(sent >= SELECTS / 8, "{sent}");
}
