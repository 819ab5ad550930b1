//! The reference: what is done is done at once, and those who wait stand in plain queues.
//!
//! It knows nothing of locks, claims and wakers. What must hold in it:
//!
//! * an operation stands in the queue of each of its arms from when it begins to wait until it is
//!   done, in the order in which they began; one that was decided meanwhile is passed over;
//! * an arm that wants `Some` and was ended is looked at, with all the others, only when its select
//!   is polled: until then the select is decided, and keeps its places.

use std::collections::{BTreeMap, VecDeque};
use std::mem;

/// A value, by its number.
pub(super) type Number = u64;

/// Names an operation of a program: they are counted.
pub(super) type Id = usize;

/// What an operation gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    Sent,
    /// The value that came back, and whether nobody listens.
    Refused(Number, bool),
    /// The same where the error does not say who closed the channel.
    Closed(Number),
    /// There was no room, or not in time.
    Full(Number),
    Received(Number),
    Many(Vec<Number>),
    /// Nothing was there, or not in time.
    Empty,
    End,
    Default,
    /// All arms of a select are disabled.
    Disabled,
}

/// What an operation is, beside its arms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Plain,
    Arrow,
    Expired,
    Stream,
    Many(usize),
    Any,
    Select { biased: bool, default: bool },
}

/// One thing that an operation would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Arm {
    /// None for a nil channel.
    pub(super) channel: Option<usize>,
    /// What it sends, if it sends.
    pub(super) value: Option<Number>,
    /// Whether the value goes back into a slot if another arm wins.
    pub(super) slot: bool,
    /// Whether it goes off instead of giving `None`.
    pub(super) some: bool,
    /// Whether it has, or never was on.
    pub(super) off: bool,
}

/// A mistake to be made, for the test of the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mistake {
    None,
    /// Values that came back are received after what is stored.
    ReturnedGoLast,
    /// A channel that is closed does not tell selects that wait for it.
    CloseForgetsSelects,
}

#[derive(Default)]
pub(super) struct Channel {
    capacity: usize,
    pub(super) sender_count: usize,
    pub(super) receiver_count: usize,
    returned: BTreeMap<u64, Number>,
    buffer: VecDeque<Number>,
    senders: VecDeque<Place>,
    receivers: VecDeque<Place>,
    /// Whether by a receiver.
    closed: Option<bool>,
    handed_over: u64,
}

/// Where an operation waits: with which arm.
#[derive(Clone, Copy)]
struct Place {
    op: Id,
    arm: usize,
}

struct Op {
    form: Form,
    arms: Vec<Arm>,
    state: State,
    /// How many values it holds.
    held: usize,
}

enum State {
    /// Not polled yet, or looking at its arms.
    New,
    Waiting,
    /// Decided by another: which arm, what it gives, and the number of a hand-over.
    Done(usize, Output, u64),
    Gone,
}

impl Channel {
    pub(super) fn new(capacity: usize, senders: usize) -> Self {
        Self {
            capacity,
            sender_count: senders,
            receiver_count: 1,
            ..Self::default()
        }
    }

    pub(super) fn len(&self) -> usize {
        self.returned.len() + self.buffer.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    fn pop(&mut self, mistake: Mistake) -> Option<Number> {
        if mistake == Mistake::ReturnedGoLast
            && let Some(value) = self.buffer.pop_front()
        {
            return Some(value);
        }
        match self.returned.pop_first() {
            Some((_, value)) => Some(value),
            None => self.buffer.pop_front(),
        }
    }
}

pub(super) struct Reference {
    pub(super) channels: Vec<Channel>,
    ops: Vec<Op>,
    mistake: Mistake,
}

impl Reference {
    pub(super) fn new(channels: Vec<Channel>, mistake: Mistake) -> Self {
        Self {
            channels,
            ops: vec![],
            mistake,
        }
    }

    /// How many values there are: stored, and in the hands of operations.
    pub(super) fn values(&self) -> usize {
        let stored: usize = self.channels.iter().map(Channel::len).sum();
        stored + self.ops.iter().map(|op| op.held).sum::<usize>()
    }

    /// Whether somebody has decided the operation, which therefore has to be woken.
    pub(super) fn is_decided(&self, id: Id) -> bool {
        matches!(self.ops[id].state, State::Done(..))
    }

    /// Whether two arms of an operation are the same to all who look from outside. Those of a select
    /// that looks in random order also enter their queues so.
    pub(super) fn alike(&self, id: Id, one: usize, other: usize) -> bool {
        let arms = &self.ops[id].arms;
        let receives_from = |at: usize| match arms.get(at) {
            Some(Arm {
                channel: Some(channel),
                value: None,
                ..
            }) => Some(channel),
            _ => None,
        };
        let channel = receives_from(one);
        one == other || !self.is_ordered(id) && channel.is_some() && channel == receives_from(other)
    }

    // -----------------------------------------------------------------------------------------
    // Sending and receiving

    /// The first of those in `queue` who can be decided.
    fn first(&self, queue: &VecDeque<Place>) -> Option<Place> {
        let waits = |place: &&Place| matches!(self.ops[place.op].state, State::Waiting);
        queue.iter().find(waits).copied()
    }

    fn first_sender(&self, at: usize) -> Option<Place> {
        self.first(&self.channels[at].senders)
    }

    fn first_receiver(&self, at: usize) -> Option<Place> {
        self.first(&self.channels[at].receivers)
    }

    /// Decides an operation, which leaves the one queue, and the others when it is polled.
    fn decide(&mut self, at: usize, place: Place, output: Output, number: u64) {
        let channel = &mut self.channels[at];
        for queue in [&mut channel.senders, &mut channel.receivers] {
            queue.retain(|other| (other.op, other.arm) != (place.op, place.arm));
        }
        let op = &mut self.ops[place.op];
        match output {
            Output::Sent => op.held -= 1,
            Output::Received(_) => op.held += 1,
            _ => {}
        }
        op.state = State::Done(place.arm, output, number);
    }

    fn value(&self, place: Place) -> Number {
        let arm = self.ops[place.op].arms[place.arm];
        arm.value.expect("who waits to send has something to send")
    }

    /// Sends if that is possible at once.
    pub(super) fn send(&mut self, at: usize, value: Number) -> Option<Output> {
        if let Some(by_receiver) = self.channels[at].closed {
            return Some(Output::Refused(value, by_receiver));
        }
        if self.channels[at].len() == 0
            && let Some(receiver) = self.first_receiver(at)
        {
            self.channels[at].handed_over += 1;
            let number = self.channels[at].handed_over;
            self.decide(at, receiver, Output::Received(value), number);
            return Some(Output::Sent);
        }
        let channel = &mut self.channels[at];
        (!channel.is_full()).then(|| {
            channel.buffer.push_back(value);
            Output::Sent
        })
    }

    /// Receives if that is possible at once.
    pub(super) fn receive(&mut self, at: usize) -> Option<Output> {
        if let Some(value) = self.channels[at].pop(self.mistake) {
            if !self.channels[at].is_full()
                && let Some(sender) = self.first_sender(at)
            {
                let next = self.value(sender);
                self.channels[at].buffer.push_back(next);
                self.decide(at, sender, Output::Sent, 0);
            }
            return Some(Output::Received(value));
        }
        if let Some(sender) = self.first_sender(at) {
            let value = self.value(sender);
            self.decide(at, sender, Output::Sent, 0);
            return Some(Output::Received(value));
        }
        self.channels[at].closed.map(|_| Output::End)
    }

    /// Whether `send` or `receive` would do something.
    fn is_ready(&self, at: usize, sends: bool) -> bool {
        let channel = &self.channels[at];
        channel.is_closed()
            || if sends {
                !channel.is_full() || channel.len() == 0 && self.first_receiver(at).is_some()
            } else {
                channel.len() > 0 || self.first_sender(at).is_some()
            }
    }

    // -----------------------------------------------------------------------------------------
    // Ends

    pub(super) fn close(&mut self, at: usize, by_receiver: bool) -> bool {
        if self.channels[at].is_closed() {
            return false;
        }
        self.channels[at].closed = Some(by_receiver);
        while let Some(sender) = self.first_sender(at) {
            let value = self.value(sender);
            self.decide(at, sender, Output::Refused(value, by_receiver), 0);
        }
        while let Some(receiver) = self.first_receiver(at) {
            if self.mistake == Mistake::CloseForgetsSelects
                && matches!(self.ops[receiver.op].form, Form::Select { .. })
            {
                break;
            }
            self.decide(at, receiver, Output::End, 0);
        }
        true
    }

    pub(super) fn drop_sender(&mut self, at: usize) {
        self.channels[at].sender_count -= 1;
        if self.channels[at].sender_count == 0 {
            self.close(at, false);
        }
    }

    /// With the last one goes what is stored.
    pub(super) fn drop_receiver(&mut self, at: usize) {
        self.channels[at].receiver_count -= 1;
        if self.channels[at].receiver_count == 0 {
            self.close(at, true);
            self.channels[at].buffer.clear();
            self.channels[at].returned.clear();
        }
    }

    // -----------------------------------------------------------------------------------------
    // Operations

    /// An operation that has not been polled. It has an end of each of its channels.
    pub(super) fn make(&mut self, form: Form, arms: Vec<Arm>) -> Id {
        for arm in &arms {
            if let Some(at) = arm.channel {
                match arm.value {
                    Some(_) => self.channels[at].sender_count += 1,
                    None => self.channels[at].receiver_count += 1,
                }
            }
        }
        let held = arms.iter().filter(|arm| arm.value.is_some()).count();
        self.ops.push(Op {
            form,
            arms,
            state: State::New,
            held,
        });
        self.ops.len() - 1
    }

    /// Polls an operation: which arm has committed, with what. Where several may, and the order is
    /// random, it is `choice`, if that may.
    pub(super) fn poll(&mut self, id: Id, choice: Option<usize>) -> Option<(usize, Output)> {
        let op = &mut self.ops[id];
        match mem::replace(&mut op.state, State::New) {
            State::Done(arm, Output::End, _) if op.arms[arm].some => op.arms[arm].off = true,
            State::Done(arm, output, _) => return Some(self.finish(id, arm, output)),
            State::New | State::Waiting => {}
            State::Gone => unreachable!("what is gone is not polled"),
        }
        match self.look(id, choice) {
            Some((arm, output)) => Some(self.finish(id, arm, output)),
            None => self.wait(id),
        }
    }

    /// One of the arms that are ready commits. If there is none, those that have come to their end
    /// are off.
    fn look(&mut self, id: Id, choice: Option<usize>) -> Option<(usize, Output)> {
        if self.ops[id].form == Form::Many(0) {
            return Some((0, Output::Many(vec![])));
        }
        let mut won = None;
        for at in 0..self.ops[id].arms.len() {
            let arm = self.ops[id].arms[at];
            let Some(channel) = arm.channel.filter(|_| !arm.off) else {
                continue;
            };
            if !self.is_ready(channel, arm.value.is_some()) {
                continue;
            }
            // What is stored was sent before it was closed; and then there are no senders.
            let ended = self.channels[channel].is_closed() && self.channels[channel].len() == 0;
            if arm.some && ended {
                self.ops[id].arms[at].off = true;
                continue;
            }
            let wanted = self.is_ordered(id) || choice.is_none_or(|it| self.alike(id, at, it));
            if wanted || won.is_none() {
                won = Some((at, channel, arm.value));
            }
            if wanted {
                break;
            }
        }
        let (at, channel, value) = won?;
        let output = match value {
            Some(value) => {
                let output = self.send(channel, value);
                if output == Some(Output::Sent) {
                    self.ops[id].held -= 1;
                }
                output
            }
            None => self.receive(channel),
        };
        Some((at, output.expect("an arm that is ready commits")))
    }

    fn is_ordered(&self, id: Id) -> bool {
        !matches!(
            self.ops[id].form,
            Form::Any | Form::Select { biased: false, .. }
        )
    }

    /// Nothing is ready: the operation enters all queues that it is not in, or ends otherwise.
    fn wait(&mut self, id: Id) -> Option<(usize, Output)> {
        let op = &self.ops[id];
        let all_off = op.arms.iter().all(|arm| arm.off);
        match op.form {
            Form::Expired => {
                let output = op.arms[0].value.map_or(Output::Empty, Output::Full);
                return Some(self.finish(id, 0, output));
            }
            Form::Select { default: true, .. } => return Some(self.finish(id, 0, Output::Default)),
            Form::Select { .. } if all_off => return Some(self.finish(id, 0, Output::Disabled)),
            _ => {}
        }
        let op = &mut self.ops[id];
        op.state = State::Waiting;
        for (at, arm) in op.arms.iter().enumerate() {
            let Some(channel) = arm.channel else {
                continue;
            };
            let channel = &mut self.channels[channel];
            let queue = match arm.value {
                Some(_) => &mut channel.senders,
                None => &mut channel.receivers,
            };
            let is_there = queue
                .iter()
                .position(|place| (place.op, place.arm) == (id, at));
            match is_there {
                Some(place) if arm.off => drop(queue.remove(place)),
                None if !arm.off => queue.push_back(Place { op: id, arm: at }),
                _ => {}
            }
        }
        None
    }

    /// The time of a plain operation is up.
    pub(super) fn stop(&mut self, id: Id) -> Option<(usize, Output)> {
        let op = &mut self.ops[id];
        let output = match mem::replace(&mut op.state, State::New) {
            State::Done(_, Output::Refused(value, _), _) => Output::Closed(value),
            State::Done(_, output, _) => output,
            _ => op.arms[0].value.map_or(Output::Empty, Output::Full),
        };
        Some(self.finish(id, 0, output))
    }

    pub(super) fn drop(&mut self, id: Id) {
        let state = mem::replace(&mut self.ops[id].state, State::Gone);
        self.leave_queues(id);
        if let State::Done(arm, Output::Received(value), number) = state {
            let at = self.ops[id].arms[arm].channel.expect("it has received");
            match self.first_receiver(at) {
                Some(next) if self.channels[at].returned.is_empty() => {
                    self.decide(at, next, Output::Received(value), number);
                }
                _ => assert_eq!(self.channels[at].returned.insert(number, value), None),
            }
        }
        self.release(id);
    }

    /// An operation is done, by `arm`.
    fn finish(&mut self, id: Id, arm: usize, output: Output) -> (usize, Output) {
        self.leave_queues(id);
        let channel = self.ops[id].arms.get(arm).and_then(|arm| arm.channel);
        let output = match (self.ops[id].form, output, channel) {
            (Form::Many(limit), Output::Received(first), Some(at)) => {
                Output::Many(self.receive_more(at, first, limit))
            }
            (Form::Many(_), Output::End, _) => Output::Many(vec![]),
            (Form::Expired, Output::Refused(value, _), _) => Output::Closed(value),
            (_, output, _) => output,
        };
        if self.ops[id].form == Form::Stream {
            self.ops[id].held = 0;
        } else {
            self.release(id);
        }
        (arm, output)
    }

    fn receive_more(&mut self, at: usize, first: Number, limit: usize) -> Vec<Number> {
        let mut values = vec![first];
        while values.len() < limit
            && let Some(Output::Received(value)) = self.receive(at)
        {
            values.push(value);
        }
        values
    }

    fn leave_queues(&mut self, id: Id) {
        for arm in &self.ops[id].arms {
            if let Some(at) = arm.channel {
                self.channels[at].senders.retain(|place| place.op != id);
                self.channels[at].receivers.retain(|place| place.op != id);
            }
        }
    }

    /// What an operation that is over had goes: its values, and then its ends.
    fn release(&mut self, id: Id) {
        let op = &mut self.ops[id];
        op.state = State::Gone;
        op.held = 0;
        for at in 0..op.arms.len() {
            let arm = self.ops[id].arms[at];
            match (arm.channel, arm.value) {
                (Some(at), Some(_)) => self.drop_sender(at),
                (Some(at), None) => self.drop_receiver(at),
                (None, _) => {}
            }
        }
    }
}
