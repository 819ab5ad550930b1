//! A random program as data: what is there, and what is done with it.
//!
//! What must hold: every step makes sense whatever came before it (channels and operations are
//! named by numbers that are taken modulo what is there, and what has nothing to work on does
//! nothing), so that a program from which steps were taken is a program still; and a program
//! follows from its seed alone.

use std::fmt;

use chango_core::random::Random;

/// One program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Program {
    /// Also decides what the unbiased selects choose.
    pub(super) seed: u64,
    pub(super) channels: Vec<Room>,
    pub(super) steps: Vec<Step>,
}

/// The kind of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Room {
    Bounded(u8),
    Unbounded,
    /// Made by `never`: there is no sender.
    Never,
}

/// Names a channel.
pub(super) type At = u8;

/// Names one of the operations that were started and are not done.
pub(super) type Op = u8;

/// One step of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Makes the future of an operation, and polls it.
    Start(Operation),
    /// The same without the poll.
    Make(Operation),
    Poll(Op),
    /// Polls with another waker than the last time.
    PollElsewhere(Op),
    /// What `send_timeout` and `recv_timeout` do when the time is up; of other operations a poll.
    Stop(Op),
    Drop(Op),
    TrySend(At),
    TryRecv(At),
    Sender(End, At),
    Receiver(End, At),
}

/// What is done with an end of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Close,
    Clone,
    Drop,
    Downgrade,
    Upgrade,
}

/// An operation with a future of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Send(At),
    Recv(At),
    /// As an arrow in a block macro does it.
    SendArrow(At),
    RecvArrow(At),
    /// `send_timeout` whose time is up when it is polled first.
    SendExpired(At),
    RecvExpired(At),
    Stream(At),
    RecvMany(At, u8),
    RecvAny(Vec<At>),
    Select(Order, Else, Vec<Arm>),
}

/// Whether a select looks at its arms in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Biased,
    Random,
}

/// Whether a select has a default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Else {
    Wait,
    Default,
}

/// An arm of a select.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arm {
    Send(At),
    /// `tx <- mut value`: the value comes back if another arm wins.
    SendSlot(At),
    Recv(At),
    /// `Some(p) = <-rx`: goes off when it would give `None`.
    RecvSome(At),
    NilSend,
    NilRecv,
    /// Its guard is false.
    Disabled,
}

/// The most arms of a select.
pub(super) const MAX_ARMS: usize = 4;

impl Program {
    /// The program that follows from `seed`.
    pub(super) fn random(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let random = &mut random;
        let channels = (0..=random.below(3)).map(|_| room(random)).collect();
        // In half of the programs the channels stay open, or else most steps meet closed ones.
        let calm = random.below(2) == 0;
        let steps = 6 + random.below(30);
        Self {
            seed,
            channels,
            steps: (0..steps).map(|_| step(random, calm)).collect(),
        }
    }
}

fn room(random: &mut Random) -> Room {
    match random.below(40) {
        0..14 => Room::Bounded(0),
        14..32 => Room::Bounded(1 + random.below(3) as u8),
        32..39 => Room::Unbounded,
        _ => Room::Never,
    }
}

fn step(random: &mut Random, calm: bool) -> Step {
    let at = random.below(256) as u8;
    match random.below(if calm { 86 } else { 100 }) {
        0..38 => Step::Start(operation(random)),
        38..40 => Step::Make(operation(random)),
        40..48 => Step::Poll(at),
        48..53 => Step::PollElsewhere(at),
        53..58 => Step::Stop(at),
        58..67 => Step::Drop(at),
        67..76 => Step::TrySend(at),
        76..85 => Step::TryRecv(at),
        85 => Step::Sender(End::Clone, at),
        number => {
            // Drops and what they meet come often, and closing by hand seldom.
            let end = match number {
                86..88 => End::Close,
                88..90 => End::Clone,
                90..95 => End::Drop,
                95..97 => End::Downgrade,
                _ => End::Upgrade,
            };
            match random.below(2) {
                0 => Step::Sender(end, at),
                _ => Step::Receiver(end, at),
            }
        }
    }
}

fn operation(random: &mut Random) -> Operation {
    let at = random.below(256) as u8;
    match random.below(32) {
        0..5 => Operation::Send(at),
        5..10 => Operation::Recv(at),
        10..12 => Operation::SendArrow(at),
        12..14 => Operation::RecvArrow(at),
        14 => Operation::SendExpired(at),
        15 => Operation::RecvExpired(at),
        16..18 => Operation::Stream(at),
        18..20 => Operation::RecvMany(at, random.below(5) as u8),
        20..22 => {
            let many = random.below(1 + MAX_ARMS);
            Operation::RecvAny((0..many).map(|_| random.below(256) as u8).collect())
        }
        _ => select(random),
    }
}

fn select(random: &mut Random) -> Operation {
    let order = match random.below(3) {
        0 => Order::Random,
        _ => Order::Biased,
    };
    let otherwise = match random.below(6) {
        0 => Else::Default,
        _ => Else::Wait,
    };
    let many = 1 + random.below(MAX_ARMS);
    Operation::Select(order, otherwise, (0..many).map(|_| arm(random)).collect())
}

fn arm(random: &mut Random) -> Arm {
    let at = random.below(256) as u8;
    match random.below(24) {
        0..7 => Arm::Send(at),
        7..10 => Arm::SendSlot(at),
        10..16 => Arm::Recv(at),
        16..21 => Arm::RecvSome(at),
        21 => Arm::NilSend,
        22 => Arm::NilRecv,
        _ => Arm::Disabled,
    }
}

impl Step {
    /// All the numbers in it.
    pub(super) fn numbers(&mut self) -> Vec<&mut u8> {
        match self {
            Self::Start(operation) | Self::Make(operation) => operation.numbers(),
            Self::Poll(op) | Self::PollElsewhere(op) | Self::Stop(op) | Self::Drop(op) => vec![op],
            Self::TrySend(at) | Self::TryRecv(at) => vec![at],
            Self::Sender(_, at) | Self::Receiver(_, at) => vec![at],
        }
    }
}

impl Operation {
    fn numbers(&mut self) -> Vec<&mut u8> {
        match self {
            Self::Send(at) | Self::SendArrow(at) | Self::SendExpired(at) => vec![at],
            Self::Recv(at) | Self::RecvArrow(at) | Self::RecvExpired(at) | Self::Stream(at) => {
                vec![at]
            }
            Self::RecvMany(at, limit) => vec![at, limit],
            Self::RecvAny(channels) => channels.iter_mut().collect(),
            Self::Select(_, _, arms) => arms.iter_mut().filter_map(Arm::number).collect(),
        }
    }
}

impl Arm {
    fn number(&mut self) -> Option<&mut u8> {
        match self {
            Self::Send(at) | Self::SendSlot(at) | Self::Recv(at) | Self::RecvSome(at) => Some(at),
            Self::NilSend | Self::NilRecv | Self::Disabled => None,
        }
    }
}

/// As a test has it: what is printed can be put into one.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Program {{")?;
        writeln!(f, "    seed: {},", self.seed)?;
        writeln!(f, "    channels: vec!{:?},", self.channels)?;
        writeln!(f, "    steps: vec![")?;
        for step in &self.steps {
            writeln!(f, "        {step:?},")?;
        }
        write!(f, "    ],\n}}")
    }
}
