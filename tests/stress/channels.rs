//! Producers and consumers on channels of all kinds, that use every operation and are aborted,
//! time out, give up and are replaced at random, while channels are closed at random.

use std::panic::resume_unwind;
use std::pin::pin;
use std::sync::Arc;

use chango::chan::{RecvTimeoutError, SendTimeoutError, TryRecvError, TrySendError};
use chango::prelude::*;
use chango::runtime;
use chango::task::{self, JoinHandle};
use futures_lite::StreamExt;
use futures_lite::future::poll_once;

use crate::ledger::{Ledger, Loss, Message, Tally};
use crate::rng::Rng;
use crate::storm::{Round, storm};

const MESSAGES: usize = 4_000;
const PRODUCERS: usize = 6;
const CONSUMERS: usize = 6;

type Ends = (Sender<Message>, Receiver<Message>);

fn channel_of_any_kind(rng: &mut Rng) -> Ends {
    match rng.below(5) {
        0 | 1 => bounded(0),
        2 => bounded(1),
        3 => bounded(2 + rng.below(20)),
        _ => unbounded(),
    }
}

fn short(rng: &mut Rng) -> Duration {
    Duration::from_micros(rng.below(200) as u64)
}

/// Sends one message in a random way, and tells the ledger what is known of it.
async fn send_somehow(
    rng: &mut Rng,
    tx: &Sender<Message>,
    other: &Sender<Message>,
    ledger: &Arc<Ledger>,
) {
    let Some(message) = ledger.message() else {
        return;
    };
    let id = message.id();
    match rng.below(8) {
        0 => match tx.send(message).await {
            Ok(()) => ledger.accepted(id),
            Err(error) => ledger.returned(error.into_inner()),
        },
        1 => co! {
            match (tx <- message) {
                Ok(()) => ledger.accepted(id),
                Err(error) => ledger.returned(error.into_inner()),
            }
        },
        2 => match tx.try_send(message) {
            Ok(()) => ledger.accepted(id),
            Err(TrySendError::Full(message) | TrySendError::Closed(message)) => {
                ledger.returned(message);
            }
        },
        3 => match tx.send_timeout(message, short(rng)).await {
            Ok(()) => ledger.accepted(id),
            Err(SendTimeoutError::Timeout(message) | SendTimeoutError::Closed(message)) => {
                ledger.returned(message);
            }
        },
        // Given up after one look: nobody knows whether it has gone.
        4 => match poll_once(tx.send(message)).await {
            Some(Ok(())) => ledger.accepted(id),
            Some(Err(error)) => ledger.returned(error.into_inner()),
            None => {}
        },
        5 => {
            let Some(second) = ledger.message() else {
                return ledger.returned(message);
            };
            let second_id = second.id();
            let (id, sent) = select! {
                sent = tx <- message => (id, sent),
                sent = other <- second => (second_id, sent),
            };
            match sent {
                Ok(()) => ledger.accepted(id),
                Err(error) => ledger.returned(error.into_inner()),
            }
        }
        6 => {
            let patience = short(rng);
            let mut pending = message;
            select! {
                sent = tx <- mut pending => match sent {
                    Ok(()) => ledger.accepted(id),
                    Err(error) => ledger.returned(error.into_inner()),
                },
                <-after(patience) => ledger.returned(pending),
            }
        }
        _ => {
            let mut pending = message;
            select! {
                sent = tx <- mut pending => match sent {
                    Ok(()) => ledger.accepted(id),
                    Err(error) => ledger.returned(error.into_inner()),
                },
                default => ledger.returned(pending),
            }
        }
    }
}

/// What a receive came to.
enum Got {
    Message(Message),
    Nothing,
    /// The first or the second of the two channels is closed and drained.
    Closed(usize),
}

impl Got {
    fn from(from: usize, received: Option<Message>) -> Self {
        received.map_or(Self::Closed(from), Self::Message)
    }
}

/// Receives from one of two channels in a random way.
async fn receive_somehow(rng: &mut Rng, rx: &Receiver<Message>, other: &Receiver<Message>) -> Got {
    match rng.below(10) {
        0 => Got::from(0, rx.recv().await),
        1 => co! { Got::from(0, <-rx) },
        2 => match rx.try_recv() {
            Ok(message) => Got::Message(message),
            Err(TryRecvError::Empty) => Got::Nothing,
            Err(TryRecvError::Closed) => Got::Closed(0),
        },
        3 => match rx.recv_timeout(short(rng)).await {
            Ok(message) => Got::Message(message),
            Err(RecvTimeoutError::Timeout) => Got::Nothing,
            Err(RecvTimeoutError::Closed) => Got::Closed(0),
        },
        4 => match poll_once(rx.recv()).await {
            Some(received) => Got::from(0, received),
            None => Got::Nothing,
        },
        // Waits a while and is then dropped: what it was handed meanwhile goes to the next.
        5 => {
            let mut receive = pin!(rx.recv());
            match poll_once(receive.as_mut()).await {
                Some(received) => Got::from(0, received),
                None => {
                    task::yield_now().await;
                    Got::Nothing
                }
            }
        }
        6 => select! {
            v = <-rx => Got::from(0, v),
            v = <-other => Got::from(1, v),
        },
        7 => {
            let patience = short(rng);
            select! {
                v = <-rx => Got::from(0, v),
                v = <-other => Got::from(1, v),
                <-after(patience) => Got::Nothing,
            }
        }
        8 => {
            let waiting = async {
                select! { v = <-rx => Got::from(0, v), v = <-other => Got::from(1, v) }
            };
            let mut waiting = pin!(waiting);
            match poll_once(waiting.as_mut()).await {
                Some(got) => got,
                None => {
                    task::yield_now().await;
                    Got::Nothing
                }
            }
        }
        _ => Got::from(0, pin!(rx.clone()).next().await),
    }
}

async fn produce(mut rng: Rng, channels: Vec<Sender<Message>>, ledger: Arc<Ledger>) {
    while !ledger.is_exhausted() && channels.iter().any(|tx| !tx.is_closed()) {
        let tx = &channels[rng.below(channels.len())];
        let other = &channels[rng.below(channels.len())];
        send_somehow(&mut rng, tx, other, &ledger).await;
        if rng.one_in(16) {
            task::yield_now().await;
        }
    }
}

async fn consume(mut rng: Rng, mut channels: Vec<Receiver<Message>>) {
    while !channels.is_empty() {
        let chosen = [rng.below(channels.len()), rng.below(channels.len())];
        match receive_somehow(&mut rng, &channels[chosen[0]], &channels[chosen[1]]).await {
            Got::Message(message) => message.received(),
            Got::Nothing => task::yield_now().await,
            Got::Closed(which) => drop(channels.swap_remove(chosen[which])),
        }
    }
}

/// Waits for a goroutine, which may have been aborted but not have panicked.
async fn settle(goroutine: JoinHandle<()>) {
    if let Err(error) = goroutine.await
        && error.is_panic()
    {
        resume_unwind(error.into_panic());
    }
}

/// Goroutines of one kind, and how to make another.
struct Crew {
    goroutines: Vec<JoinHandle<()>>,
    start: Box<dyn Fn(Rng) -> JoinHandle<()> + Send>,
}

impl Crew {
    fn new(
        size: usize,
        rng: &mut Rng,
        start: impl Fn(Rng) -> JoinHandle<()> + Send + 'static,
    ) -> Self {
        let goroutines = (0..size).map(|_| start(rng.fork())).collect();
        Self {
            goroutines,
            start: Box::new(start),
        }
    }

    /// Aborts one of them, and puts another in its place.
    async fn replace_one(&mut self, rng: &mut Rng) {
        let victim = rng.below(self.goroutines.len());
        self.goroutines[victim].abort();
        let next = (self.start)(rng.fork());
        settle(std::mem::replace(&mut self.goroutines[victim], next)).await;
    }

    fn abort_all(&self) {
        self.goroutines.iter().for_each(JoinHandle::abort);
    }

    /// Waits for all of them, and gives up what they were made from.
    async fn end(self) {
        for goroutine in self.goroutines {
            settle(goroutine).await;
        }
    }
}

/// How a round ends its channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Producers send all there is; the channels close as they end.
    Complete,
    /// Each channel is closed at some moment, by one of its ends, and drained.
    Closed,
    /// All receivers are dropped at some moment.
    Deserted,
}

async fn one_round(mut rng: Rng, ledger: Arc<Ledger>, end: End) {
    let (senders, receivers): (Vec<_>, Vec<_>) =
        (0..3).map(|_| channel_of_any_kind(&mut rng)).unzip();
    let mut producers = Crew::new(PRODUCERS, &mut rng, {
        let (senders, ledger) = (senders.clone(), ledger.clone());
        move |rng| chango::go(produce(rng, senders.clone(), ledger.clone()))
    });
    let mut consumers = Crew::new(CONSUMERS, &mut rng, {
        let receivers = receivers.clone();
        move |rng| chango::go(consume(rng, receivers.clone()))
    });

    let moment = if end == End::Complete {
        MESSAGES
    } else {
        rng.below(MESSAGES)
    };
    while ledger.made() < moment {
        let crew = if rng.one_in(2) {
            &mut producers
        } else {
            &mut consumers
        };
        crew.replace_one(&mut rng).await;
        for _ in 0..rng.below(20) {
            task::yield_now().await;
        }
        if rng.one_in(8) {
            sleep(short(&mut rng)).await;
        }
    }

    match end {
        End::Complete => {}
        End::Closed => {
            for (tx, rx) in senders.iter().zip(&receivers) {
                assert!(if rng.one_in(2) {
                    tx.close()
                } else {
                    rx.close()
                });
            }
        }
        End::Deserted => {
            consumers.abort_all();
            consumers.end().await;
            drop(receivers);
            assert!(senders.iter().all(Sender::is_closed));
            assert!(senders.iter().all(Sender::is_empty));
            return producers.end().await;
        }
    }
    // One more for each channel: the consumers may all be waiting at others, and as nobody is
    // replaced any more, they and the producers would wait for each other for ever.
    let drains: Vec<_> = receivers
        .into_iter()
        .map(|rx| go! { for message in <-rx { message.received(); } })
        .collect();
    producers.end().await;
    drop(senders);
    consumers.end().await;
    for drain in drains {
        settle(drain).await;
    }
}

fn channels(round: Round, end: End) -> Tally {
    let ledger = Ledger::new(MESSAGES, &round.pulse);
    let (rng, book) = (round.rng.clone(), Arc::clone(&ledger));
    round.run(async move {
        one_round(rng, book, end).await;
        assert_eq!(runtime::num_goroutines(), 1, "a goroutine was left behind");
    });
    ledger.check(if end == End::Deserted {
        Loss::WithReceivers
    } else {
        Loss::None
    })
}

#[test]
fn all_that_is_sent_is_received_under_aborts_and_timeouts() {
    storm("complete", |round| channels(round, End::Complete));
}

#[test]
fn what_a_closed_channel_holds_is_received() {
    storm("closed", |round| channels(round, End::Closed));
}

#[test]
fn what_nobody_will_receive_is_dropped_once() {
    storm("deserted", |round| channels(round, End::Deserted));
}
