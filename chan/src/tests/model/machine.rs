//! Does each step of a program twice, for real and in the reference, and compares.
//!
//! What must hold after every step: both gave the same; who was decided, and only who was, has been
//! woken, by the waker of its last poll; and lengths, counts, and the number of values that exist
//! are the same. After the last one everything is dropped, and there are no values and no wakers
//! left.

use std::fmt::Debug;
use std::sync::Arc;
use std::task::{Context, Waker};

use chango_core::random::{self, Random};

use super::program::{self, Else, End, Order, Program, Room, Step};
use super::real::{self, Ends, Flag, Value};
use super::reference::{Arm, Channel, Form, Id, Mistake, Number, Output, Reference};
use crate::{TryRecvError, TrySendError};

/// Nothing, or what the two do not agree on.
pub(super) type Checked = Result<(), String>;

pub(super) struct Machine {
    ends: Vec<Ends>,
    reference: Reference,
    /// In the order in which they were started.
    ops: Vec<Waiting>,
    next_value: Number,
}

/// An operation that is not done.
struct Waiting {
    id: Id,
    form: Form,
    real: real::Operation,
    flag: Arc<Flag>,
}

fn same<T: PartialEq + Debug>(what: &str, real: T, reference: T) -> Checked {
    if real == reference {
        return Ok(());
    }
    Err(format!(
        "{what}: it is {real:?} and should be {reference:?}"
    ))
}

impl Machine {
    pub(super) fn new(program: &Program, mistake: Mistake) -> Self {
        random::with(|random| *random = Random::new(program.seed));
        real::forget_values();
        let channel = |&room: &Room| match room {
            Room::Bounded(capacity) => Channel::new(capacity.into(), 1),
            Room::Unbounded => Channel::new(usize::MAX, 1),
            Room::Never => Channel::new(0, 0),
        };
        Self {
            ends: program
                .channels
                .iter()
                .map(|&room| Ends::new(room))
                .collect(),
            reference: Reference::new(program.channels.iter().map(channel).collect(), mistake),
            ops: vec![],
            next_value: 0,
        }
    }

    pub(super) fn step(&mut self, step: &Step) -> Checked {
        match step {
            Step::Start(operation) => {
                if self.make(operation) {
                    self.poll(self.ops.len() - 1)?;
                }
            }
            Step::Make(operation) => drop(self.make(operation)),
            &(Step::Poll(op) | Step::PollElsewhere(op) | Step::Stop(op) | Step::Drop(op)) => {
                let Some(at) = usize::from(op).checked_rem(self.ops.len()) else {
                    return Ok(());
                };
                match step {
                    Step::Poll(_) => self.poll(at)?,
                    Step::PollElsewhere(_) => {
                        self.ops[at].flag = Arc::default();
                        self.poll(at)?;
                    }
                    Step::Stop(_) => self.stop(at)?,
                    _ => self.drop(at)?,
                }
            }
            &Step::TrySend(at) => self.try_send(self.channel(at))?,
            &Step::TryRecv(at) => self.try_recv(self.channel(at))?,
            &Step::Sender(end, at) => self.sender(end, self.channel(at))?,
            &Step::Receiver(end, at) => self.receiver(end, self.channel(at))?,
        }
        self.check()
    }

    fn channel(&self, at: program::At) -> usize {
        usize::from(at) % self.ends.len()
    }

    // -----------------------------------------------------------------------------------------
    // Operations

    /// Makes an operation, unless its channel has no such end.
    fn make(&mut self, operation: &program::Operation) -> bool {
        use program::Operation::*;
        let (form, arms) = match operation {
            &Send(at) => (Form::Plain, vec![self.send_arm(Some(at), false)]),
            &SendArrow(at) => (Form::Arrow, vec![self.send_arm(Some(at), false)]),
            &SendExpired(at) => (Form::Expired, vec![self.send_arm(Some(at), false)]),
            &Recv(at) => (Form::Plain, vec![self.recv_arm(Some(at), false)]),
            &RecvArrow(at) => (Form::Arrow, vec![self.recv_arm(Some(at), false)]),
            &RecvExpired(at) => (Form::Expired, vec![self.recv_arm(Some(at), false)]),
            &Stream(at) => (Form::Stream, vec![self.recv_arm(Some(at), false)]),
            &RecvMany(at, limit) => (
                Form::Many(limit.into()),
                vec![self.recv_arm(Some(at), false)],
            ),
            RecvAny(channels) => {
                let arms = channels.iter().map(|&at| self.recv_arm(Some(at), false));
                (
                    Form::Any,
                    arms.filter(|arm| arm.channel.is_some()).collect(),
                )
            }
            Select(order, otherwise, arms) => {
                let mut arms: Vec<_> = arms.iter().map(|&arm| self.arm(arm)).collect();
                if *order == Order::Random {
                    make_clear(&mut arms);
                }
                let biased = *order == Order::Biased;
                let default = *otherwise == Else::Default;
                (Form::Select { biased, default }, arms)
            }
        };
        if !matches!(form, Form::Any | Form::Select { .. }) && arms[0].channel.is_none() {
            return false;
        }
        let real = real::operation(&self.ends, form, &arms);
        self.ops.push(Waiting {
            id: self.reference.make(form, arms),
            form,
            real,
            flag: Arc::default(),
        });
        true
    }

    fn arm(&mut self, arm: program::Arm) -> Arm {
        match arm {
            program::Arm::Send(at) => self.send_arm(Some(at), false),
            program::Arm::SendSlot(at) => self.send_arm(Some(at), true),
            program::Arm::Recv(at) => self.recv_arm(Some(at), false),
            program::Arm::RecvSome(at) => self.recv_arm(Some(at), true),
            program::Arm::NilSend => self.send_arm(None, false),
            program::Arm::NilRecv => self.recv_arm(None, false),
            program::Arm::Disabled => Arm {
                off: true,
                ..self.recv_arm(None, false)
            },
        }
    }

    /// A channel without a sender is nil here.
    fn send_arm(&mut self, at: Option<program::At>, slot: bool) -> Arm {
        let channel = at.map(|at| self.channel(at));
        Arm {
            channel: channel.filter(|&at| !self.ends[at].senders.is_empty()),
            value: Some(self.next_number()),
            slot,
            some: false,
            off: false,
        }
    }

    fn recv_arm(&self, at: Option<program::At>, some: bool) -> Arm {
        let channel = at.map(|at| self.channel(at));
        Arm {
            channel: channel.filter(|&at| !self.ends[at].receivers.is_empty()),
            value: None,
            slot: false,
            some,
            off: false,
        }
    }

    fn next_number(&mut self) -> Number {
        self.next_value += 1;
        self.next_value
    }

    fn poll(&mut self, at: usize) -> Checked {
        let Waiting { id, real, flag, .. } = &mut self.ops[at];
        flag.lower();
        let waker = Waker::from(Arc::clone(flag));
        let done = real.poll(&mut Context::from_waker(&waker));
        let choice = done.as_ref().map(|&(arm, _)| arm);
        let expected = self.reference.poll(*id, choice);
        drop(waker);
        self.compare(at, "poll", done, expected)
    }

    fn stop(&mut self, at: usize) -> Checked {
        let Waiting { id, form, real, .. } = &mut self.ops[at];
        if *form != Form::Plain {
            return self.poll(at);
        }
        real.stop();
        let done = real.poll(&mut Context::from_waker(Waker::noop()));
        let expected = self.reference.stop(*id);
        self.compare(at, "stop", done, expected)
    }

    /// Compares what came of an operation, which goes if it is done.
    fn compare(
        &mut self,
        at: usize,
        what: &str,
        done: Option<(usize, Output)>,
        mut expected: Option<(usize, Output)>,
    ) -> Checked {
        let Waiting { id, form, .. } = self.ops[at];
        if let (Some((arm, _)), Some((expected, _))) = (&done, &mut expected)
            && self.reference.alike(id, *arm, *expected)
        {
            *expected = *arm;
        }
        let is_done = done.is_some();
        same(what, done, expected)?;
        if is_done && form != Form::Stream {
            let gone = self.ops.remove(at);
            drop(gone.real);
            return without_waker(&gone.flag);
        }
        Ok(())
    }

    fn drop(&mut self, at: usize) -> Checked {
        let gone = self.ops.remove(at);
        drop(gone.real);
        self.reference.drop(gone.id);
        without_waker(&gone.flag)
    }

    // -----------------------------------------------------------------------------------------
    // Ends

    fn try_send(&mut self, at: usize) -> Checked {
        let number = self.next_number();
        let Some(sender) = self.ends[at].senders.first() else {
            return Ok(());
        };
        let sent = match sender.try_send(Value::new(number)) {
            Ok(()) => Output::Sent,
            Err(TrySendError::Full(value)) => Output::Full(Number::from(&value)),
            Err(TrySendError::Closed(value)) => Output::Closed(Number::from(&value)),
        };
        let expected = match self.reference.send(at, number) {
            None => Output::Full(number),
            Some(Output::Refused(value, _)) => Output::Closed(value),
            Some(output) => output,
        };
        same("try_send", sent, expected)
    }

    fn try_recv(&mut self, at: usize) -> Checked {
        let Some(receiver) = self.ends[at].receivers.first() else {
            return Ok(());
        };
        let received = match receiver.try_recv() {
            Ok(value) => Output::from(value),
            Err(TryRecvError::Empty) => Output::Empty,
            Err(TryRecvError::Closed) => Output::End,
        };
        let expected = self.reference.receive(at).unwrap_or(Output::Empty);
        same("try_recv", received, expected)
    }

    fn sender(&mut self, end: End, at: usize) -> Checked {
        let ends = &mut self.ends[at];
        let channel = &mut self.reference.channels[at];
        match (end, ends.senders.last()) {
            (End::Close, Some(sender)) => {
                return same("close", sender.close(), self.reference.close(at, false));
            }
            (End::Clone, Some(sender)) => {
                channel.sender_count += 1;
                let sender = sender.clone();
                ends.senders.push(sender);
            }
            (End::Drop, Some(_)) => {
                drop(ends.senders.pop());
                self.reference.drop_sender(at);
            }
            (End::Downgrade, Some(sender)) => ends.weak_senders.push(sender.downgrade()),
            (End::Upgrade, _) => {
                if let Some(weak) = ends.weak_senders.last() {
                    let upgraded = weak.upgrade();
                    same("upgrade", upgraded.is_some(), channel.sender_count > 0)?;
                    channel.sender_count += upgraded.iter().len();
                    ends.senders.extend(upgraded);
                }
            }
            (_, None) => {}
        }
        Ok(())
    }

    fn receiver(&mut self, end: End, at: usize) -> Checked {
        let ends = &mut self.ends[at];
        let channel = &mut self.reference.channels[at];
        match (end, ends.receivers.last()) {
            (End::Close, Some(receiver)) => {
                return same("close", receiver.close(), self.reference.close(at, true));
            }
            (End::Clone, Some(receiver)) => {
                channel.receiver_count += 1;
                let receiver = receiver.clone();
                ends.receivers.push(receiver);
            }
            (End::Drop, Some(_)) => {
                drop(ends.receivers.pop());
                self.reference.drop_receiver(at);
            }
            (End::Downgrade, Some(receiver)) => ends.weak_receivers.push(receiver.downgrade()),
            (End::Upgrade, _) => {
                if let Some(weak) = ends.weak_receivers.last() {
                    let upgraded = weak.upgrade();
                    same("upgrade", upgraded.is_some(), channel.receiver_count > 0)?;
                    channel.receiver_count += upgraded.iter().len();
                    ends.receivers.extend(upgraded);
                }
            }
            (_, None) => {}
        }
        Ok(())
    }

    // -----------------------------------------------------------------------------------------
    // What is there

    fn check(&self) -> Checked {
        for (ends, channel) in self.ends.iter().zip(&self.reference.channels) {
            check_channel(ends, channel)?;
        }
        for op in &self.ops {
            let decided = usize::from(self.reference.is_decided(op.id));
            same("wake-ups of an operation", op.flag.woken(), decided)?;
        }
        same("values", real::values()?, self.reference.values())
    }

    /// Drops everything, and sees that nothing is left.
    pub(super) fn finish(&mut self) -> Checked {
        while !self.ops.is_empty() {
            self.drop(0)?;
        }
        self.check()?;
        for ends in &mut self.ends {
            ends.senders.clear();
            ends.receivers.clear();
        }
        same("values at the end", real::values()?, 0)
    }
}

/// An unbiased select enters its queues in an order that nobody sees from outside. So that it can be
/// told all the same what has to come of it, only one of its arms sends to a channel, and those that
/// receive from one are alike.
fn make_clear(arms: &mut [Arm]) {
    for at in 1..arms.len() {
        let (before, rest) = arms.split_at_mut(at);
        let arm = &mut rest[0];
        let other = before.iter().find(|before| {
            before.channel == arm.channel && before.value.is_some() == arm.value.is_some()
        });
        match other {
            Some(_) if arm.value.is_some() => arm.channel = None,
            Some(other) if !arm.off && !other.off => arm.some = other.some,
            _ => {}
        }
    }
}

fn check_channel(ends: &Ends, reference: &Channel) -> Checked {
    let (len, is_empty, is_full, is_closed, counts) =
        match (ends.senders.first(), ends.receivers.first()) {
            (Some(tx), _) => (
                tx.len(),
                tx.is_empty(),
                tx.is_full(),
                tx.is_closed(),
                (tx.sender_count(), tx.receiver_count()),
            ),
            (None, Some(rx)) => (
                rx.len(),
                rx.is_empty(),
                rx.is_full(),
                rx.is_closed(),
                (rx.sender_count(), rx.receiver_count()),
            ),
            (None, None) => return Ok(()),
        };
    same("len", len, reference.len())?;
    same("is_empty", is_empty, reference.len() == 0)?;
    same("is_full", is_full, reference.is_full())?;
    same("is_closed", is_closed, reference.is_closed())?;
    let expected = (reference.sender_count, reference.receiver_count);
    same("senders and receivers", counts, expected)
}

/// Of an operation that is gone no waker is left anywhere.
fn without_waker(flag: &Arc<Flag>) -> Checked {
    same("wakers that are left", Arc::strong_count(flag) - 1, 0)
}
