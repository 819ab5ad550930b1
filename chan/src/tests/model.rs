//! Random programs of channel operations against a simple model of what they should do.
//!
//! One thread, two channels: sends, receives and biased selects are begun, polled, dropped and
//! tried in random order, channels are closed, and after every step the channels and the model say
//! the same. What threads add is in `tests/suite/storm.rs` and in the models for loom.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use chango_core::random::Random;

use crate::select::{self, Cons, Nil, Selected, Won};
use crate::{Receiver, SendError, Sender, TryRecvError, TrySendError, bounded};

type Value = u64;
type Op = usize;

/// What an operation gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Output {
    Sent,
    /// The value that came back, and whether nobody listens.
    Refused(Value, bool),
    Received(Value),
    End,
}

impl From<Result<(), SendError<Value>>> for Output {
    fn from(sent: Result<(), SendError<Value>>) -> Self {
        match sent {
            Ok(()) => Self::Sent,
            Err(error) => {
                let disconnected = error.is_disconnected();
                Self::Refused(error.into_inner(), disconnected)
            }
        }
    }
}

impl From<Option<Value>> for Output {
    fn from(received: Option<Value>) -> Self {
        received.map_or(Self::End, Self::Received)
    }
}

/// One thing that an operation would do: on which channel, and what it sends if it sends.
#[derive(Clone, Copy, Debug)]
struct Arm {
    channel: usize,
    value: Option<Value>,
}

#[derive(Default)]
struct Channel {
    capacity: usize,
    returned: BTreeMap<u64, Value>,
    buffer: VecDeque<Value>,
    senders: VecDeque<(Op, usize, Value)>,
    receivers: VecDeque<(Op, usize)>,
    closed: Option<bool>,
    handed_over: u64,
}

impl Channel {
    fn len(&self) -> usize {
        self.returned.len() + self.buffer.len()
    }
}

/// The reference: what is done is done at once, and waiters stand in plain queues.
#[derive(Default)]
struct Model {
    channels: Vec<Channel>,
    /// Which arm of a waiting operation was completed, with what; and the number of a hand-over.
    done: HashMap<Op, (usize, Output, u64)>,
    arms: HashMap<Op, Vec<Arm>>,
}

impl Model {
    fn complete(&mut self, op: Op, arm: usize, output: Output, number: u64) {
        for channel in &mut self.channels {
            channel.senders.retain(|&(other, ..)| other != op);
            channel.receivers.retain(|&(other, _)| other != op);
        }
        self.done.insert(op, (arm, output, number));
    }

    fn send(&mut self, at: usize, value: Value) -> Option<Output> {
        let channel = &mut self.channels[at];
        if let Some(disconnected) = channel.closed {
            return Some(Output::Refused(value, disconnected));
        }
        if channel.len() == 0
            && let Some(&(op, arm)) = channel.receivers.front()
        {
            channel.handed_over += 1;
            let number = channel.handed_over;
            self.complete(op, arm, Output::Received(value), number);
            return Some(Output::Sent);
        }
        (channel.len() < channel.capacity).then(|| {
            channel.buffer.push_back(value);
            Output::Sent
        })
    }

    fn receive(&mut self, at: usize) -> Option<Output> {
        let channel = &mut self.channels[at];
        let stored = match channel.returned.pop_first() {
            Some((_, value)) => Some(value),
            None => channel.buffer.pop_front(),
        };
        if let Some(value) = stored {
            if channel.len() < channel.capacity
                && let Some(&(op, arm, next)) = channel.senders.front()
            {
                channel.buffer.push_back(next);
                self.complete(op, arm, Output::Sent, 0);
            }
            return Some(Output::Received(value));
        }
        if let Some(&(op, arm, value)) = channel.senders.front() {
            self.complete(op, arm, Output::Sent, 0);
            return Some(Output::Received(value));
        }
        channel.closed.map(|_| Output::End)
    }

    fn close(&mut self, at: usize, disconnected: bool) -> bool {
        let channel = &mut self.channels[at];
        if channel.closed.is_some() {
            return false;
        }
        channel.closed = Some(disconnected);
        while let Some(&(op, arm, value)) = self.channels[at].senders.front() {
            self.complete(op, arm, Output::Refused(value, disconnected), 0);
        }
        while let Some(&(op, arm)) = self.channels[at].receivers.front() {
            self.complete(op, arm, Output::End, 0);
        }
        true
    }

    fn begin(&mut self, op: Op, arms: Vec<Arm>) -> Option<(usize, Output)> {
        for (number, arm) in arms.iter().enumerate() {
            let output = match arm.value {
                Some(value) => self.send(arm.channel, value),
                None => self.receive(arm.channel),
            };
            if let Some(output) = output {
                return Some((number, output));
            }
        }
        for (number, arm) in arms.iter().enumerate() {
            let channel = &mut self.channels[arm.channel];
            match arm.value {
                Some(value) => channel.senders.push_back((op, number, value)),
                None => channel.receivers.push_back((op, number)),
            }
        }
        self.arms.insert(op, arms);
        None
    }

    fn poll(&mut self, op: Op) -> Option<(usize, Output)> {
        let (arm, output, _) = self.done.remove(&op)?;
        self.arms.remove(&op);
        Some((arm, output))
    }

    fn drop(&mut self, op: Op) {
        let Some(arms) = self.arms.remove(&op) else {
            return;
        };
        let Some((arm, output, number)) = self.done.remove(&op) else {
            for channel in &mut self.channels {
                channel.senders.retain(|&(other, ..)| other != op);
                channel.receivers.retain(|&(other, _)| other != op);
            }
            return;
        };
        if let Output::Received(value) = output {
            let channel = &mut self.channels[arms[arm].channel];
            match channel.receivers.front() {
                Some(&(next, arm)) if channel.returned.is_empty() => {
                    self.complete(next, arm, output, number);
                }
                _ => assert_eq!(channel.returned.insert(number, value), None),
            }
        }
    }
}

type Real<'a> = Pin<Box<dyn Future<Output = (usize, Output)> + 'a>>;

/// The same operation for real.
fn real<'a>(ends: &'a [(Sender<Value>, Receiver<Value>)], arms: &[Arm]) -> Real<'a> {
    let recv = |arm: Arm| select::recv(&ends[arm.channel].1);
    let send = |arm: Arm, value| select::send(&ends[arm.channel].0, value);
    macro_rules! select_of {
        ($first:expr, $second:expr) => {
            Box::pin(async move {
                let arms = Cons::new(Some($first), Cons::new(Some($second), Nil));
                match select::wait_biased(arms).await {
                    Selected::Arm(Won::This(output)) => (0, output.into()),
                    Selected::Arm(Won::Later(Won::This(output))) => (1, output.into()),
                    _ => unreachable!("one of two arms wins"),
                }
            })
        };
    }
    match *arms {
        [
            Arm {
                channel,
                value: Some(value),
            },
        ] => Box::pin(async move { (0, ends[channel].0.send(value).await.into()) }),
        [
            Arm {
                channel,
                value: None,
            },
        ] => Box::pin(async move { (0, ends[channel].1.recv().await.into()) }),
        [one, two] => match (one.value, two.value) {
            (Some(a), Some(b)) => select_of!(send(one, a), send(two, b)),
            (Some(a), None) => select_of!(send(one, a), recv(two)),
            (None, Some(b)) => select_of!(recv(one), send(two, b)),
            (None, None) => select_of!(recv(one), recv(two)),
        },
        _ => unreachable!("an operation has one arm or two"),
    }
}

/// A random program of `steps` steps.
fn run(seed: u64, steps: usize) {
    let mut random = Random::new(seed);
    let capacities = [random.below(3), random.below(4)];
    let ends: Vec<_> = capacities.map(bounded::<Value>).into();
    let mut model = Model::default();
    for capacity in capacities {
        model.channels.push(Channel {
            capacity,
            ..Channel::default()
        });
    }
    let mut waiting: Vec<(Op, Real<'_>)> = vec![];
    let mut next_value = 0;
    for op in 0..steps {
        let at = random.below(2);
        let (tx, rx) = &ends[at];
        match random.below(100) {
            0..50 => {
                let arms: Vec<_> = (0..=random.below(2))
                    .map(|_| {
                        next_value += 1;
                        let value = (random.below(2) == 0).then_some(next_value);
                        Arm {
                            channel: random.below(2),
                            value,
                        }
                    })
                    .collect();
                let mut future = real(&ends, &arms);
                let expected = model.begin(op, arms);
                let polled = poll(&mut future);
                assert_eq!(polled, expected, "seed {seed}, step {op}: begin");
                if polled.is_none() {
                    waiting.push((op, future));
                }
            }
            50..70 if !waiting.is_empty() => {
                let which = random.below(waiting.len());
                let expected = model.poll(waiting[which].0);
                let polled = poll(&mut waiting[which].1);
                assert_eq!(polled, expected, "seed {seed}, step {op}: poll");
                if polled.is_some() {
                    drop(waiting.swap_remove(which));
                }
            }
            70..85 if !waiting.is_empty() => {
                let (gone, future) = waiting.swap_remove(random.below(waiting.len()));
                model.drop(gone);
                drop(future);
            }
            85..92 => {
                next_value += 1;
                let sent = tx.try_send(next_value);
                let expected = match model.send(at, next_value) {
                    None => Err(TrySendError::Full(next_value)),
                    Some(Output::Refused(value, _)) => Err(TrySendError::Closed(value)),
                    Some(_) => Ok(()),
                };
                assert_eq!(sent, expected, "seed {seed}, step {op}: try_send");
            }
            92..99 => {
                let expected = match model.receive(at) {
                    None => Err(TryRecvError::Empty),
                    Some(Output::Received(value)) => Ok(value),
                    Some(_) => Err(TryRecvError::Closed),
                };
                assert_eq!(rx.try_recv(), expected, "seed {seed}, step {op}: try_recv");
            }
            // Seldom, or else most programs run on closed channels.
            99 if random.below(4) == 0 => {
                let disconnected = random.below(2) == 0;
                let closed = if disconnected { rx.close() } else { tx.close() };
                assert_eq!(
                    closed,
                    model.close(at, disconnected),
                    "seed {seed}, step {op}: close"
                );
            }
            _ => {}
        }
        for ((tx, _), model) in ends.iter().zip(&model.channels) {
            assert_eq!(tx.len(), model.len(), "seed {seed}, step {op}");
            assert_eq!(
                tx.is_full(),
                model.len() >= model.capacity,
                "seed {seed}, step {op}"
            );
            assert_eq!(
                tx.is_closed(),
                model.closed.is_some(),
                "seed {seed}, step {op}"
            );
        }
    }
}

fn poll(future: &mut Real<'_>) -> Option<(usize, Output)> {
    match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}

#[test]
fn random_programs_do_what_the_model_does() {
    for seed in 0..2_000 {
        run(seed, 200);
    }
}
