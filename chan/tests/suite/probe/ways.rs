//! Every way in which a waiting future comes to be dropped without another poll, and some in which it
//! is polled after all, which show that what is dropped elsewhere had been completed.

use std::future::Future;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, OnceLock, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

use chango_chan::{bounded, select};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::exit;
use chango_core::task::{JoinError, JoinHandle};
use chango_core::time::timeout;
use futures_lite::future::{block_on, or};

use super::kinds::Op;
use crate::support::{arm, arms, poll};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Drop,
    ReplaceBox,
    SetPinned,
    LoseInSelect,
    LoseInOr,
    LoseInOwnedSelect,
    Unwind,
    OtherThread,
    ForeignExecutor,
    Abort,
    Exit,
    UnwindInGoroutine,
    Shutdown,
    Timeout,
    /// Only where nothing completes it: the time is up with the poll that begins to wait.
    TimeoutAtOnce,
    /// Polled: the controls.
    Polled,
    PolledInGoroutine,
    PolledOnThread,
    PolledAtTimeout,
}

impl Way {
    /// Those that end it on the thread that completes it.
    pub(super) const HERE: [Self; 11] = [
        Self::Drop,
        Self::ReplaceBox,
        Self::SetPinned,
        Self::LoseInSelect,
        Self::LoseInOr,
        Self::LoseInOwnedSelect,
        Self::Unwind,
        Self::Timeout,
        Self::TimeoutAtOnce,
        Self::Polled,
        Self::PolledAtTimeout,
    ];

    /// Those that end it elsewhere.
    pub(super) const ELSEWHERE: [Self; 8] = [
        Self::OtherThread,
        Self::ForeignExecutor,
        Self::Abort,
        Self::Exit,
        Self::UnwindInGoroutine,
        Self::Shutdown,
        Self::PolledInGoroutine,
        Self::PolledOnThread,
    ];

    /// Whether the operation sees that it was completed.
    pub(super) fn polls(self) -> bool {
        matches!(
            self,
            Self::Polled | Self::PolledInGoroutine | Self::PolledOnThread | Self::PolledAtTimeout
        )
    }

    /// Whether it can only be had where nothing completes the operation.
    pub(super) fn needs_nothing(self) -> bool {
        self == Self::TimeoutAtOnce
    }

    /// Has `op` wait, calls `complete`, and ends `op` in this way.
    pub(super) fn run(self, op: Op, complete: &mut dyn FnMut()) {
        // Some operations have a timer.
        let handle = runtime().handle();
        let _entered = handle.enter();
        match self {
            Self::OtherThread | Self::ForeignExecutor | Self::PolledOnThread => {
                self.run_on_thread(op, complete);
            }
            Self::Abort | Self::Exit | Self::UnwindInGoroutine | Self::PolledInGoroutine => {
                self.run_in_goroutine(op, complete);
            }
            Self::Shutdown => shut_down(op, complete),
            _ => self.run_here(op, complete),
        }
    }

    fn run_here(self, mut op: Op, complete: &mut dyn FnMut()) {
        match self {
            Self::LoseInSelect | Self::LoseInOr | Self::LoseInOwnedSelect => {
                return self.lose(op, complete);
            }
            Self::TimeoutAtOnce => {
                let mut limited = Box::pin(timeout(Duration::ZERO, op));
                assert!(matches!(poll(&mut limited), Poll::Ready(Err(_))));
                drop(limited);
                return complete();
            }
            _ => assert!(poll(&mut op).is_pending()),
        }
        match self {
            Self::Drop => {
                complete();
                drop(op);
            }
            Self::ReplaceBox => {
                complete();
                op = Box::pin(async {});
                assert!(poll(&mut op).is_ready());
            }
            Self::SetPinned => {
                let mut slot = pin!(Some(op));
                complete();
                slot.set(None);
            }
            Self::Unwind => {
                complete();
                unwind(op);
            }
            Self::Timeout | Self::PolledAtTimeout => {
                complete();
                let gate = Gate::new();
                gate.set(if self.polls() { OPEN } else { HELD });
                let mut limited = Box::pin(timeout(Duration::ZERO, gate.around(op)));
                match poll(&mut limited) {
                    Poll::Ready(ended) => assert_eq!(ended.is_ok(), self.polls()),
                    Poll::Pending => panic!("the time is up"),
                }
            }
            _ => {
                complete();
                assert!(poll(&mut op).is_ready(), "it was completed");
            }
        }
    }

    /// Something beside it is ready first.
    fn lose(self, op: Op, complete: &mut dyn FnMut()) {
        let (go, going) = bounded::<()>(1);
        let first = async move { assert_eq!(going.recv().await, Some(())) };
        let mut both: Op = match self {
            Self::LoseInOr => Box::pin(or(first, op)),
            Self::LoseInSelect => Box::pin(async move {
                let (mut first, mut op) = (pin!(first), op);
                let arms = arms![select::future(first.as_mut()), select::future(op.as_mut())];
                assert!(matches!(select::wait_biased(arms).await, arm!(0, ())));
                // It outlives the select, and is dropped here.
            }),
            _ => Box::pin(async move {
                let arms = arms![select::future(first), select::future(op)];
                assert!(matches!(select::wait_biased(arms).await, arm!(0, ())));
            }),
        };
        assert!(poll(&mut both).is_pending());
        complete();
        go.try_send(()).unwrap();
        assert!(poll(&mut both).is_ready());
    }

    fn run_on_thread(self, mut op: Op, complete: &mut dyn FnMut()) {
        if self == Self::OtherThread {
            assert!(poll(&mut op).is_pending());
            complete();
            return thread::spawn(move || drop(op)).join().unwrap();
        }
        let gate = Gate::new();
        let gated = gate.around(op);
        let thread = thread::spawn(move || {
            let handle = runtime().handle();
            let _entered = handle.enter();
            block_on(gated)
        });
        gate.hold_once_it_waits();
        complete();
        gate.set(if self.polls() { OPEN } else { LEFT });
        assert_eq!(thread.join().unwrap().is_some(), self.polls());
    }

    fn run_in_goroutine(self, op: Op, complete: &mut dyn FnMut()) {
        let gate = Gate::new();
        let handle = gate.spawn_on(runtime(), op);
        complete();
        let ended = |handle| -> Result<_, JoinError> { block_on(handle) };
        match self {
            Self::Abort => {
                handle.abort();
                assert!(ended(handle).unwrap_err().is_aborted());
            }
            Self::Exit => {
                gate.set(EXITS);
                assert!(ended(handle).unwrap_err().is_exited());
            }
            Self::UnwindInGoroutine => {
                gate.set(UNWINDS);
                assert_eq!(ended(handle).unwrap(), None);
            }
            _ => {
                gate.set(OPEN);
                assert_eq!(ended(handle).unwrap(), Some(()));
            }
        }
    }
}

fn shut_down(op: Op, complete: &mut dyn FnMut()) {
    let runtime = Builder::new().workers(1).build().unwrap();
    let gate = Gate::new();
    let _handle = gate.spawn_on(&runtime, op);
    complete();
    assert!(runtime.shutdown_timeout(Duration::from_secs(60)));
}

/// Drops it while a panic unwinds.
fn unwind(op: Op) {
    let unwound = catch_unwind(AssertUnwindSafe(move || {
        let _op = op;
        // Quietly: no hook is called, and no goroutine reported.
        resume_unwind(Box::new(()));
    }));
    assert!(unwound.is_err());
}

/// One for all: most ways need no more of it than its timers.
pub(super) fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME.get_or_init(|| Builder::new().workers(2).build().unwrap())
}

const OPEN: u8 = 0;
/// It is not polled although it was woken, as by a combinator that has something better to do.
const HELD: u8 = 1;
const LEFT: u8 = 2;
const EXITS: u8 = 3;
const UNWINDS: u8 = 4;

/// Says what becomes of the future behind it when it is polled.
struct Gate {
    mode: AtomicU8,
    waker: Mutex<Option<Waker>>,
    waits: Mutex<mpsc::Sender<()>>,
    waiting: Mutex<mpsc::Receiver<()>>,
}

impl Gate {
    fn new() -> Arc<Self> {
        let (waits, waiting) = mpsc::channel();
        Arc::new(Self {
            mode: AtomicU8::new(OPEN),
            waker: Mutex::default(),
            waits: Mutex::new(waits),
            waiting: Mutex::new(waiting),
        })
    }

    fn around(self: &Arc<Self>, op: Op) -> Gated {
        Gated {
            gate: Arc::clone(self),
            op,
        }
    }

    /// Starts a goroutine and returns when it waits.
    fn spawn_on(self: &Arc<Self>, runtime: &Runtime, op: Op) -> JoinHandle<Option<()>> {
        let handle = runtime.spawn(self.around(op));
        self.hold_once_it_waits();
        handle
    }

    fn hold_once_it_waits(&self) {
        self.waiting.lock().unwrap().recv().unwrap();
        self.mode.store(HELD, Ordering::SeqCst);
    }

    fn set(&self, mode: u8) {
        self.mode.store(mode, Ordering::SeqCst);
        let waker = self.waker.lock().unwrap().take();
        waker.into_iter().for_each(Waker::wake);
    }
}

struct Gated {
    gate: Arc<Gate>,
    op: Op,
}

impl Future for Gated {
    type Output = Option<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<()>> {
        *self.gate.waker.lock().unwrap() = Some(cx.waker().clone());
        match self.gate.mode.load(Ordering::SeqCst) {
            OPEN => {
                let polled = self.op.as_mut().poll(cx);
                if polled.is_pending() {
                    self.gate.waits.lock().unwrap().send(()).unwrap();
                }
                polled.map(Some)
            }
            LEFT => Poll::Ready(None),
            EXITS => {
                let _ = pin!(exit()).poll(cx);
                Poll::Pending
            }
            UNWINDS => {
                unwind(mem::replace(&mut self.op, Box::pin(async {})));
                Poll::Ready(None)
            }
            _ => Poll::Pending,
        }
    }
}
