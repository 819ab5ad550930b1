//! Makes a program that fails as small as it can, so that somebody can read why it fails.
//!
//! What must hold: what comes out fails as what went in does, and ceases to if any one step is taken
//! out of it or made simpler.

use super::program::{Arm, Else, End, Operation, Order, Program, Room, Step};

/// The smallest program near `program` of which `fails` is true, as it is of `program`.
pub(super) fn shrink(program: Program, mut fails: impl FnMut(&Program) -> bool) -> Program {
    let mut best = program;
    loop {
        let before = best.clone();
        remove_chunks(&mut best, &mut fails);
        remove_pairs(&mut best, &mut fails);
        simplify_channels(&mut best, &mut fails);
        simplify_steps(&mut best, &mut fails);
        if best == before {
            return best;
        }
    }
}

/// Takes `other` instead if it fails as well.
fn take_if(best: &mut Program, other: Program, fails: &mut impl FnMut(&Program) -> bool) -> bool {
    let taken = other != *best && fails(&other);
    if taken {
        *best = other;
    }
    taken
}

/// Takes steps out: half of them at once, a quarter, and in the end one by one.
fn remove_chunks(best: &mut Program, fails: &mut impl FnMut(&Program) -> bool) {
    let mut chunk = best.steps.len().div_ceil(2);
    while chunk > 0 {
        // From the end, since what comes after the failure is of no use to it.
        let mut end = best.steps.len();
        while end > 0 {
            let start = end.saturating_sub(chunk);
            let mut other = best.clone();
            other.steps.drain(start..end);
            take_if(best, other, fails);
            end = start.min(best.steps.len());
        }
        chunk /= 2;
    }
}

/// Takes two steps out at once. Operations are named by their places among those that are there, so
/// without the start of one the names of others change; without its start and its drop they do not.
fn remove_pairs(best: &mut Program, fails: &mut impl FnMut(&Program) -> bool) {
    let mut first = 0;
    while first < best.steps.len() {
        let removed = (first + 1..best.steps.len()).any(|second| {
            let mut other = best.clone();
            other.steps.remove(second);
            other.steps.remove(first);
            take_if(best, other, fails)
        });
        first += usize::from(!removed);
    }
}

fn simplify_channels(best: &mut Program, fails: &mut impl FnMut(&Program) -> bool) {
    for at in (0..best.channels.len()).rev() {
        if best.channels.len() > 1 {
            let mut other = best.clone();
            other.channels.remove(at);
            if take_if(best, other, fails) {
                continue;
            }
        }
        for room in simpler_rooms(best.channels[at]) {
            let mut other = best.clone();
            other.channels[at] = room;
            if take_if(best, other, fails) {
                break;
            }
        }
    }
}

fn simplify_steps(best: &mut Program, fails: &mut impl FnMut(&Program) -> bool) {
    for number in 0..best.steps.len() {
        // The simplest comes first; what is still not the simplest has its turn again.
        while simpler_steps(&best.steps[number]).into_iter().any(|step| {
            let mut other = best.clone();
            other.steps[number] = step;
            take_if(best, other, fails)
        }) {}
    }
}

/// What is simpler than `room`, and so must not lead back to it.
fn simpler_rooms(room: Room) -> Vec<Room> {
    match room {
        Room::Bounded(capacity) => (0..capacity).map(Room::Bounded).collect(),
        Room::Unbounded => (0..4).map(Room::Bounded).collect(),
        Room::Never => (0..4).map(Room::Bounded).chain([Room::Unbounded]).collect(),
    }
}

/// Steps that are simpler than `step`, the simplest first.
fn simpler_steps(step: &Step) -> Vec<Step> {
    let mut simpler = match step {
        Step::Start(operation) => simpler_operations(operation, Step::Start),
        Step::Make(operation) => simpler_operations(operation, Step::Make),
        &Step::PollElsewhere(op) | &Step::Stop(op) => vec![Step::Poll(op)],
        &Step::Sender(End::Drop, at) => vec![Step::Sender(End::Close, at)],
        &Step::Receiver(End::Drop, at) => vec![Step::Receiver(End::Close, at)],
        _ => vec![],
    };
    // Each of its numbers made smaller. Nobody needs a greater one than there are operations at once.
    let mut other = step.clone();
    for number in 0..other.numbers().len() {
        let before = *other.numbers()[number];
        for smaller in 0..before.min(20) {
            *other.numbers()[number] = smaller;
            simpler.push(other.clone());
        }
        *other.numbers()[number] = before;
    }
    simpler
}

fn simpler_operations(operation: &Operation, step: fn(Operation) -> Step) -> Vec<Step> {
    let simpler = match operation {
        &Operation::Send(at) => return vec![Step::TrySend(at)],
        &Operation::Recv(at) => return vec![Step::TryRecv(at)],
        &(Operation::SendArrow(at) | Operation::SendExpired(at)) => vec![Operation::Send(at)],
        &(Operation::RecvArrow(at)
        | Operation::RecvExpired(at)
        | Operation::Stream(at)
        | Operation::RecvMany(at, _)) => vec![Operation::Recv(at)],
        Operation::RecvAny(from) if from.is_empty() => vec![],
        Operation::RecvAny(from) => {
            let arms = from.iter().map(|&at| Arm::Recv(at)).collect();
            vec![Operation::Select(Order::Biased, Else::Wait, arms)]
        }
        Operation::Select(order, otherwise, arms) => simpler_selects(*order, *otherwise, arms),
    };
    simpler.into_iter().map(step).collect()
}

fn simpler_selects(order: Order, otherwise: Else, arms: &[Arm]) -> Vec<Operation> {
    let mut simpler = vec![];
    match *arms {
        [Arm::Send(at)] => simpler.push(Operation::Send(at)),
        [Arm::Recv(at)] => simpler.push(Operation::Recv(at)),
        _ => {}
    }
    let same = |arms| Operation::Select(order, otherwise, arms);
    for at in (0..arms.len()).filter(|_| arms.len() > 1) {
        let mut fewer = arms.to_vec();
        fewer.remove(at);
        simpler.push(same(fewer));
    }
    if otherwise == Else::Default {
        simpler.push(Operation::Select(order, Else::Wait, arms.to_vec()));
    }
    if order == Order::Random {
        simpler.push(Operation::Select(Order::Biased, otherwise, arms.to_vec()));
    }
    for (number, &arm) in arms.iter().enumerate() {
        let mut other = arms.to_vec();
        other[number] = match arm {
            Arm::SendSlot(at) => Arm::Send(at),
            Arm::RecvSome(at) => Arm::Recv(at),
            _ => continue,
        };
        simpler.push(same(other));
    }
    simpler
}
