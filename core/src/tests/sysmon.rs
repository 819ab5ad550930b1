//! Whom `sysmon` calls: its looks at one worker beside one that idles, without their threads.

use std::sync::mpsc;

use super::*;
use crate::runtime::Builder;
use crate::sched::current;
use crate::sched::run_queue::Owner;
use crate::sched::worker::tests::{owner, runnable, runtime};
use crate::spawn::spawn;
use crate::task::{Header, Runnable};

/// Runs `f` with worker 1's queue and a goroutine for it, while worker 0 idles.
fn beside_idle(f: impl FnOnce(&mut Watch<'_>, &mut Owner<Header>, Runnable)) {
    let shared = runtime(2);
    // As long as nobody idles, nobody is called for it.
    let task = runnable(&shared);
    let remote = shared.remote(1);
    remote.answer(super::super::AWAY);
    shared.remote(0).answer(super::super::AWAY);
    assert!(shared.idle.sleep(0, false, || false));
    let mut watch = Watch::new(&shared);
    shared.hear_of_others(&mut watch.workers, Watched::new);
    f(&mut watch, &mut owner(&remote), task);
    shared.tidy_up();
}

impl Watch<'_> {
    /// How often worker 1 has lost its right after a look at it, so long after it was new.
    fn retakes_after(&mut self, new: Instant, stayed: Duration) -> u64 {
        let done = self.look_at(1, new + stayed);
        let retakes = self.worker().retakes.get();
        assert_eq!(done, retakes > 0 || stayed >= SLICE);
        retakes
    }

    /// A look at worker 1, some microseconds after the last.
    fn calls(&mut self) -> bool {
        let is_called = self.look_at(1, clock::now());
        let spinning = self.shared.idle.snapshot().spinning;
        assert_eq!(is_called, spinning == 1, "it says so if it has called");
        is_called
    }

    fn worker(&self) -> &Remote {
        &self.workers[1].remote
    }
}

/// The pauses before its next looks, all of which are in vain.
fn pauses(rhythm: &mut Rhythm, looks: usize) -> Vec<Duration> {
    let look = |_| {
        let pause = rhythm.next_pause();
        rhythm.looked_in_vain();
        pause
    };
    (0..looks).map(look).collect()
}

#[test]
fn it_looks_less_and_less_where_it_finds_nothing() {
    let mut rhythm = Rhythm::new();
    let pauses = pauses(&mut rhythm, PATIENCE as usize + 10);
    let (often, seldom) = pauses.split_at(PATIENCE as usize + 1);
    assert!(often.iter().all(|&pause| pause == SHORTEST));
    let expected = (1..).map(|doubled| LONGEST.min(SHORTEST * 2_u32.pow(doubled)));
    assert!(seldom.iter().copied().eq(expected.take(seldom.len())));
    assert_eq!(seldom.last(), Some(&LONGEST));
}

#[test]
fn what_was_left_to_it_has_three_looks_and_then_it_looks_as_often_as_before() {
    let mut rhythm = Rhythm::new();
    pauses(&mut rhythm, PATIENCE as usize + 100);
    for _ in 0..2 {
        rhythm.look_again_and_again();
        let shortest = [SHORTEST; ENOUGH as usize];
        // The look that is due sees what was left as well.
        rhythm.looked_in_vain();
        assert_eq!(pauses(&mut rhythm, shortest.len()), shortest);
        assert_eq!(pauses(&mut rhythm, 2), [LONGEST; 2]);
    }
    // Again before the three are over: three more.
    rhythm.look_again_and_again();
    rhythm.looked_in_vain();
    pauses(&mut rhythm, 2);
    rhythm.look_again_and_again();
    rhythm.looked_in_vain();
    assert_eq!(
        pauses(&mut rhythm, 4),
        [SHORTEST, SHORTEST, SHORTEST, LONGEST]
    );
    // More than three are left, and none is lost.
    let mut rhythm = Rhythm::new();
    rhythm.look_again_and_again();
    assert_eq!(
        pauses(&mut rhythm, PATIENCE as usize),
        [SHORTEST; PATIENCE as usize]
    );
}

#[test]
fn what_stands_in_a_queue_from_one_look_to_the_next_has_a_worker_called() {
    beside_idle(|watch, queue, task| {
        assert!(queue.push(task.into_raw()).is_ok());
        for _ in 0..2 {
            watch.worker().begin_poll();
            watch.worker().end_poll();
        }
        assert!(!watch.calls(), "it may have come this moment");
        watch.worker().begin_poll();
        watch.worker().end_poll();
        assert!(watch.calls());
    });
}

/// Has worker 1's queue turn several times between two looks, with something in it at each; whether somebody is
/// called at the second. Each turn takes `poll`; `returns` goroutines came back by themselves; `more` stand in the
/// queue at the second look than at the first.
fn turning_queue_calls(poll: Duration, returns: u64, more: u32) -> bool {
    const TURNS: u32 = 10;
    let mut is_called = false;
    beside_idle(|watch, queue, task| {
        let task = task.into_raw();
        assert!(queue.push(task).is_ok());
        let now = clock::now();
        assert!(!watch.look_at(1, now));
        for _ in 0..TURNS {
            assert_eq!(queue.pop(), Some(task));
            assert!(queue.push(task).is_ok());
        }
        // Nobody takes any of them out, so one goroutine does for all.
        (0..more).for_each(|_| assert!(queue.push(task).is_ok()));
        watch.worker().counters.returns.add(returns);
        is_called = watch.look_at(1, now + poll * TURNS);
    });
    is_called
}

#[test]
fn those_who_are_woken_for_moments_one_after_the_other_have_nobody_called() {
    assert!(!turning_queue_calls(WORTH / 2, 0, 0));
    assert!(!turning_queue_calls(WORTH / 2, 4, 0));
    assert!(!turning_queue_calls(WORTH / 2, 0, MANY - 2));
}

#[test]
fn whoever_has_waited_since_the_last_look_has_a_worker_called() {
    beside_idle(|watch, queue, task| {
        let task = task.into_raw();
        // One stands for all: who was last at the first look is first at the second.
        (0..3).for_each(|_| assert!(queue.push(task).is_ok()));
        let now = clock::now();
        assert!(!watch.look_at(1, now));
        for _ in 0..2 {
            assert_eq!(queue.pop(), Some(task));
            assert!(queue.push(task).is_ok());
        }
        assert!(watch.look_at(1, now + WORTH));
    });
}

#[test]
fn very_many_have_a_worker_called_for_half_of_them() {
    assert!(turning_queue_calls(WORTH / 2, 0, MANY - 1));
}

#[test]
fn those_who_come_back_by_themselves_have_a_worker_called() {
    assert!(turning_queue_calls(WORTH / 2, 5, 0));
}

#[test]
fn those_who_keep_their_worker_busy_have_another_one_called() {
    assert!(turning_queue_calls(WORTH, 0, 0));
}

#[test]
fn a_queue_that_was_empty_meanwhile_calls_nobody() {
    beside_idle(|watch, queue, task| {
        let task = task.into_raw();
        for _ in 0..3 {
            assert!(queue.push(task).is_ok());
            assert!(!watch.calls());
            assert_eq!(queue.pop(), Some(task));
            assert!(!watch.calls());
        }
    });
}

#[test]
fn what_would_run_next_has_a_worker_called_only_behind_a_long_poll() {
    beside_idle(|watch, queue, task| {
        assert_eq!(queue.put_next(task.into_raw()), None);
        for _ in 0..3 {
            assert!(!watch.calls(), "between two polls it is about to run");
        }
        assert!(!watch.worker().is_in_long_poll());
        watch.worker().begin_poll();
        // Nobody ends it, so this look lasts until it is long.
        assert!(watch.calls());
        assert!(watch.worker().is_in_long_poll());
        watch.worker().end_poll();
        assert!(!watch.worker().is_in_long_poll());
    });
}

/// Runs `f` while worker 1 is in a poll with something in its queue, nobody idles, and its thread is this one.
fn in_poll_on(thread: sys::Thread, f: impl FnOnce(&mut Watch<'_>, Instant)) {
    let shared = runtime(2);
    let task = runnable(&shared);
    for index in 0..2 {
        shared.remote(index).answer(super::super::AWAY);
    }
    let remote = shared.remote(1);
    let mut queue = owner(&remote);
    assert!(queue.push(task.into_raw()).is_ok());
    *remote.thread.lock().unwrap() = Some(thread);
    remote.begin_poll();
    let mut watch = Watch::new(&shared);
    shared.hear_of_others(&mut watch.workers, Watched::new);
    let new = clock::now();
    assert_eq!(watch.retakes_after(new, Duration::ZERO), 0);
    f(&mut watch, new);
    remote.end_poll();
    shared.tidy_up();
}

#[test]
fn a_thread_that_computes_keeps_its_right_for_a_slice() {
    in_poll_on(sys::Thread::current(), |watch, new| {
        assert_eq!(watch.retakes_after(new, BLOCKED), 0);
        assert_eq!(watch.retakes_after(new, SLICE - BLOCKED), 0);
        assert_eq!(watch.retakes_after(new, SLICE), 1);
    });
}

#[test]
fn a_thread_that_sleeps_in_the_system_loses_its_right_at_once() {
    let (tell, told) = std::sync::mpsc::channel();
    let (end, wait) = std::sync::mpsc::channel::<()>();
    let thread = thread::spawn(move || {
        tell.send(sys::Thread::current()).unwrap();
        wait.recv().unwrap_err();
    });
    let sleeper = told.recv().unwrap();
    // Where the system does not say who sleeps it does not say how many there are either.
    if sys::threads().is_none() {
        return;
    }
    while !(0..100).all(|_| sleeper.sleeps()) {
        thread::yield_now();
    }
    in_poll_on(sleeper, |watch, new| {
        assert_eq!(watch.retakes_after(new, BLOCKED / 2), 0);
        assert_eq!(watch.retakes_after(new, BLOCKED), 1);
    });
    drop(end);
    thread.join().unwrap();
}

/// Blocks this thread until it is so.
fn wait_until(is_so: impl Fn() -> bool) {
    let begun = clock::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never is");
        thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn what_a_poll_without_a_right_spawns_is_run_though_all_others_and_sysmon_sleep() {
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.run(async {
        // Polls so short that a goroutine more is not worth a call.
        for _ in 0..1_000 {
            spawn(async {}).await.unwrap();
        }
        // Something for others to do, or nobody would take the right.
        spawn(async {}).detach();
        wait_until(|| current::with_worker(|worker| worker.is_some_and(|own| own.is_away())));
        wait_until(|| {
            let is_parked = |shared: &Arc<Shared>| shared.sysmon.parked.load(Ordering::SeqCst);
            current::with_shared(|shared| shared.is_some_and(is_parked))
        });
        let (done, told) = mpsc::channel();
        spawn(async move { done.send(()).unwrap() }).detach();
        told.recv_timeout(Duration::from_secs(20))
            .expect("nobody has run it");
    });
}
