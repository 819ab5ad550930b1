//! A storm: threads that send, receive, select, try, drop and close at random, and a ledger in which
//! every message has exactly one end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chango_chan::select::{self, Selected, Slot};
use chango_chan::{Receiver, Sender, TryRecvError, bounded, recv_any};
use chango_core::random::Random;
use futures_lite::future::{block_on, poll_once};

use crate::support::{arm, arms};

const SENT: u8 = 1;
const RECEIVED: u8 = 2;
const RETURNED: u8 = 4;
const DROPPED: u8 = 8;

/// What became of each message.
struct Ledger {
    fates: Vec<AtomicU8>,
    next: AtomicUsize,
    stop: AtomicBool,
}

impl Ledger {
    fn new(messages: usize) -> Arc<Self> {
        Arc::new(Self {
            fates: (0..messages).map(|_| AtomicU8::new(0)).collect(),
            next: AtomicUsize::new(0),
            stop: AtomicBool::new(false),
        })
    }

    /// A new message, until there have been enough.
    fn message(self: &Arc<Self>) -> Option<Message> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let enough = id >= self.fates.len() || self.stop.load(Ordering::Relaxed);
        (!enough).then(|| Message {
            id,
            ledger: Arc::clone(self),
            ended: false,
        })
    }

    fn note(&self, id: usize, fate: u8) {
        let before = self.fates[id].fetch_or(fate, Ordering::Relaxed);
        assert_eq!(before & fate, 0, "message {id} met fate {fate} twice");
    }

    /// Every message has one end, and what was said to be sent was received.
    fn settle(&self) -> usize {
        let made = self.next.load(Ordering::Relaxed).min(self.fates.len());
        let mut received = 0;
        for (id, fate) in self.fates.iter().enumerate().take(made) {
            let fate = fate.load(Ordering::Relaxed);
            match fate {
                RECEIVED | DROPPED | RETURNED => {}
                _ if fate == SENT | RECEIVED => {}
                // Nobody got that number: the storm was over.
                0 => assert!(self.stop.load(Ordering::Relaxed)),
                _ => panic!("message {id} met {fate:#b}"),
            }
            received += usize::from(fate & RECEIVED != 0);
        }
        received
    }
}

#[derive(Debug)]
struct Message {
    id: usize,
    ledger: Arc<Ledger>,
    ended: bool,
}

impl std::fmt::Debug for Ledger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Ledger")
    }
}

impl Message {
    fn end(mut self, fate: u8) {
        self.ended = true;
        self.ledger.note(self.id, fate);
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if !self.ended {
            self.ledger.note(self.id, DROPPED);
        }
    }
}

type Senders = [Sender<Message>; 3];
type Receivers = [Receiver<Message>; 3];

/// One random send.
async fn send(random: &mut Random, tx: &Senders, ledger: &Arc<Ledger>, message: Message) {
    let id = message.id;
    let [a, b] = [&tx[random.below(3)], &tx[random.below(3)]];
    let sent = match random.below(6) {
        0 => a.send(message).await.map_err(|error| error.into_inner()),
        1 => a.try_send(message).map_err(|error| error.into_inner()),
        2 => match poll_once(a.send(message)).await {
            Some(sent) => sent.map_err(|error| error.into_inner()),
            // The value went down with the future, or somebody has it.
            None => return,
        },
        3 => {
            let mut slot = Slot::new(message);
            match select::poll_default(arms![select::send_slot(a, &mut slot)]).await {
                arm!(0, sent) => sent.map_err(|error| error.into_inner()),
                _ => Err(slot.take()),
            }
        }
        4 => {
            let mut slot = Slot::new(message);
            let own_rx = None::<Receiver<i32>>;
            let arms = arms![select::recv(&own_rx), select::send_slot(a, &mut slot)];
            match select::wait(arms).await {
                arm!(1, sent) => sent.map_err(|error| error.into_inner()),
                _ => unreachable!("a nil channel is never ready"),
            }
        }
        _ => {
            // Either arm would do; both have to be there to carry the one message, so the second
            // one has a message of its own.
            let Some(second) = ledger.message() else {
                return;
            };
            let second_id = second.id;
            match select::wait(arms![select::send(a, message), select::send(b, second)]).await {
                arm!(0, Ok(())) => ledger.note(id, SENT),
                arm!(1, Ok(())) => ledger.note(second_id, SENT),
                arm!(0, Err(error)) | arm!(1, Err(error)) => error.into_inner().end(RETURNED),
                _ => unreachable!("one of two arms wins"),
            }
            return;
        }
    };
    match sent {
        Ok(()) => ledger.note(id, SENT),
        Err(message) => message.end(RETURNED),
    }
}

/// One random receive; false at the end of all channels.
async fn receive(random: &mut Random, rx: &Receivers) -> bool {
    let [a, b] = [&rx[random.below(3)], &rx[random.below(3)]];
    let message = match random.below(9) {
        0 => match a.try_recv() {
            Ok(message) => Some(message),
            Err(TryRecvError::Empty) => return true,
            Err(TryRecvError::Closed) => None,
        },
        1 => match poll_once(a.recv()).await {
            Some(received) => received,
            None => return true,
        },
        2 => match poll_once(select::wait(arms![select::recv(a), select::recv(b)])).await {
            Some(arm!(0, received) | arm!(1, received)) => received,
            _ => return true,
        },
        3 => match select::poll_default(arms![select::recv(a)]).await {
            arm!(0, received) => received,
            _ => return true,
        },
        4 => {
            let mut messages = vec![];
            let taken = poll_once(a.recv_many(&mut messages, random.below(50))).await;
            // A batch that was dropped has taken nothing.
            assert_eq!(messages.len(), taken.unwrap_or(0));
            messages
                .into_iter()
                .for_each(|message| message.end(RECEIVED));
            return true;
        }
        5 => match poll_once(recv_any(rx)).await {
            Some((_, received)) => received,
            None => return true,
        },
        6 if rx.iter().all(|rx| !rx.is_closed()) => recv_any(rx).await.1,
        _ => {
            let [c, d, e] = rx;
            let arms = arms![
                select::recv_some(c),
                select::recv_some(d),
                select::recv_some(e)
            ];
            match select::wait(arms).await {
                arm!(0, message) | arm!(1, message) | arm!(2, message) => Some(message),
                Selected::Disabled => return false,
                _ => unreachable!("one of three arms wins, or none is left"),
            }
        }
    };
    if let Some(message) = message {
        message.end(RECEIVED);
    }
    true
}

/// Lets the storm blow over three channels, which are closed by hand at the end if `close`.
fn storm(seed: u64, capacities: [usize; 3], messages: usize, close: bool) -> usize {
    let ledger = Ledger::new(messages);
    let [one, two, three] = capacities.map(bounded::<Message>);
    let senders: Senders = [one.0, two.0, three.0];
    let receivers: Receivers = [one.1, two.1, three.1];
    let closers = senders.clone();

    let producers: Vec<_> = (0..3)
        .map(|id| {
            let (senders, ledger) = (senders.clone(), Arc::clone(&ledger));
            let mut random = Random::new(seed.wrapping_mul(31) + id);
            thread::spawn(move || {
                while let Some(message) = ledger.message() {
                    block_on(send(&mut random, &senders, &ledger, message));
                }
            })
        })
        .collect();
    drop(senders);
    let consumers: Vec<_> = (0..3)
        .map(|id| {
            let receivers = receivers.clone();
            let mut random = Random::new(seed.wrapping_mul(37) + id + 100);
            thread::spawn(move || while block_on(receive(&mut random, &receivers)) {})
        })
        .collect();
    drop(receivers);

    if close {
        while ledger.next.load(Ordering::Relaxed) < messages / 2 {
            thread::yield_now();
        }
        closers.iter().for_each(|tx| assert!(tx.close()));
    }
    drop(closers);
    producers
        .into_iter()
        .for_each(|producer| producer.join().unwrap());
    consumers
        .into_iter()
        .for_each(|consumer| consumer.join().unwrap());
    ledger.settle()
}

#[test]
fn every_message_has_one_end_in_a_storm() {
    let begun = Instant::now();
    let mut received = 0;
    let mut seed = 0;
    while begun.elapsed() < Duration::from_secs(3) {
        for capacities in [[0, 0, 0], [0, 1, 3], [1, usize::MAX, 0]] {
            for close in [false, true] {
                received += storm(seed, capacities, 2_000, close);
                seed += 1;
            }
        }
    }
    assert!(received > 0);
}

#[test]
fn three_selects_and_more_meet_crosswise_and_none_is_left_behind() {
    const EACH: usize = 4_000;
    let (tx1, rx1) = bounded(0);
    let (tx2, rx2) = bounded(0);
    // Each thread passes on as much as it takes, in any order, so all of them end together.
    let threads: Vec<_> = (0..4)
        .map(|id| {
            let (tx, rx) = if id % 2 == 0 {
                (tx1.clone(), rx2.clone())
            } else {
                (tx2.clone(), rx1.clone())
            };
            thread::spawn(move || {
                let (mut sent, mut received) = (0, 0);
                block_on(async {
                    while sent < EACH || received < EACH {
                        let to = (sent < EACH).then_some(&tx);
                        let from = (received < EACH).then_some(&rx);
                        match select::wait(arms![select::send(&to, ()), select::recv(&from)]).await
                        {
                            arm!(0, Ok(())) => sent += 1,
                            arm!(1, Some(())) => received += 1,
                            _ => unreachable!("nobody closes"),
                        }
                    }
                });
            })
        })
        .collect();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());
    assert!(rx1.is_empty() && rx2.is_empty());
    assert!(tx1.try_send(()).is_err() && tx2.try_send(()).is_err());
}
