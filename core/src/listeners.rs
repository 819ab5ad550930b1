//! Who listens to which signal, and who tells him.
//!
//! The handlers set a bit for each number (`sys::Raised`) and end the netpoller's poll; `sysmon` takes the
//! bits, as it does for SIGQUIT's dump, and tells the listeners: it alone, so a listener is never told two
//! things at once. What must hold:
//!
//! * no lock is held while a listener is told, asked or dropped;
//! * a signal has one handler of a runtime's at most: of two, the second could set the bit after it was taken,
//!   and one signal would be two;
//! * once [`Signals::listen`] has returned no signal is missed: a listener is in the list before anybody
//!   who takes the bits can look at it;
//! * who says that nobody hears him any more is dropped at the next signal, at the next call of it, or when
//!   the runtime falls asleep, and the handlers that he alone needed are taken back.
//!
//! Not through `primitive`: there are no signals in a model.

use std::ffi::c_int;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::sys::{Numbers, Raised, Watched};

/// Somebody who wants to be told of signals.
pub trait Listener: Send + Sync {
    /// The signal `number` was raised, once or more often since this was last called.
    ///
    /// The runtime's own thread says so, which must not be made to wait.
    fn raised(&self, number: c_int);

    /// Whether nobody hears it any more. True once, it stays true.
    fn is_gone(&self) -> bool;
}

/// The signals of a runtime.
pub(crate) struct Signals {
    raised: Raised,
    listeners: Mutex<Listeners>,
    /// How many listeners there are. Written under the lock, read by everyone.
    count: AtomicUsize,
}

#[derive(Default)]
struct Listeners {
    all: Vec<Listening>,
    /// The handlers: one for each number that somebody listens to, and for the runtime's own.
    watched: Vec<(c_int, Watched)>,
    /// What the runtime itself wants to know.
    own: Numbers,
    /// The runtime has shut down.
    closed: bool,
}

#[derive(Clone)]
struct Listening {
    numbers: Numbers,
    listener: Arc<dyn Listener>,
}

impl Signals {
    /// Without listeners. What is raised ends the poll of `waker`.
    pub(crate) fn new(waker: Arc<mio::Waker>) -> Self {
        Self {
            raised: Raised::new(waker),
            listeners: Mutex::default(),
            count: AtomicUsize::new(0),
        }
    }

    /// Until the runtime ends the signal is noted, for [`take`](Self::take) to give.
    ///
    /// # Errors
    ///
    /// As [`Raised::watch`].
    pub(crate) fn watch(&self, number: c_int) -> io::Result<()> {
        let mut listeners = self.lock();
        if !listeners.is_watched(number) {
            let watched = self.raised.watch(number)?;
            listeners.watched.push((number, watched));
        }
        listeners.own = listeners.own.with_number(number);
        Ok(())
    }

    /// Whether one has come and nobody has taken note. See [`Raised::is_any`].
    pub(crate) fn is_raised(&self) -> bool {
        self.raised.is_any()
    }

    /// All that have come, to be delivered by the caller.
    pub(crate) fn take(&self) -> Numbers {
        self.raised.take()
    }

    /// From now on `listener` is told of these, as `signal::listen` says.
    pub(crate) fn listen(&self, numbers: &[c_int], listener: Arc<dyn Listener>) -> io::Result<()> {
        self.forget_gone();
        let mut listeners = self.lock();
        if listeners.closed {
            // It is dropped, which says so to whoever hears it.
            drop(listeners);
            return Ok(());
        }
        let mut set = Numbers::NONE;
        let mut watched = Vec::new();
        for &number in numbers {
            let is_new = !set.has(number) && !listeners.is_watched(number);
            if is_new {
                watched.push((number, self.raised.watch(number)?));
            }
            set = set.with_number(number);
        }
        listeners.watched.append(&mut watched);
        listeners.all.push(Listening {
            numbers: set,
            listener,
        });
        self.count.store(listeners.all.len(), Ordering::SeqCst);
        Ok(())
    }

    /// Tells the listeners what was raised. One thread at a time does so.
    pub(crate) fn deliver(&self, raised: Numbers) {
        for Listening { numbers, listener } in self.all() {
            for number in numbers.iter().filter(|&number| raised.has(number)) {
                listener.raised(number);
            }
        }
        self.forget_gone();
    }

    /// Whether somebody listens, so that a signal could wake him.
    pub(crate) fn is_listened_to(&self) -> bool {
        self.forget_gone();
        self.count.load(Ordering::SeqCst) > 0
    }

    /// Drops the listeners that nobody hears any more.
    pub(crate) fn forget_gone(&self) {
        // Relaxed: who misses one that was added just now has nothing to do about it.
        if self.count.load(Ordering::Relaxed) == 0 {
            return;
        }
        let mut gone = self.all();
        gone.retain(|listening| listening.listener.is_gone());
        if gone.is_empty() {
            return;
        }
        {
            let mut listeners = self.lock();
            listeners.all.retain(|listening| {
                let is_it = |other: &Listening| Arc::ptr_eq(&other.listener, &listening.listener);
                !gone.iter().any(is_it)
            });
            self.count.store(listeners.all.len(), Ordering::SeqCst);
            listeners.drop_unneeded();
        }
        // Their last pointers are here.
        drop(gone);
    }

    /// The runtime has shut down: nobody is told any more, now or later.
    pub(crate) fn close(&self) {
        let dropped = {
            let mut listeners = self.lock();
            let closed = Listeners {
                closed: true,
                ..Listeners::default()
            };
            self.count.store(0, Ordering::SeqCst);
            std::mem::replace(&mut *listeners, closed)
        };
        drop(dropped);
    }

    /// The listeners of this moment.
    fn all(&self) -> Vec<Listening> {
        self.lock().all.clone()
    }

    fn lock(&self) -> MutexGuard<'_, Listeners> {
        self.listeners
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Listeners {
    fn is_watched(&self, number: c_int) -> bool {
        self.watched.iter().any(|watched| watched.0 == number)
    }

    /// Drops the handlers of signals to which nobody listens any more: under the lock, so that nobody can
    /// register another one beside.
    fn drop_unneeded(&mut self) {
        let sets = self.all.iter().map(|listening| listening.numbers);
        let needed = sets.fold(self.own, Numbers::with);
        self.watched.retain(|watched| needed.has(watched.0));
    }
}

impl fmt::Debug for Signals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signals")
            .field("raised", &self.raised)
            .field("listeners", &self.count)
            .finish_non_exhaustive()
    }
}

#[cfg(unix)]
#[cfg(all(test, not(loom)))]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::sync::mpsc;

    use super::*;
    use crate::sys::number::{SIGCHLD, SIGUSR1, SIGUSR2, SIGWINCH};

    fn signals() -> Signals {
        let poll = mio::Poll::new().unwrap();
        let waker = mio::Waker::new(poll.registry(), mio::Token(7)).unwrap();
        Signals::new(Arc::new(waker))
    }

    fn set(numbers: &[c_int]) -> Numbers {
        let sets = numbers.iter().filter_map(|&number| Numbers::of(number));
        sets.fold(Numbers::NONE, Numbers::with)
    }

    /// Sends on what it is told, until it is gone.
    struct Notes {
        told: mpsc::Sender<c_int>,
        gone: Arc<AtomicBool>,
        signals: Arc<Signals>,
    }

    impl Listener for Notes {
        fn raised(&self, number: c_int) {
            assert!(self.signals.listeners.try_lock().is_ok());
            self.told.send(number).unwrap();
        }

        fn is_gone(&self) -> bool {
            assert!(self.signals.listeners.try_lock().is_ok());
            self.gone.load(Ordering::Relaxed)
        }
    }

    impl Drop for Notes {
        fn drop(&mut self) {
            assert!(self.signals.listeners.try_lock().is_ok());
        }
    }

    fn listen(
        signals: &Arc<Signals>,
        numbers: &[c_int],
    ) -> (io::Result<()>, mpsc::Receiver<c_int>, Arc<AtomicBool>) {
        let (told, hears) = mpsc::channel();
        let gone = Arc::new(AtomicBool::new(false));
        let notes = Notes {
            told,
            gone: Arc::clone(&gone),
            signals: Arc::clone(signals),
        };
        (signals.listen(numbers, Arc::new(notes)), hears, gone)
    }

    fn watched(signals: &Signals) -> Vec<c_int> {
        let mut watched: Vec<_> = signals.lock().watched.iter().map(|one| one.0).collect();
        watched.sort_unstable();
        watched
    }

    #[test]
    fn each_listener_is_told_of_its_own_signals_in_the_order_of_their_numbers() {
        let signals = Arc::new(signals());
        let (listens, first, _) = listen(&signals, &[SIGUSR2, SIGUSR1, SIGUSR2]);
        listens.unwrap();
        let (listens, second, _) = listen(&signals, &[SIGUSR1, SIGWINCH]);
        listens.unwrap();
        signals.deliver(set(&[SIGUSR2, SIGUSR1]));
        signals.deliver(set(&[SIGCHLD]));
        signals.deliver(set(&[SIGUSR1]));
        let mut ordered = [SIGUSR1, SIGUSR2];
        ordered.sort_unstable();
        assert_eq!(
            first.try_iter().collect::<Vec<_>>(),
            [&ordered[..], &[SIGUSR1]].concat()
        );
        assert_eq!(second.try_iter().collect::<Vec<_>>(), [SIGUSR1, SIGUSR1]);
    }

    #[test]
    fn a_listener_that_is_gone_is_dropped_with_the_handlers_that_it_alone_needed() {
        let ways: [fn(&Arc<Signals>); 4] = [
            |signals| signals.deliver(set(&[SIGCHLD])),
            |signals| drop(listen(signals, &[SIGUSR1])),
            |signals| assert!(signals.is_listened_to()),
            |signals| signals.forget_gone(),
        ];
        for way in ways {
            let signals = Arc::new(signals());
            let (listens, first, gone) = listen(&signals, &[SIGUSR1, SIGUSR2]);
            listens.unwrap();
            let (listens, second, last) = listen(&signals, &[SIGUSR1, SIGWINCH]);
            listens.unwrap();
            gone.store(true, Ordering::Relaxed);
            way(&signals);
            assert_eq!(first.try_recv(), Err(mpsc::TryRecvError::Disconnected));
            assert_eq!(second.try_recv(), Err(mpsc::TryRecvError::Empty));
            let mut left = [SIGUSR1, SIGWINCH];
            left.sort_unstable();
            assert_eq!(watched(&signals), left);
            last.store(true, Ordering::Relaxed);
            signals.forget_gone();
            assert_eq!(second.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        }
    }

    #[test]
    fn what_the_runtime_itself_wants_to_know_has_one_handler_that_stays() {
        let signals = Arc::new(signals());
        signals.watch(SIGUSR1).unwrap();
        let (listens, _hears, gone) = listen(&signals, &[SIGUSR1, SIGUSR2]);
        listens.unwrap();
        let mut both = [SIGUSR1, SIGUSR2];
        both.sort_unstable();
        assert_eq!(watched(&signals), both);
        gone.store(true, Ordering::Relaxed);
        signals.forget_gone();
        assert_eq!(watched(&signals), [SIGUSR1]);
        signals.close();
        assert_eq!(watched(&signals), []);
    }

    #[test]
    fn nobody_listens_once_the_last_listener_is_gone() {
        let signals = Arc::new(signals());
        assert!(!signals.is_listened_to());
        let (listens, _hears, gone) = listen(&signals, &[SIGUSR1]);
        listens.unwrap();
        assert!(signals.is_listened_to());
        gone.store(true, Ordering::Relaxed);
        assert!(!signals.is_listened_to());
        assert_eq!(watched(&signals), []);
    }

    #[test]
    fn of_a_list_with_a_signal_that_may_not_be_caught_none_is_listened_to() {
        const SIGKILL: c_int = 9;
        let signals = Arc::new(signals());
        for wrong in [SIGKILL, 0, -1, 65] {
            let (listens, hears, _) = listen(&signals, &[SIGUSR1, wrong]);
            assert_eq!(listens.unwrap_err().kind(), io::ErrorKind::InvalidInput);
            assert_eq!(hears.try_recv(), Err(mpsc::TryRecvError::Disconnected));
            assert_eq!(watched(&signals), []);
            assert!(!signals.is_listened_to());
        }
    }

    #[test]
    fn the_end_of_the_runtime_drops_all_listeners_and_those_that_come_later() {
        let signals = Arc::new(signals());
        let (listens, before, _) = listen(&signals, &[SIGUSR1]);
        listens.unwrap();
        signals.close();
        let (listens, after, _) = listen(&signals, &[SIGUSR1]);
        listens.unwrap();
        for hears in [before, after] {
            assert_eq!(hears.try_recv(), Err(mpsc::TryRecvError::Disconnected));
        }
        assert_eq!(watched(&signals), []);
        assert!(!signals.is_listened_to());
    }
}
