//! Wakers and destructors that panic, or use the channel they belong to, in every operation.
//!
//! What must hold: nothing of the user's runs under the lock, or these would hang; each value still
//! has exactly one end; the channel goes on working, and no receiver or sender is counted that is
//! gone; a waker that panics when it is dropped troubles nobody.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, RawWaker, RawWakerVTable, Waker};

use chango_chan::{bounded, ops, select};

use super::kinds::{Op, ReceiveKind, SENT, SendKind};
use super::ways::runtime;
use super::{Bench, CAPACITIES, probe, receive, send};
use crate::ledger::Hook;
use crate::support::{arm, arms, poll};

/// What a waker does, once it is armed, besides its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Foe {
    /// Uses the channel whatever is done to it.
    Meddles,
    PanicsCloned,
    PanicsWoken,
    PanicsDropped,
    PanicsAlways,
    /// Does as it is told.
    Turns,
}

const FOES: [Foe; 5] = [
    Foe::Meddles,
    Foe::PanicsCloned,
    Foe::PanicsWoken,
    Foe::PanicsDropped,
    Foe::PanicsAlways,
];

/// When it begins to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// Before the first poll.
    AtOnce,
    /// When the operation waits and is polled with another waker.
    PolledAgain,
    /// When the operation waits and the other side acts.
    Acting,
    /// When the operation was completed and is polled for the result.
    Ending,
    /// When it is dropped.
    Dropping,
}

const WHENS: [When; 5] = [
    When::AtOnce,
    When::PolledAgain,
    When::Acting,
    When::Ending,
    When::Dropping,
];

struct State {
    foe: Foe,
    armed: Arc<AtomicBool>,
    meddle: Hook,
}

/// Whether a waker could not use its channel.
static HINDERED: AtomicBool = AtomicBool::new(false);

impl State {
    fn act(&self, panics: bool) {
        if !self.armed.load(Ordering::SeqCst) {
            return;
        }
        if self.foe == Foe::Meddles {
            // Some panics of a waker end where it is let go: that it could not use the channel must
            // not be one of them.
            let meddled = catch_unwind(AssertUnwindSafe(|| (self.meddle)()));
            if let Err(panic) = meddled {
                HINDERED.store(true, Ordering::SeqCst);
                resume_unwind(panic);
            }
        } else if self.foe == Foe::Turns {
            (self.meddle)();
        } else if panics || self.foe == Foe::PanicsAlways {
            // Quietly: no hook is called.
            resume_unwind(Box::new(()));
        }
    }
}

static TABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// Each of them is unlike all others.
fn waker(foe: Foe, armed: &Arc<AtomicBool>, meddle: &Hook) -> Waker {
    let state = Arc::new(State {
        foe,
        armed: Arc::clone(armed),
        meddle: Arc::clone(meddle),
    });
    // SAFETY: the table's functions keep the count of the `Arc` behind the data.
    unsafe { Waker::from_raw(RawWaker::new(Arc::into_raw(state).cast(), &TABLE)) }
}

/// # Safety
///
/// The waker in hand, whose data it is, owns a count of it, and lives as long.
unsafe fn state<'a>(data: *const ()) -> &'a State {
    // SAFETY: what the caller promises.
    unsafe { &*data.cast::<State>() }
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: the data of a waker that is there.
    let state = unsafe { state(data) };
    state.act(state.foe == Foe::PanicsCloned);
    // SAFETY: as above.
    unsafe { Arc::increment_strong_count(data.cast::<State>()) };
    RawWaker::new(data, &TABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: waking by value gives up the waker's count.
    let state = unsafe { Arc::from_raw(data.cast::<State>()) };
    state.act(state.foe == Foe::PanicsWoken);
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: the data of a waker that is there.
    let state = unsafe { state(data) };
    state.act(state.foe == Foe::PanicsWoken);
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: the waker's count is given up once.
    let state = unsafe { Arc::from_raw(data.cast::<State>()) };
    state.act(state.foe == Foe::PanicsDropped);
}

/// Uses the channel in every way that does not wait, as long as it has ends.
fn meddle(bench: &Bench, takes: bool) -> Hook {
    thread_local! {
        static BUSY: Cell<bool> = const { Cell::new(false) };
    }
    let (tx, rx) = (bench.tx().downgrade(), bench.rx().downgrade());
    Arc::new(move || {
        // Its own wakers and values are not to call it for ever.
        if BUSY.replace(true) {
            return;
        }
        if let Some(tx) = tx.upgrade() {
            let _ = (tx.len(), tx.is_closed(), tx.is_full(), tx.clone());
            let _ = format!("{tx:?}");
        }
        if let Some(rx) = rx.upgrade() {
            let _ = (rx.len(), rx.receiver_count(), rx.clone());
            if takes {
                let mut receive = Box::pin(rx.recv());
                if let Poll::Ready(Some(value)) = poll(&mut receive) {
                    value.receive();
                }
                if let Ok(value) = rx.try_recv() {
                    value.receive();
                }
            }
        }
        BUSY.set(false);
    })
}

/// The life of one operation, each step of which may panic; whether one did.
struct Life {
    op: Option<Op>,
    foe: Foe,
    armed: Arc<AtomicBool>,
    meddle: Hook,
    has_panicked: bool,
}

impl Life {
    fn step(&mut self, is_armed: bool, step: impl FnOnce(&mut Option<Op>)) {
        self.armed.store(is_armed, Ordering::SeqCst);
        let op = &mut self.op;
        let stepped = catch_unwind(AssertUnwindSafe(|| step(op)));
        self.armed.store(false, Ordering::SeqCst);
        self.has_panicked |= stepped.is_err();
    }

    fn poll(&mut self, is_armed: bool) {
        if self.has_panicked {
            // No executor would.
            return;
        }
        // It is dropped when it is harmless again: what the operation has is what matters.
        let waker = waker(self.foe, &self.armed, &self.meddle);
        self.step(is_armed, |op| {
            if let Some(waiting) = op
                && waiting
                    .as_mut()
                    .poll(&mut Context::from_waker(&waker))
                    .is_ready()
            {
                *op = None;
            }
        });
    }

    fn run(&mut self, when: When, act: impl FnOnce()) {
        self.poll(when == When::AtOnce);
        self.poll(when == When::PolledAgain);
        if !self.has_panicked {
            self.step(when == When::Acting, |_| act());
        }
        if when == When::Ending {
            self.poll(true);
        }
        self.step(when != When::AtOnce, |op| *op = None);
    }
}

/// Runs one cell, and says whether something panicked that had no reason to.
fn run(mut bench: Bench, op: Op, foe: Foe, when: When, act: impl FnOnce(&mut Bench)) -> bool {
    // Before the other side has acted there is nothing to be taken but what it counts on.
    let takes = !matches!(when, When::AtOnce | When::PolledAgain);
    let mut life = Life {
        op: Some(op),
        foe,
        armed: Arc::new(AtomicBool::new(false)),
        meddle: meddle(&bench, takes),
        has_panicked: false,
    };
    life.run(when, || act(&mut bench));
    ends_well(bench);
    assert!(!HINDERED.swap(false, Ordering::SeqCst), "the lock is held");
    life.has_panicked && matches!(foe, Foe::Meddles | Foe::PanicsDropped)
}

/// What was held by nobody but the operation is gone with it, and the channel works.
fn ends_well(bench: Bench) {
    bench.ledger.set_hook(None);
    let open = bench.rx.as_ref().is_some_and(|rx| !rx.is_closed());
    if let (Some(tx), Some(rx)) = (&bench.tx, &bench.rx) {
        assert_eq!((tx.sender_count(), rx.receiver_count()), (1, 1));
    }
    bench.drain();
    if bench.tx.is_some() {
        let sent = bench.try_send(super::LAST);
        assert_eq!(sent, open && bench.capacity != Some(0), "the last send");
    }
    let ledger = bench.ledger.clone();
    drop(bench);
    ledger.settle();
}

/// Calls `cell` with every foe at every time.
fn each_foe(mut cell: impl FnMut(Foe, When)) {
    for foe in FOES {
        for when in WHENS {
            cell(foe, when);
        }
    }
}

#[test]
fn a_waker_that_misbehaves_around_a_receive_costs_no_value() {
    let handle = runtime().handle();
    let _entered = handle.enter();
    let cells = Cell::new(0);
    for (kind, capacity, act) in receives() {
        each_foe(|foe, when| {
            let name = format_args!("{kind:?}, {capacity:?}, {act:?}, {foe:?}, {when:?}");
            probe(name, &cells, || {
                let bench = Bench::new(capacity);
                let mut earlier = act.earlier(&bench);
                let op = kind.op(bench.rx().clone());
                let panicked = run(bench, op, foe, when, move |bench| {
                    act.run(bench, &mut earlier);
                });
                assert!(!panicked, "without a reason");
            });
        });
    }
    println!("wakers of receives: {} cells", cells.get());
}

#[test]
fn a_waker_that_misbehaves_around_a_send_costs_no_value() {
    let handle = runtime().handle();
    let _entered = handle.enter();
    let cells = Cell::new(0);
    for (kind, capacity, act) in sends() {
        each_foe(|foe, when| {
            let name = format_args!("{kind:?}, {capacity}, {act:?}, {foe:?}, {when:?}");
            probe(name, &cells, || {
                let bench = Bench::new(Some(capacity));
                (1..=capacity).for_each(|id| assert!(bench.try_send(id)));
                let op = kind.op(bench.tx().clone(), &bench.ledger);
                let panicked = run(bench, op, foe, when, |bench| act.run(bench));
                let may = kind == SendKind::Statement && act.closes();
                assert!(!panicked || may, "without a reason");
            });
        });
    }
    println!("wakers of sends: {} cells", cells.get());
}

/// What the destructors of values do.
#[derive(Clone, Copy, Debug)]
enum Destructor {
    Meddles,
    /// That of the nth value to go; a second panic beside the first would end any program.
    Panics(usize),
}

const DESTRUCTORS: [Destructor; 4] = [
    Destructor::Meddles,
    Destructor::Panics(0),
    Destructor::Panics(1),
    Destructor::Panics(2),
];

impl Destructor {
    fn hook(self, bench: &Bench) -> Hook {
        match self {
            Self::Meddles => meddle(bench, true),
            Self::Panics(at) => {
                let gone = AtomicUsize::new(0);
                Arc::new(move || {
                    if gone.fetch_add(1, Ordering::SeqCst) == at {
                        resume_unwind(Box::new(()));
                    }
                })
            }
        }
    }
}

fn run_with_destructors(
    mut bench: Bench,
    mut op: Op,
    destructor: Destructor,
    act: impl FnOnce(&mut Bench),
) {
    assert!(poll(&mut op).is_pending());
    bench.ledger.set_hook(Some(destructor.hook(&bench)));
    let ledger = bench.ledger.clone();
    let stepped = |step: &mut dyn FnMut()| {
        let _ = catch_unwind(AssertUnwindSafe(step));
    };
    let mut act = Some(act);
    stepped(&mut || {
        if let Some(act) = act.take() {
            act(&mut bench);
        }
    });
    let mut op = Some(op);
    stepped(&mut || drop(op.take()));
    if let (Some(tx), Some(rx)) = (&bench.tx, &bench.rx) {
        assert_eq!((tx.sender_count(), rx.receiver_count()), (1, 1));
        // Something is there when the last receiver goes.
        stepped(&mut || drop(tx.try_send(ledger.value(super::LAST))));
    }
    stepped(&mut || drop(bench.rx.take()));
    if let Some(tx) = &bench.tx {
        assert!(tx.is_closed());
        assert_eq!(tx.len(), 0);
    }
    ledger.set_hook(None);
    ledger.settle();
}

#[test]
fn a_destructor_that_misbehaves_costs_no_other_value() {
    let handle = runtime().handle();
    let _entered = handle.enter();
    let cells = Cell::new(0);
    for destructor in DESTRUCTORS {
        for (kind, capacity, act) in receives() {
            let name = format_args!("{kind:?}, {capacity:?}, {act:?}, {destructor:?}");
            probe(name, &cells, || {
                let bench = Bench::new(capacity);
                let mut earlier = act.earlier(&bench);
                let op = kind.op(bench.rx().clone());
                run_with_destructors(bench, op, destructor, move |bench| {
                    act.run(bench, &mut earlier);
                });
            });
        }
        for (kind, capacity, act) in sends() {
            let name = format_args!("{kind:?}, {capacity}, {act:?}, {destructor:?}");
            probe(name, &cells, || {
                let bench = Bench::new(Some(capacity));
                (1..=capacity).for_each(|id| assert!(bench.try_send(id)));
                let op = kind.op(bench.tx().clone(), &bench.ledger);
                run_with_destructors(bench, op, destructor, |bench| act.run(bench));
            });
        }
    }
    println!("destructors: {} cells", cells.get());
}

fn receives() -> impl Iterator<Item = (ReceiveKind, Option<usize>, receive::Act)> {
    ReceiveKind::ALL.into_iter().flat_map(|kind| {
        let capacities = CAPACITIES.into_iter();
        capacities.flat_map(move |capacity| receive::Act::ALL.map(|act| (kind, capacity, act)))
    })
}

fn sends() -> impl Iterator<Item = (SendKind, usize, send::Act)> {
    SendKind::ALL.into_iter().flat_map(|kind| {
        let capacities = send::CAPACITIES.into_iter();
        capacities.flat_map(move |capacity| send::Act::ALL.map(|act| (kind, capacity, act)))
    })
}

/// A waker whose first clone runs `first`, and which uses the channel and then panics at whatever is
/// done to it later.
fn turning(bench: &Bench, first: impl Fn() + Send + Sync + 'static) -> (Waker, Arc<AtomicBool>) {
    let (calls, meddle) = (AtomicUsize::new(0), meddle(bench, false));
    let hook: Hook = Arc::new(move || {
        if calls.fetch_add(1, Ordering::SeqCst) == 0 {
            return first();
        }
        let meddled = catch_unwind(AssertUnwindSafe(|| meddle()));
        HINDERED.fetch_or(meddled.is_err(), Ordering::SeqCst);
        resume_unwind(Box::new(()))
    });
    let armed = Arc::new(AtomicBool::new(true));
    (waker(Foe::Turns, &armed, &hook), armed)
}

#[test]
fn what_came_while_the_waker_was_cloned_is_not_lost_over_the_drop_of_the_clone() {
    // Each of these is tried in vain, clones its waker, and then finds itself done.
    for kind in ReceiveKind::ALL {
        let bench = Bench::new(Some(1));
        let (tx, ledger) = (bench.tx().clone(), bench.ledger.clone());
        let (waker, armed) = turning(&bench, move || tx.try_send(ledger.value(1)).unwrap());
        let mut op = kind.op(bench.rx().clone());
        let polled = op.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_ready(), "{kind:?}");
        assert!(!HINDERED.swap(false, Ordering::SeqCst), "the lock is held");
        armed.store(false, Ordering::SeqCst);
        assert_eq!(bench.ledger.received(), [1], "{kind:?}");
    }
    for kind in SendKind::ALL {
        let bench = Bench::new(Some(1));
        assert!(bench.try_send(1));
        let rx = bench.rx().clone();
        let (waker, armed) = turning(&bench, move || rx.try_recv().unwrap().receive());
        let mut op = kind.op(bench.tx().clone(), &bench.ledger);
        let polled = op.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_ready(), "{kind:?}");
        assert!(!HINDERED.swap(false, Ordering::SeqCst), "the lock is held");
        armed.store(false, Ordering::SeqCst);
        bench.drain();
        assert_eq!(bench.ledger.received(), [1, SENT], "{kind:?}");
    }
}

/// Polls once with a waker that panics when it is cloned, and from then on with a good one.
fn panics_and_goes_on<F: Future>(future: F, complete: impl FnOnce()) -> F::Output {
    let mut future = Box::pin(future);
    let (armed, nothing) = (Arc::new(AtomicBool::new(true)), Arc::new(|| ()));
    let bad = waker(Foe::PanicsCloned, &armed, &(nothing as Hook));
    let polled = catch_unwind(AssertUnwindSafe(|| {
        future
            .as_mut()
            .poll(&mut Context::from_waker(&bad))
            .is_ready()
    }));
    assert!(polled.is_err());
    armed.store(false, Ordering::SeqCst);
    assert!(poll(&mut future).is_pending());
    complete();
    match poll(&mut future) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it was completed"),
    }
}

#[test]
fn an_operation_goes_on_after_its_waker_panicked_when_it_was_cloned() {
    let (tx, rx) = bounded(0);
    let send = |value| {
        let tx = &tx;
        move || assert_eq!(tx.try_send(value), Ok(()))
    };
    assert_eq!(panics_and_goes_on(rx.recv(), send(1)), Some(1));
    let arrow = ops::receive(&rx).wait();
    assert_eq!(panics_and_goes_on(arrow, send(2)), Some(2));
    let any = select::wait(arms![select::recv(&rx), select::recv(&rx)]);
    let won = panics_and_goes_on(any, send(3));
    assert!(matches!(won, arm!(0, Some(3)) | arm!(1, Some(3))));
    let sent = panics_and_goes_on(tx.send(4), || assert_eq!(rx.try_recv(), Ok(4)));
    assert_eq!(sent, Ok(()));
    let select = select::wait(arms![select::send(&tx, 5)]);
    let won = panics_and_goes_on(select, || assert_eq!(rx.try_recv(), Ok(5)));
    assert!(matches!(won, arm!(0, Ok(()))));
    assert!(tx.try_send(6).is_err(), "nobody is left in the queue");
}
