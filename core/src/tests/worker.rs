//! Where a worker looks next: its search on one thread, without the loop around it.
//!
//! The runtime of these tests has no threads. The test is the worker, and another one, if there is one,
//! never moves but where the test says so.

use std::collections::VecDeque;
use std::future::{pending, poll_fn};
use std::panic::Location;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc as StdArc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;

use super::*;
use crate::netpoll::Polled;
use crate::runtime::Deadlock;
use crate::sched::GATHERING;
use crate::sched::steal::STALLED;
use crate::timer::Entry;
use crate::trace::Debug;

/// A runtime with as many workers, and no thread.
pub(in crate::sched) fn runtime(workers: usize) -> Arc<Shared> {
    let shared = crate::sched::new(crate::runtime::Config {
        workers,
        follows: None,
        // Nor can one be had.
        max_threads: 0,
        name: String::new(),
        debug: Debug::default(),
        deadlock: Deadlock::Panic,
        fails_when_silent: false,
    });
    let shared = shared.expect("a runtime without threads");
    for _ in 0..workers {
        shared.add_remote();
    }
    shared
}

/// Has this thread be worker 0.
fn as_worker_0(shared: &Arc<Shared>, f: impl FnOnce(&Worker)) {
    let remote = shared.remote(0);
    remote.answer(AWAY);
    let worker = Worker::new(Arc::clone(shared), 0, owner(&remote), false);
    current::as_worker(&worker, || f(&worker));
    drop(worker);
    shared.tidy_up();
}

pub(in crate::sched) fn owner(remote: &Remote) -> Owner<Header> {
    let owner = remote.owner.lock().expect("nobody panics with it").take();
    owner.expect("nobody else has it")
}

/// Spawns from outside: into the global queue.
fn spawn(shared: &Arc<Shared>, future: impl Future<Output = ()> + Send + 'static) {
    drop(Shared::spawn(
        shared,
        future,
        None,
        Location::caller(),
        false,
    ));
}

/// Spawns a goroutine that never ends, and takes it out of the queue.
pub(in crate::sched) fn runnable(shared: &Arc<Shared>) -> Runnable {
    spawn(shared, pending());
    shared.global.pop(1, |_| {}).expect("it was queued")
}

/// A connection's goroutine: each time that it is woken it says so, and waits again.
struct Connections {
    wakers: Mutex<Vec<Option<Waker>>>,
    served: Mutex<VecDeque<usize>>,
}

impl Connections {
    async fn serve(self: StdArc<Self>, number: usize) {
        poll_fn(|cx| -> Poll<()> {
            self.wakers.lock().unwrap()[number] = Some(cx.waker().clone());
            self.served.lock().unwrap().push_back(number);
            Poll::Pending
        })
        .await;
    }

    fn wake(&self, number: usize) {
        let waker = self.wakers.lock().unwrap()[number].take();
        waker.expect("it waits").wake();
    }
}

#[test]
fn of_more_connections_than_a_queue_holds_each_gets_its_turn_while_all_are_busy() {
    const CONNECTIONS: usize = 2 * CAPACITY as usize;
    let shared = runtime(1);
    let connections = StdArc::new(Connections {
        wakers: Mutex::new(vec![None; CONNECTIONS]),
        served: Mutex::default(),
    });
    for number in 0..CONNECTIONS {
        spawn(&shared, StdArc::clone(&connections).serve(number));
    }
    as_worker_0(&shared, |worker| {
        let mut last = vec![0; CONNECTIONS];
        let mut longest = 0;
        for turn in 0..20 * CONNECTIONS {
            worker.take_up(worker.find_work().expect("all are busy"));
            if turn % FAIRNESS as usize != 0 && turn != CONNECTIONS {
                continue;
            }
            // What the netpoller does while a worker is busy: who was served is asked again.
            let served = std::mem::take(&mut *connections.served.lock().unwrap());
            for number in served {
                longest = longest.max(turn - last[number]);
                last[number] = turn;
                connections.wake(number);
            }
        }
        // The first of all comes after some of the second round, since one in 61 turns is not its queue's.
        let latest = 20 * CONNECTIONS - last.iter().min().unwrap();
        assert!(
            longest.max(latest) < 2 * CONNECTIONS,
            "one of {CONNECTIONS} was served after {longest} turns, or not for {latest}"
        );
    });
}

/// Looks for who has stalled, until all others have been looked at twice; all at that moment.
fn rescued(worker: &Worker, now: Instant) -> bool {
    (0..6).any(|_| worker.rescue_at(now).is_some())
}

/// Runs `f` as worker 0 beside a worker with this in its hands, while somebody sleeps for long.
fn beside(fill: impl FnOnce(&mut Owner<Header>, &Arc<Shared>), f: impl FnOnce(&Worker, &Remote)) {
    let shared = runtime(2);
    let other = shared.remote(1);
    fill(&mut owner(&other), &shared);
    as_worker_0(&shared, |worker| {
        let mut sleep = pin!(crate::time::sleep(Duration::from_secs(3600)));
        let _ = sleep.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        f(worker, &other);
    });
}

fn push(queue: &mut Owner<Header>, shared: &Arc<Shared>) {
    let pushed = queue.push(runnable(shared).into_raw());
    assert!(pushed.is_ok(), "there is room");
}

#[test]
fn what_stands_behind_a_worker_that_stalls_is_taken_before_files_are_looked_at() {
    beside(push, |worker, _| {
        let now = clock::now();
        assert!(!rescued(worker, now), "nobody knows yet that it stalls");
        assert!(!rescued(worker, now + STALLED / 2));
        assert!(rescued(worker, now + STALLED));
        assert!(!worker.shared().sysmon.is_told(), "nothing waits here");
        assert!(!rescued(worker, now + 9 * STALLED), "there was one");
    });
}

#[test]
fn what_comes_with_it_is_left_to_sysmon() {
    let push_three = |queue: &mut Owner<Header>, shared: &Arc<Shared>| {
        (0..3).for_each(|_| push(queue, shared));
    };
    beside(push_three, |worker, _| {
        let now = clock::now();
        assert!(!rescued(worker, now));
        assert!(!worker.shared().sysmon.is_told());
        assert!(rescued(worker, now + STALLED));
        assert!(worker.shared().sysmon.is_told());
    });
}

#[test]
fn what_a_worker_that_stalls_would_run_next_is_taken_too() {
    let put_next = |queue: &mut Owner<Header>, shared: &Arc<Shared>| {
        assert_eq!(queue.put_next(runnable(shared).into_raw()), None);
    };
    beside(put_next, |worker, _| {
        let now = clock::now();
        assert!(!rescued(worker, now));
        assert!(rescued(worker, now + STALLED));
    });
}

#[test]
fn a_worker_that_moves_keeps_what_it_has() {
    beside(push, |worker, other| {
        let now = clock::now();
        for turn in 0..3 {
            assert!(!rescued(worker, now + turn * STALLED));
            other.begin_poll();
        }
        assert!(!rescued(worker, now + 3 * STALLED));
    });
}

#[test]
fn a_worker_that_had_nothing_does_not_stall_when_something_comes() {
    let shared = runtime(2);
    let task = runnable(&shared);
    let mut queue = owner(&shared.remote(1));
    as_worker_0(&shared, |worker| {
        let now = clock::now();
        // From here on it is the one that is looked at.
        assert!(worker.rescue_at(now).is_none());
        assert!(queue.push(task.into_raw()).is_ok());
        assert!(!rescued(worker, now + 9 * STALLED));
        assert!(rescued(worker, now + 10 * STALLED));
    });
}

#[test]
fn nobody_is_suspected_where_there_is_nothing_to_look_at_but_queues() {
    let shared = runtime(2);
    push(&mut owner(&shared.remote(1)), &shared);
    as_worker_0(&shared, |worker| {
        assert!(worker.rescue().is_none());
        let suspect = worker.core.borrow().suspect.at;
        assert_eq!(suspect, 0, "its queue is stolen from in any case");
        assert!(worker.find_work().is_some());
    });
}

#[test]
fn a_goroutine_of_a_batch_stands_behind_those_that_wait_already() {
    let shared = runtime(1);
    let connections = StdArc::new(Connections {
        wakers: Mutex::new(vec![None; 2]),
        served: Mutex::default(),
    });
    spawn(&shared, StdArc::clone(&connections).serve(0));
    spawn(&shared, StdArc::clone(&connections).serve(1));
    as_worker_0(&shared, |worker| {
        for _ in 0..2 {
            worker.take_up(worker.find_work().expect("it was spawned"));
        }
        connections.served.lock().unwrap().clear();
        // The first comes from outside, as what was spilled does.
        std::thread::scope(|scope| scope.spawn(|| connections.wake(0)).join().unwrap());
        connections.wake(1);
        for _ in 0..2 {
            worker.take_up(worker.find_work().expect("it was woken"));
        }
        assert_eq!(*connections.served.lock().unwrap(), [0, 1]);
    });
}

#[test]
fn those_who_come_again_and_again_leave_turns_to_the_global_queue() {
    for yielders in [10, 3 * CAPACITY as usize / 4, 2 * CAPACITY as usize] {
        leave_turns(yielders);
    }
}

fn leave_turns(yielders: usize) {
    let shared = runtime(1);
    let connections = StdArc::new(Connections {
        wakers: Mutex::new(vec![None; 2 * CAPACITY as usize]),
        served: Mutex::default(),
    });
    as_worker_0(&shared, |worker| {
        // They are always in the worker's queue.
        for _ in 0..yielders {
            spawn(&shared, async {
                loop {
                    crate::spawn::yield_now().await;
                }
            });
        }
        // Those who have come from outside.
        let (shared, theirs) = (&shared, &connections);
        let outside = || (0..2 * CAPACITY as usize).map(|n| StdArc::clone(theirs).serve(n));
        std::thread::scope(|scope| {
            let spawned = scope.spawn(|| outside().for_each(|served| spawn(shared, served)));
            spawned.join().unwrap();
        });
        for _ in 0..10 * CAPACITY {
            worker.take_up(worker.find_work().expect("ten never end"));
        }
        assert_eq!(
            connections.served.lock().unwrap().len(),
            2 * CAPACITY as usize
        );
    });
}

#[test]
fn what_another_worker_runs_next_is_taken_only_behind_a_long_poll() {
    let shared = runtime(2);
    let other = shared.remote(1);
    assert_eq!(owner(&other).put_next(runnable(&shared).into_raw()), None);
    as_worker_0(&shared, |worker| {
        assert!(worker.find_work().is_none(), "it is between two polls");
        other.begin_poll();
        assert!(worker.find_work().is_none(), "it has just begun");
        let named = other.polls.load(Ordering::Relaxed);
        other.long.store(named, Ordering::Relaxed);
        other.end_poll();
        other.begin_poll();
        assert!(worker.find_work().is_none(), "another poll took long");
        let named = other.polls.load(Ordering::Relaxed);
        other.long.store(named, Ordering::Relaxed);
        assert!(worker.find_work().is_some());
    });
}

/// Who is spawned by worker 0, where a poll takes as many nanoseconds, until the other worker is called.
fn spawned_until_called(mean: u64) -> usize {
    let shared = runtime(2);
    shared.remote(1).answer(AWAY);
    assert!(shared.idle.sleep(1, false, || false));
    let mut spawned = 0;
    as_worker_0(&shared, |worker| {
        worker.core.borrow_mut().pace.mean = mean;
        while shared.idle.snapshot().spinning == 0 && spawned < 100 {
            spawn(&shared, pending());
            spawned += 1;
        }
        assert!(spawned < 100 || shared.sysmon.is_told());
    });
    spawned
}

#[test]
fn another_worker_is_called_for_as_much_as_it_is_worth_and_else_sysmon_is_told() {
    assert_eq!(spawned_until_called(u64::from(u32::MAX)), 1);
    assert_eq!(spawned_until_called(CALL), 1);
    assert_eq!(spawned_until_called(CALL / 10), 10);
    assert_eq!(spawned_until_called(1), 100);
}

#[test]
fn a_pair_whose_slice_is_renewed_leaves_turns_to_the_queue() {
    let shared = runtime(1);
    let wakers = StdArc::new(Mutex::new([const { None::<Waker> }; 2]));
    let ran = StdArc::new(AtomicBool::new(false));
    as_worker_0(&shared, |worker| {
        for here in 0..2 {
            let wakers = StdArc::clone(&wakers);
            spawn(&shared, async move {
                poll_fn(|cx| -> Poll<()> {
                    let mut wakers = wakers.lock().unwrap();
                    wakers[here] = Some(cx.waker().clone());
                    let other = wakers[1 - here].take();
                    drop(wakers);
                    other.into_iter().for_each(Waker::wake);
                    Poll::Pending
                })
                .await;
            });
        }
        worker.take_up(worker.find_work().expect("the pair"));
        worker.take_up(worker.find_work().expect("the pair"));
        let seen = StdArc::clone(&ran);
        let outside = |count: usize| {
            std::thread::scope(|scope| {
                let spawn_all = || (0..count).for_each(|_| spawn(&shared, async {}));
                scope.spawn(spawn_all).join().unwrap();
            });
        };
        outside(10);
        std::thread::scope(|scope| {
            let last = async move { seen.store(true, Ordering::Relaxed) };
            scope.spawn(|| spawn(&shared, last)).join().unwrap();
        });
        for turn in 0..3_000 {
            if ran.load(Ordering::Relaxed) {
                return;
            }
            if turn % FAIRNESS == 0 {
                outside(1);
            }
            worker.take_up(worker.find_work().expect("the pair"));
        }
        panic!("it did not run beside a pair");
    });
}

#[test]
fn what_a_waker_of_somebody_else_spawns_is_run() {
    struct Spawns(Arc<Shared>);
    impl std::task::Wake for Spawns {
        fn wake(self: StdArc<Self>) {
            spawn(&self.0, pending());
        }
    }
    let shared = runtime(1);
    as_worker_0(&shared, |worker| {
        let mut sleep = pin!(crate::time::sleep(Duration::from_millis(1)));
        let waker = Waker::from(StdArc::new(Spawns(Arc::clone(&shared))));
        let _ = sleep.as_mut().poll(&mut Context::from_waker(&waker));
        while worker.find_work().is_none() {}
    });
}

#[test]
fn a_timer_that_comes_just_after_others_waits_until_more_may_have_come() {
    let shared = runtime(1);
    let ring = |after: Duration| {
        let mut entry = pin!(Entry::new());
        let due = clock::now() + after;
        let waker = Waker::noop().clone().into();
        let (_, old) = entry.as_mut().arm(shared.timers.shard(0), Some(due), waker);
        drop(old);
        while shared.sleep_in_poller().is_none_or(|wake| wake.is_empty()) {}
        assert!(clock::now() >= due, "never early");
        Duration::from_nanos(shared.rung.load(Ordering::Relaxed))
    };
    let waits = |_: &i32| {
        let first = ring(Duration::from_millis(1));
        ring(Duration::from_micros(1)) >= first + GATHERING
    };
    // A signal may end a sleep before; and one that does not wait is as late where the thread is kept from the
    // processor.
    let waited = (0..10).filter(waits).count();
    assert!(waited >= 8, "{waited} of 10");
    shared.tidy_up();
}

#[test]
fn who_finds_somebody_else_in_the_netpoller_sleeps_until_he_is_called_or_it_is_his_turn() {
    let shared = runtime(1);
    let remote = shared.remote(0);
    let netpoll = &shared.netpoll;
    let look = |limit| netpoll.try_poll(limit, &mut WakeList::new());
    as_worker_0(&shared, |worker| {
        thread::scope(|scope| {
            // A test's look below may send this one away.
            let other = scope.spawn(move || while look(None) == Polled::Busy {});
            while look(Some(Duration::from_nanos(1))) != Polled::Busy {
                thread::yield_now();
            }
            scope.spawn(|| {
                while !remote.parker.is_asleep() {
                    thread::yield_now();
                }
                shared.unpark(&remote);
            });
            assert!(worker.sleep_in_netpoller().is_none(), "it was called");
            scope.spawn(move || {
                netpoll.interrupt();
                other.join().unwrap();
                netpoll.interrupt();
            });
            let woken = worker.sleep_in_netpoller();
            assert!(woken.is_some_and(|wake| wake.is_empty()), "its turn");
        });
    });
}
