//! Whom `sysmon` calls: its looks at one worker beside one that idles, without their threads.

use super::*;
use crate::sched::run_queue::Owner;
use crate::sched::worker::tests::{owner, runnable, runtime};
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
