//! `Mutex`, `RwLock` and `Semaphore`, one poll at a time: who is woken, who gets what, and what becomes of it
//! when a future is dropped at any point.

use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use chango_chan::sync::{Mutex, RwLock, RwLockWriteGuard, Semaphore};

use crate::support::{Bell, Counted, poll, poll_with};

/// Longer than it takes until who loses is starving.
fn wait_long() {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_millis(3) {
        thread::sleep(Duration::from_millis(1));
    }
}

/// The value of what has to be ready.
fn ready<O>(polled: Poll<O>) -> O {
    match polled {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("it waits"),
    }
}

#[test]
fn an_unlocked_mutex_wakes_who_came_first_and_only_that_one() {
    let mutex = Mutex::new(0);
    let bells = [(); 3].map(|()| Bell::new());
    let guard = mutex.try_lock().unwrap();
    let mut locks = [(); 3].map(|()| Box::pin(mutex.lock()));
    for (lock, bell) in locks.iter_mut().zip(&bells) {
        assert!(poll_with(lock, bell).is_pending());
    }
    drop(guard);
    let rung = || bells.each_ref().map(|bell| bell.rung());
    assert_eq!(rung(), [1, 0, 0]);
    for (at, lock) in locks.iter_mut().enumerate() {
        let mut guard = ready(poll(lock));
        assert_eq!(*guard, at);
        *guard += 1;
        drop(guard);
        let expected = [1, 1.min(at + 1), usize::from(at > 0)];
        assert_eq!(rung(), expected);
    }
}

#[test]
fn who_comes_by_may_be_faster_than_who_was_woken_and_that_one_stays_first() {
    let mutex = Mutex::new(());
    let (bell, other) = (Bell::new(), Bell::new());
    let guard = mutex.try_lock().unwrap();
    let [mut first, mut second] = [(); 2].map(|()| Box::pin(mutex.lock()));
    assert!(poll_with(&mut first, &bell).is_pending());
    assert!(poll_with(&mut second, &other).is_pending());
    drop(guard);
    assert_eq!((bell.rung(), other.rung()), (1, 0));
    let faster = mutex.try_lock().expect("to be woken is no grant");
    assert!(poll_with(&mut first, &bell).is_pending());
    drop(faster);
    assert_eq!((bell.rung(), other.rung()), (2, 0));
    assert!(poll(&mut first).is_ready());
}

#[test]
fn a_future_that_nobody_polls_holds_nothing() {
    // Two locks of one goroutine, of which it polls the second only.
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let [mut forgotten, mut wanted] = [(); 2].map(|()| Box::pin(mutex.lock()));
    let bell = Bell::new();
    assert!(poll_with(&mut forgotten, &bell).is_pending());
    assert!(poll_with(&mut wanted, &bell).is_pending());
    drop(guard);
    assert_eq!(bell.rung(), 1);
    let guard = ready(poll_with(&mut wanted, &bell));
    drop(guard);
    assert!(poll(&mut forgotten).is_ready());
}

#[test]
fn who_has_starved_is_handed_the_mutex() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let [mut starves, mut next] = [(); 2].map(|()| Box::pin(mutex.lock()));
    let (bell, other) = (Bell::new(), Bell::new());
    assert!(poll_with(&mut starves, &bell).is_pending());
    assert!(poll_with(&mut next, &other).is_pending());
    wait_long();
    drop(guard);
    // It waited for long, but it is not known yet that anybody polls it.
    let faster = mutex.try_lock().expect("nobody starves yet");
    assert!(poll_with(&mut starves, &bell).is_pending());
    drop(faster);
    assert_eq!((bell.rung(), other.rung()), (2, 0));
    assert!(mutex.try_lock().is_none(), "it was handed over");
    assert!(poll(&mut Box::pin(mutex.lock())).is_pending());
    let guard = ready(poll(&mut starves));
    drop(guard);
    // That was once: the next one competes again.
    assert_eq!(other.rung(), 1);
    assert!(mutex.try_lock().is_some());
}

#[test]
fn who_loses_soon_does_not_starve() {
    let mutex = Mutex::new(());
    let mut lock = Box::pin(mutex.lock());
    let guard = mutex.try_lock().unwrap();
    let begun = Instant::now();
    assert!(poll(&mut lock).is_pending());
    drop(guard);
    let faster = mutex.try_lock().unwrap();
    assert!(poll(&mut lock).is_pending());
    let soon = begun.elapsed() < Duration::from_millis(1);
    drop(faster);
    // Where the machine made a pause it has starved, and that is right too.
    assert!(!soon || mutex.try_lock().is_some());
}

#[test]
fn a_mutex_that_was_handed_over_to_who_went_is_open() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let [mut starves, mut next] = [(); 2].map(|()| Box::pin(mutex.lock()));
    let bell = Bell::new();
    assert!(poll(&mut starves).is_pending());
    assert!(poll_with(&mut next, &bell).is_pending());
    wait_long();
    drop(guard);
    let faster = mutex.try_lock().unwrap();
    assert!(poll(&mut starves).is_pending());
    drop(faster);
    assert!(mutex.try_lock().is_none());
    drop(starves);
    assert_eq!(bell.rung(), 1);
    assert!(poll(&mut next).is_ready());
}

/// Ways in which a lock that waits may stand when it is dropped.
fn stations() -> [&'static str; 5] {
    ["queued", "woken", "lost", "starving", "handed over"]
}

#[test]
fn a_lock_that_is_dropped_anywhere_keeps_nobody_asleep() {
    for station in stations() {
        let mutex = Mutex::new(());
        let guard = mutex.try_lock().unwrap();
        let [mut dropped, mut next] = [(); 2].map(|()| Box::pin(mutex.lock()));
        let bell = Bell::new();
        assert!(poll(&mut dropped).is_pending());
        assert!(poll_with(&mut next, &bell).is_pending());
        match station {
            "queued" => {
                drop(dropped);
                drop(guard);
            }
            "woken" => {
                drop(guard);
                drop(dropped);
            }
            _ => {
                if station != "lost" {
                    wait_long();
                }
                drop(guard);
                let faster = mutex.try_lock().unwrap();
                assert!(poll(&mut dropped).is_pending());
                if station == "handed over" {
                    drop(faster);
                    drop(dropped);
                } else {
                    drop(dropped);
                    drop(faster);
                }
            }
        }
        assert_eq!(bell.rung(), 1, "{station}");
        assert!(poll(&mut next).is_ready(), "{station}");
        assert!(mutex.try_lock().is_some(), "{station}");
    }
}

#[test]
fn a_lock_that_is_dropped_in_the_middle_of_the_queue_leaves_the_others_in_order() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let mut locks: Vec<_> = (0..5).map(|_| Box::pin(mutex.lock())).collect();
    let mut bells: Vec<_> = (0..5).map(|_| Bell::new()).collect();
    for (lock, bell) in locks.iter_mut().zip(&bells) {
        assert!(poll_with(lock, bell).is_pending());
    }
    for at in [4, 2, 0] {
        drop(locks.remove(at));
        bells.remove(at);
    }
    drop(guard);
    assert_eq!((bells[0].rung(), bells[1].rung()), (1, 0));
    drop(ready(poll(&mut locks[0])));
    assert_eq!(bells[1].rung(), 1);
}

#[test]
fn a_lock_that_is_polled_with_another_waker_wakes_that_one() {
    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    let mut lock = Box::pin(mutex.lock());
    let (old, new) = (Bell::new(), Bell::new());
    assert!(poll_with(&mut lock, &old).is_pending());
    assert!(poll_with(&mut lock, &new).is_pending());
    drop(guard);
    assert_eq!((old.rung(), new.rung()), (0, 1));
}

#[test]
fn a_panic_under_the_guard_unlocks_and_the_value_is_as_it_was_left() {
    let mutex = Arc::new(Mutex::new(1));
    let theirs = Arc::clone(&mutex);
    let thread = thread::spawn(move || {
        *theirs.lock_blocking() = 2;
        let mut guard = theirs.lock_blocking();
        *guard = 3;
        panic!("on purpose");
    });
    assert!(thread.join().is_err());
    assert_eq!(*mutex.lock_blocking(), 3);
}

#[test]
fn an_owned_guard_keeps_its_mutex_and_the_value_goes_with_the_last() {
    let value = Counted::new();
    let mutex = Arc::new(Mutex::new(value.clone()));
    let guard = Arc::clone(&mutex).try_lock_owned().unwrap();
    let mut waits = Box::pin(Arc::clone(&mutex).lock_owned());
    assert!(poll(&mut waits).is_pending());
    drop(mutex);
    assert_eq!(value.others(), 1);
    drop(guard);
    let guard = ready(poll(&mut waits));
    drop(waits);
    assert_eq!(value.others(), 1);
    drop(guard);
    assert_eq!(value.others(), 0);
}

#[test]
fn a_mutex_may_be_of_something_unsized() {
    let mutex: Box<Mutex<[i32]>> = Box::new(Mutex::new([1, 2, 3]));
    mutex.lock_blocking()[1] = 5;
    assert_eq!(*mutex.lock_blocking(), [1, 5, 3]);
    assert_eq!(format!("{mutex:?}"), "Mutex { value: [1, 5, 3], .. }");
    let _guard = mutex.try_lock();
    assert_eq!(format!("{mutex:?}"), "Mutex { value: <locked>, .. }");
}

// ---- readers and writers ----

#[test]
fn a_writer_that_waits_keeps_new_readers_out_until_it_had_its_turn() {
    let lock = RwLock::new(0);
    let reader = lock.try_read().unwrap();
    let (bell, late) = (Bell::new(), Bell::new());
    let mut write = Box::pin(lock.write());
    assert!(poll_with(&mut write, &bell).is_pending());
    assert!(lock.try_read().is_none());
    let mut read = Box::pin(lock.read());
    assert!(poll_with(&mut read, &late).is_pending());
    drop(reader);
    assert_eq!((bell.rung(), late.rung()), (1, 0));
    *ready(poll(&mut write)) += 1;
    assert_eq!(late.rung(), 1);
    assert_eq!(*ready(poll(&mut read)), 1);
}

#[test]
fn readers_that_waited_go_before_the_next_writer() {
    let lock = RwLock::new(());
    let writer = lock.try_write().unwrap();
    let (next, bells) = (Bell::new(), [(); 2].map(|()| Bell::new()));
    let mut write = Box::pin(lock.write());
    assert!(poll_with(&mut write, &next).is_pending());
    let mut reads = [(); 2].map(|()| Box::pin(lock.read()));
    for (read, bell) in reads.iter_mut().zip(&bells) {
        assert!(poll_with(read, bell).is_pending());
    }
    drop(writer);
    let rung = || (next.rung(), bells.each_ref().map(|bell| bell.rung()));
    assert_eq!(rung(), (0, [1, 1]));
    let [first, second] = &mut reads;
    let first = ready(poll(first));
    // It reads beside the first, though a writer waits; who comes now does not.
    assert!(lock.try_read().is_none());
    let second = ready(poll(second));
    drop(first);
    assert_eq!(rung().0, 0);
    drop(second);
    assert_eq!(rung().0, 1);
    assert!(poll(&mut write).is_ready());
}

#[test]
fn a_writer_that_is_dropped_while_it_waits_lets_the_readers_in() {
    for reader_was_first in [false, true] {
        let lock = RwLock::new(());
        let first = lock.try_read().unwrap();
        let bells = [(); 3].map(|()| Bell::new());
        let mut write = Box::pin(lock.write());
        assert!(poll(&mut write).is_pending());
        let mut reads = [(); 3].map(|()| Box::pin(lock.read()));
        for (read, bell) in reads.iter_mut().zip(&bells) {
            assert!(poll_with(read, bell).is_pending());
        }
        if reader_was_first {
            drop(first);
            drop(write);
        } else {
            drop(write);
            drop(first);
        }
        assert!(bells.iter().all(|bell| bell.rung() == 1));
        let guards = reads.each_mut().map(|read| ready(poll(read)));
        assert!(lock.try_write().is_none());
        drop(guards);
        assert!(lock.try_write().is_some());
    }
}

#[test]
fn readers_that_are_dropped_when_they_were_let_in_leave_the_lock_to_the_writer() {
    for handed_over in [false, true] {
        let lock = RwLock::new(());
        let writer = lock.try_write().unwrap();
        let bell = Bell::new();
        let mut reads = [(); 3].map(|()| Box::pin(lock.read()));
        assert!(reads.iter_mut().all(|read| poll(read).is_pending()));
        let mut write = Box::pin(lock.write());
        assert!(poll_with(&mut write, &bell).is_pending());
        if handed_over {
            wait_long();
            drop(writer);
            let faster = lock.try_write().expect("all compete");
            assert!(reads.iter_mut().all(|read| poll(read).is_pending()));
            drop(faster);
        } else {
            drop(writer);
        }
        assert_eq!(bell.rung(), 0);
        drop(reads);
        assert_eq!(bell.rung(), 1, "{handed_over}");
        assert!(poll(&mut write).is_ready());
    }
}

#[test]
fn a_reader_that_has_starved_is_handed_the_lock() {
    let lock = RwLock::new(());
    let writer = lock.try_write().unwrap();
    let bell = Bell::new();
    let mut read = Box::pin(lock.read());
    assert!(poll_with(&mut read, &bell).is_pending());
    wait_long();
    drop(writer);
    let faster = lock.try_write().unwrap();
    assert!(poll_with(&mut read, &bell).is_pending());
    drop(faster);
    assert_eq!(bell.rung(), 2);
    assert!(lock.try_write().is_none());
    assert!(poll(&mut read).is_ready());
}

#[test]
fn a_writer_that_has_starved_is_handed_the_lock() {
    let lock = RwLock::new(());
    let reader = lock.try_read().unwrap();
    let bell = Bell::new();
    let mut write = Box::pin(lock.write());
    assert!(poll_with(&mut write, &bell).is_pending());
    wait_long();
    drop(reader);
    let faster = lock.try_read().expect("nobody has it, so all compete");
    assert!(poll_with(&mut write, &bell).is_pending());
    drop(faster);
    assert_eq!(bell.rung(), 2);
    assert!(lock.try_read().is_none());
    assert!(poll(&mut write).is_ready());
}

#[test]
fn a_writer_that_becomes_a_reader_lets_the_readers_in_and_no_writer() {
    let lock = RwLock::new(1);
    let mut writer = lock.try_write().unwrap();
    let bell = Bell::new();
    let (mut read, mut write) = (Box::pin(lock.read()), Box::pin(lock.write()));
    assert!(poll_with(&mut read, &bell).is_pending());
    assert!(poll(&mut write).is_pending());
    *writer = 2;
    let reader = RwLockWriteGuard::downgrade(writer);
    assert_eq!(bell.rung(), 1);
    let other = ready(poll(&mut read));
    assert_eq!(*reader + *other, 4);
    assert!(poll(&mut write).is_pending());
    drop((reader, other));
    assert!(poll(&mut write).is_ready());
}

// ---- permits ----

#[test]
fn permits_go_to_those_for_whom_they_are_enough_in_order() {
    let semaphore = Semaphore::new(4);
    let all = semaphore.try_acquire(4).unwrap();
    let wants = [2, 1, 3, 1];
    let bells = wants.map(|_| Bell::new());
    let mut waits = wants.map(|permits| Box::pin(semaphore.acquire(permits)));
    for (wait, bell) in waits.iter_mut().zip(&bells) {
        assert!(poll_with(wait, bell).is_pending());
    }
    drop(all);
    let rung = || bells.each_ref().map(|bell| bell.rung());
    // Two and one are enough for two; the third wants more than is left, and the fourth stands behind it.
    assert_eq!(rung(), [1, 1, 0, 0]);
    let [first, second, third, fourth] = &mut waits;
    let first = ready(poll(first));
    let second = ready(poll(second));
    assert_eq!(rung(), [1, 1, 0, 0]);
    drop(first);
    assert_eq!(rung(), [1, 1, 1, 0]);
    let third = ready(poll(third));
    drop(second);
    assert_eq!(rung(), [1, 1, 1, 1]);
    drop(third);
    assert!(poll(fourth).is_ready());
    assert_eq!(semaphore.available_permits(), 4);
}

#[test]
fn who_wants_many_and_has_waited_for_long_has_them_collected() {
    let semaphore = Semaphore::new(3);
    let mut few: Vec<_> = (0..3).map(|_| semaphore.try_acquire(1)).collect();
    let (bell, mut many) = (Bell::new(), Box::pin(semaphore.acquire(3)));
    assert!(poll_with(&mut many, &bell).is_pending());
    few.pop();
    assert_eq!(bell.rung(), 0, "one is not enough");
    assert!(semaphore.try_acquire(1).is_some(), "and nobody starves");
    wait_long();
    few.pop();
    // It is asked whether anybody polls it.
    assert_eq!(bell.rung(), 1);
    assert!(poll_with(&mut many, &bell).is_pending());
    assert_eq!(semaphore.available_permits(), 2);
    assert!(semaphore.try_acquire(1).is_none(), "they are collected");
    few.pop();
    assert_eq!(bell.rung(), 2);
    assert_eq!(ready(poll(&mut many)).permits(), 3);
    assert_eq!(semaphore.available_permits(), 3);
}

#[test]
fn an_acquisition_that_is_dropped_anywhere_has_no_permits() {
    for station in stations() {
        let semaphore = Semaphore::new(2);
        let held = semaphore.try_acquire(2).unwrap();
        let bell = Bell::new();
        let (mut dropped, mut next) = (
            Box::pin(semaphore.acquire(2)),
            Box::pin(semaphore.acquire(1)),
        );
        assert!(poll(&mut dropped).is_pending());
        assert!(poll_with(&mut next, &bell).is_pending());
        match station {
            "queued" => {
                drop(dropped);
                drop(held);
            }
            "woken" => {
                drop(held);
                drop(dropped);
            }
            _ => {
                if station != "lost" {
                    wait_long();
                }
                drop(held);
                let faster = semaphore.try_acquire(1).unwrap();
                assert!(poll(&mut dropped).is_pending());
                if station == "handed over" {
                    drop(faster);
                    assert_eq!(semaphore.available_permits(), 0);
                    drop(dropped);
                } else {
                    drop(dropped);
                    drop(faster);
                }
            }
        }
        assert_eq!(bell.rung(), 1, "{station}");
        drop(ready(poll(&mut next)));
        assert_eq!(semaphore.available_permits(), 2, "{station}");
    }
}

#[test]
fn who_starves_is_handed_its_permits_past_who_was_woken_and_is_not_polled() {
    let semaphore = Semaphore::new(2);
    let all = semaphore.try_acquire(2).unwrap();
    let bell = Bell::new();
    let [mut forgotten, mut starves] = [(); 2].map(|()| Box::pin(semaphore.acquire(1)));
    assert!(poll(&mut forgotten).is_pending());
    assert!(poll_with(&mut starves, &bell).is_pending());
    wait_long();
    drop(all);
    let faster = semaphore.try_acquire(2).unwrap();
    assert!(poll_with(&mut starves, &bell).is_pending());
    drop(faster);
    assert_eq!(bell.rung(), 2);
    assert!(poll(&mut starves).is_ready());
    assert!(poll(&mut forgotten).is_ready());
}

#[test]
fn who_comes_back_in_vain_leaves_what_is_there_to_those_before_it() {
    let semaphore = Semaphore::new(4);
    let all = semaphore.try_acquire(4).unwrap();
    let (bell, mut few) = (Bell::new(), Box::pin(semaphore.acquire(1)));
    let mut many = Box::pin(semaphore.acquire(3));
    assert!(poll_with(&mut few, &bell).is_pending());
    assert!(poll(&mut many).is_pending());
    drop(all);
    let mut faster: Vec<_> = (0..4).map(|_| semaphore.try_acquire(1)).collect();
    assert!(poll_with(&mut few, &bell).is_pending());
    faster.pop();
    // Of those who were woken one has not been polled since.
    assert_eq!(bell.rung(), 1);
    assert!(poll(&mut many).is_pending());
    assert_eq!(bell.rung(), 2);
    assert!(poll(&mut few).is_ready());
}

#[test]
fn permits_that_are_added_and_forgotten_change_what_is_too_much() {
    let semaphore = Semaphore::new(2);
    let (bell, other) = (Bell::new(), Bell::new());
    let (mut three, mut one) = (
        Box::pin(semaphore.acquire(3)),
        Box::pin(semaphore.acquire(1)),
    );
    assert!(poll_with(&mut three, &bell).is_pending());
    let held = semaphore.try_acquire(2).unwrap();
    assert!(poll_with(&mut one, &other).is_pending());
    // It is too much, so it holds up nobody.
    drop(held);
    assert_eq!((bell.rung(), other.rung()), (0, 1));
    drop(ready(poll(&mut one)));
    semaphore.add_permits(1);
    assert_eq!(bell.rung(), 1);
    let permit = ready(poll(&mut three));
    permit.forget();
    assert_eq!(semaphore.available_permits(), 0);
    semaphore.add_permits(1);
    assert!(semaphore.try_acquire(1).is_some());
}

#[test]
fn who_starves_for_what_is_forgotten_keeps_nobody_waiting() {
    let semaphore = Semaphore::new(2);
    let (gone, held) = (
        semaphore.try_acquire(1).unwrap(),
        semaphore.try_acquire(1).unwrap(),
    );
    let mut two = Box::pin(semaphore.acquire(2));
    assert!(poll(&mut two).is_pending());
    wait_long();
    drop(held);
    assert!(poll(&mut two).is_pending());
    assert!(semaphore.try_acquire(1).is_none(), "it starves");
    let bell = Bell::new();
    let mut one = Box::pin(semaphore.acquire(1));
    assert!(poll_with(&mut one, &bell).is_pending());
    gone.forget();
    assert_eq!(bell.rung(), 1);
    assert!(poll(&mut one).is_ready());
    assert!(poll(&mut two).is_pending());
}

#[test]
#[should_panic(expected = "MAX_PERMITS")]
fn there_are_no_more_permits_than_fit() {
    let semaphore = Semaphore::new(Semaphore::MAX_PERMITS);
    let held = semaphore.try_acquire(Semaphore::MAX_PERMITS).unwrap();
    drop(held);
    semaphore.add_permits(1);
}

#[test]
fn no_permits_are_always_there() {
    let semaphore = Semaphore::new(0);
    assert_eq!(semaphore.try_acquire(0).unwrap().permits(), 0);
    assert!(poll(&mut Box::pin(semaphore.acquire(0))).is_ready());
    assert!(poll(&mut Box::pin(semaphore.acquire(1))).is_pending());
}

#[test]
fn a_thousand_who_wait_are_let_through_one_after_the_other() {
    let mutex = Mutex::new(0);
    let guard = mutex.try_lock().unwrap();
    let mut locks: Vec<Pin<Box<_>>> = (0..1_000).map(|_| Box::pin(mutex.lock())).collect();
    let bells: Vec<_> = (0..1_000).map(|_| Bell::new()).collect();
    for (lock, bell) in locks.iter_mut().zip(&bells) {
        assert!(poll_with(lock, bell).is_pending());
    }
    drop(guard);
    for (lock, bell) in locks.iter_mut().zip(&bells) {
        assert_eq!(bell.rung(), 1);
        *ready(poll(lock)) += 1;
    }
    assert_eq!(*mutex.try_lock().unwrap(), 1_000);
}
