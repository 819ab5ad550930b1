//! The channels themselves, as a program uses them: ends, values that are counted, and futures.
//!
//! What must hold: an operation has ends of its own, which go after its future and in the order of
//! its arms; a value that was made and not dropped is counted, and one that is dropped twice is
//! told.

use std::cell::{Cell, RefCell};
use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake};

use futures_lite::Stream;

use super::program::Room;
use super::reference::{Arm, Form, Number, Output};
use crate::ops::{self, Started};
use crate::select::{self, Cons, Nil, RecvArm, Selected, SendArm, Slot, SomeArm, Won};
use crate::{
    Receiver, RecvTimeoutError, SendError, SendTimeoutError, Sender, WeakReceiver, WeakSender,
    bounded, never, recv_any, unbounded,
};

// ---------------------------------------------------------------------------------------------
// Values

#[derive(Default)]
struct Alive {
    /// By their numbers.
    values: Vec<bool>,
    count: usize,
    dropped_twice: bool,
}

thread_local! {
    static ALIVE: RefCell<Alive> = RefCell::default();
}

/// A value that is counted while it is there.
pub(super) struct Value(Number);

impl Value {
    pub(super) fn new(number: Number) -> Self {
        ALIVE.with_borrow_mut(|alive| {
            let at = number as usize;
            if alive.values.len() <= at {
                alive.values.resize(at + 1, false);
            }
            alive.values[at] = true;
            alive.count += 1;
        });
        Self(number)
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        ALIVE.with_borrow_mut(|alive| {
            match alive.values.get_mut(self.0 as usize) {
                Some(there @ true) => *there = false,
                // Not a panic: this may run while another one unwinds.
                _ => alive.dropped_twice = true,
            }
            alive.count = alive.count.wrapping_sub(1);
        });
    }
}

/// Begins to count for a new program.
pub(super) fn forget_values() {
    ALIVE.with_borrow_mut(|alive| {
        alive.values.clear();
        alive.count = 0;
        alive.dropped_twice = false;
    });
}

/// How many values there are, if none was dropped twice.
pub(super) fn values() -> Result<usize, &'static str> {
    ALIVE.with_borrow(|alive| match alive.dropped_twice {
        false => Ok(alive.count),
        true => Err("a value was dropped twice"),
    })
}

// ---------------------------------------------------------------------------------------------
// Ends

/// The ends of one channel that the program itself has.
#[derive(Default)]
pub(super) struct Ends {
    pub(super) senders: Vec<Sender<Value>>,
    pub(super) receivers: Vec<Receiver<Value>>,
    pub(super) weak_senders: Vec<WeakSender<Value>>,
    pub(super) weak_receivers: Vec<WeakReceiver<Value>>,
}

impl Ends {
    pub(super) fn new(room: Room) -> Self {
        let (sender, receiver) = match room {
            Room::Never => (None, never()),
            Room::Unbounded => {
                let (tx, rx) = unbounded();
                (Some(tx), rx)
            }
            Room::Bounded(capacity) => {
                let (tx, rx) = bounded(capacity.into());
                (Some(tx), rx)
            }
        };
        Self {
            senders: sender.into_iter().collect(),
            receivers: vec![receiver],
            ..Self::default()
        }
    }
}

// ---------------------------------------------------------------------------------------------
// Outputs. What was received is dropped here.

impl From<Result<(), SendError<Value>>> for Output {
    fn from(sent: Result<(), SendError<Value>>) -> Self {
        match sent {
            Ok(()) => Self::Sent,
            Err(error) => {
                let disconnected = error.is_disconnected();
                Self::Refused(error.into_inner().0, disconnected)
            }
        }
    }
}

impl From<Result<(), SendTimeoutError<Value>>> for Output {
    fn from(sent: Result<(), SendTimeoutError<Value>>) -> Self {
        match sent {
            Ok(()) => Self::Sent,
            Err(SendTimeoutError::Timeout(value)) => Self::Full(value.0),
            Err(SendTimeoutError::Closed(value)) => Self::Closed(value.0),
        }
    }
}

impl From<Result<Value, RecvTimeoutError>> for Output {
    fn from(received: Result<Value, RecvTimeoutError>) -> Self {
        match received {
            Ok(value) => Self::Received(value.0),
            Err(RecvTimeoutError::Timeout) => Self::Empty,
            Err(RecvTimeoutError::Closed) => Self::End,
        }
    }
}

impl From<Option<Value>> for Output {
    fn from(received: Option<Value>) -> Self {
        received.map_or(Self::End, |value| Self::Received(value.0))
    }
}

impl From<Value> for Output {
    fn from(received: Value) -> Self {
        Self::Received(received.0)
    }
}

impl From<Vec<Value>> for Output {
    fn from(received: Vec<Value>) -> Self {
        Self::Many(received.into_iter().map(|value| value.0).collect())
    }
}

impl From<&Value> for Number {
    fn from(value: &Value) -> Self {
        value.0
    }
}

// ---------------------------------------------------------------------------------------------
// Operations

/// Counts its wake-ups.
#[derive(Default)]
pub(super) struct Flag(AtomicUsize);

impl Flag {
    pub(super) fn woken(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn lower(&self) {
        self.0.store(0, Ordering::Relaxed);
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

type Boxed = Pin<Box<dyn Future<Output = (usize, Output)>>>;

/// An operation that is not done.
pub(super) enum Operation {
    /// And what says that its time is up.
    Future(Boxed, Rc<Cell<bool>>),
    Stream(Receiver<Value>),
}

impl Operation {
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Option<(usize, Output)> {
        let polled = match self {
            Self::Future(future, _) => future.as_mut().poll(cx),
            Self::Stream(receiver) => Pin::new(receiver)
                .poll_next(cx)
                .map(|next| (0, next.into())),
        };
        match polled {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    pub(super) fn stop(&self) {
        if let Self::Future(_, stop) = self {
            stop.set(true);
        }
    }
}

/// The operation that the reference has by the same description.
pub(super) fn operation(ends: &[Ends], form: Form, arms: &[Arm]) -> Operation {
    let stop = Rc::new(Cell::new(false));
    let sender = |arm: &Arm| arm.channel.map(|at| ends[at].senders[0].clone());
    let receiver = |arm: &Arm| arm.channel.map(|at| ends[at].receivers[0].clone());
    let future = match form {
        Form::Select { biased, default } => {
            let places = arms.iter().map(|&arm| Place {
                arm,
                sender: arm.value.and_then(|_| sender(&arm)),
                receiver: if arm.value.is_none() {
                    receiver(&arm)
                } else {
                    None
                },
                slot: arm
                    .value
                    .map_or_else(Slot::empty, |value| Slot::new(Value::new(value))),
            });
            select_of(places.collect(), biased, default)
        }
        Form::Any => any(arms.iter().filter_map(receiver).collect()),
        _ => match arms[0].value {
            Some(value) => {
                let sender = sender(&arms[0]).expect("a plain operation has its end");
                send(form, sender, Value::new(value), Rc::clone(&stop))
            }
            None => {
                let receiver = receiver(&arms[0]).expect("a plain operation has its end");
                if form == Form::Stream {
                    return Operation::Stream(receiver);
                }
                receive(form, receiver, Rc::clone(&stop))
            }
        },
    };
    Operation::Future(future, stop)
}

fn send(form: Form, tx: Sender<Value>, value: Value, stop: Rc<Cell<bool>>) -> Boxed {
    match form {
        Form::Arrow => Box::pin(async move {
            match ops::send_to(&tx).start(value) {
                Started::Sent => (0, Output::Sent),
                Started::Waiting(wait) => (0, wait.value().await.into()),
            }
        }),
        Form::Expired => {
            Box::pin(async move { (0, tx.send_timeout(value, Default::default()).await.into()) })
        }
        _ => Box::pin(async move {
            let mut send = pin!(tx.send(value));
            let stopped = |stopped| match stopped {
                Ok(()) => Output::Sent,
                Err((value, true)) => Output::Closed(Number::from(&value)),
                Err((value, false)) => Output::Full(Number::from(&value)),
            };
            poll_fn(|cx| match stop.get() {
                true => Poll::Ready((0, stopped(send.as_mut().stop()))),
                false => send.as_mut().poll(cx).map(|sent| (0, sent.into())),
            })
            .await
        }),
    }
}

fn receive(form: Form, rx: Receiver<Value>, stop: Rc<Cell<bool>>) -> Boxed {
    match form {
        Form::Arrow => Box::pin(async move {
            match ops::receive(&rx).now() {
                Poll::Ready(received) => (0, received.into()),
                Poll::Pending => (0, ops::receive(&rx).wait().await.into()),
            }
        }),
        Form::Expired => {
            Box::pin(async move { (0, rx.recv_timeout(Default::default()).await.into()) })
        }
        Form::Many(limit) => Box::pin(async move {
            let mut values = vec![];
            let count = rx.recv_many(&mut values, limit).await;
            assert_eq!(count, values.len(), "recv_many miscounts");
            (0, values.into())
        }),
        _ => Box::pin(async move {
            let mut receive = pin!(rx.recv());
            let stopped = |stopped| match stopped {
                Ok(value) => Output::from(Some(value)),
                Err(true) => Output::End,
                Err(false) => Output::Empty,
            };
            poll_fn(|cx| match stop.get() {
                true => Poll::Ready((0, stopped(receive.as_mut().stop()))),
                false => receive
                    .as_mut()
                    .poll(cx)
                    .map(|received| (0, received.into())),
            })
            .await
        }),
    }
}

fn any(receivers: Vec<Receiver<Value>>) -> Boxed {
    Box::pin(async move {
        let (at, received) = recv_any(&receivers).await;
        (at, received.into())
    })
}

// ---------------------------------------------------------------------------------------------
// Select

/// What an arm of a select works with.
struct Place {
    arm: Arm,
    sender: Option<Sender<Value>>,
    receiver: Option<Receiver<Value>>,
    slot: Slot<Value>,
}

type Recv<'a> = RecvArm<&'a Option<Receiver<Value>>>;
type RecvSome<'a> = SomeArm<RecvArm<&'a Option<Receiver<Value>>>>;
type Send<'a> = SendArm<'a, &'a Option<Sender<Value>>>;

/// Stands at a place in a list of arms: one of the three is on, or none. So all lists of so many
/// places are of one type.
const KINDS: usize = 3;

impl Place {
    fn arms(&mut self) -> (Option<Recv<'_>>, Option<RecvSome<'_>>, Option<Send<'_>>) {
        let Self {
            arm,
            sender,
            receiver,
            slot,
        } = self;
        match arm {
            Arm { off: true, .. } => (None, None, None),
            Arm {
                value: Some(_),
                slot: true,
                ..
            } => (None, None, Some(select::send_slot(sender, slot))),
            Arm { value: Some(_), .. } => (None, None, Some(select::send(sender, slot.take()))),
            Arm { some: true, .. } => (None, Some(select::recv_some(receiver)), None),
            Arm { .. } => (Some(select::recv(receiver)), None, None),
        }
    }
}

/// Finds out by its type where in a list an output stands.
trait Flatten {
    fn flatten(self, before: usize) -> (usize, Output);
}

impl Flatten for Infallible {
    fn flatten(self, _before: usize) -> (usize, Output) {
        match self {}
    }
}

impl<T: Into<Output>, L: Flatten> Flatten for Won<T, L> {
    fn flatten(self, before: usize) -> (usize, Output) {
        match self {
            Self::This(output) => (before / KINDS, output.into()),
            Self::Later(later) => later.flatten(before + 1),
        }
    }
}

fn outcome<L: Flatten>(selected: Selected<L>, places: &mut [Place]) -> (usize, Output) {
    let (winner, output) = match selected {
        Selected::Arm(won) => {
            let (at, output) = won.flatten(0);
            (Some(at), output)
        }
        Selected::Default => (None, Output::Default),
        Selected::Disabled => (None, Output::Disabled),
    };
    for (at, place) in places.iter_mut().enumerate() {
        if place.arm.slot && Some(at) != winner {
            // Panics if it is not there.
            drop(place.slot.take());
        }
    }
    (winner.unwrap_or(0), output)
}

macro_rules! list {
    () => { Nil };
    ($first:ident $($rest:ident)*) => {
        Cons::new($first.0, Cons::new($first.1, Cons::new($first.2, list!($($rest)*))))
    };
}

macro_rules! boxed_select {
    ($places:ident, $wait:path, $($place:ident)*) => {
        Box::pin(async move {
            let mut places = $places;
            let selected = {
                let [$($place),*] = &mut *places else {
                    unreachable!("so many places were counted");
                };
                $(let $place = $place.arms();)*
                $wait(list!($($place)*)).await
            };
            outcome(selected, &mut places)
        })
    };
}

macro_rules! select_in_mode {
    ($places:ident, $wait:path) => {
        match $places.len() {
            1 => boxed_select!($places, $wait, a),
            2 => boxed_select!($places, $wait, a b),
            3 => boxed_select!($places, $wait, a b c),
            4 => boxed_select!($places, $wait, a b c d),
            more => unreachable!("{more} arms"),
        }
    };
}

fn select_of(places: Vec<Place>, biased: bool, default: bool) -> Boxed {
    match (biased, default) {
        (false, false) => select_in_mode!(places, select::wait),
        (true, false) => select_in_mode!(places, select::wait_biased),
        (false, true) => select_in_mode!(places, select::poll_default),
        (true, true) => select_in_mode!(places, select::poll_default_biased),
    }
}
