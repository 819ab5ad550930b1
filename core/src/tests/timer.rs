//! The heap against a model, and entries and shards by situation.
//!
//! All moments are counted from the base of the timers, so nothing here waits for a clock.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};
use std::thread;
use std::time::{Duration, Instant};

use super::heap::{Heap, Item};
use super::{Armed, Entry, Timers};
use crate::random::Random;
use crate::util::wake_list::WakeList;

/// The arc of std's, which wakers are made of.
type Shared<T> = std::sync::Arc<T>;

/// A waker that counts.
#[derive(Default)]
struct Counter(AtomicUsize);

impl Wake for Counter {
    fn wake(self: Shared<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Counter {
    fn new() -> (Shared<Self>, Waker) {
        let counter = Shared::new(Self::default());
        (Shared::clone(&counter), Waker::from(counter))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// The moment `nanos` after the base.
fn at(timers: &Timers, nanos: u64) -> Instant {
    timers.base + Duration::from_nanos(nanos)
}

fn arm(timers: &Timers, entry: Pin<&mut Entry>, nanos: u64, waker: &Waker) -> Armed {
    let deadline = at(timers, nanos);
    let (armed, old) = entry.arm(timers.shard(0), Some(deadline), waker.clone().into());
    drop(old);
    armed
}

/// Wakes what is due at `nanos`; how many that were.
fn expire(timers: &Timers, nanos: u64) -> usize {
    let mut wake = WakeList::new();
    timers.expire(at(timers, nanos), &mut wake);
    let due = wake.len();
    wake.wake_all();
    due
}

/// An item that remembers where it stands.
#[derive(Clone, Copy)]
struct Mark<'a>(&'a Cell<usize>, usize);

impl Item for Mark<'_> {
    fn placed(self, at: usize) {
        self.0.set(at);
    }
}

#[test]
fn a_heap_gives_what_a_sorted_set_gives() {
    const OUT: usize = usize::MAX;
    for seed in 0..200 {
        let mut random = Random::new(seed);
        // Many equal keys in one half of the runs, hardly any in the other.
        let keys = if seed % 2 == 0 { 16 } else { 1 << 30 };
        let places: Vec<Cell<usize>> = (0..300).map(|_| Cell::new(OUT)).collect();
        let mut heap = Heap::new();
        let mut model = BTreeSet::new();
        let mut key_of = vec![0; places.len()];
        for _ in 0..2_000 {
            let number = random.below(places.len());
            let place = &places[number];
            if place.get() == OUT {
                key_of[number] = random.below(keys) as u64;
                heap.push(key_of[number], Mark(place, number));
                model.insert((key_of[number], number));
            } else if random.below(3) == 0 {
                let least = model.first().map(|&(key, _)| key);
                assert_eq!(heap.first_key(), least);
                let Mark(place, number) = heap.pop().expect("the model is not empty");
                place.set(OUT);
                assert_eq!(Some(key_of[number]), least);
                assert!(model.remove(&(key_of[number], number)));
            } else {
                let Mark(_, removed) = heap.remove(place.get());
                assert_eq!(removed, number, "the item knows its place");
                place.set(OUT);
                assert!(model.remove(&(key_of[number], number)));
            }
            heap.check();
            assert_eq!(heap.first_key().is_none(), model.is_empty());
        }
    }
}

#[test]
fn a_heap_gives_memory_back_after_a_burst() {
    let places: Vec<Cell<usize>> = (0..10_000).map(|_| Cell::new(0)).collect();
    let mut heap = Heap::new();
    for (key, place) in places.iter().enumerate() {
        heap.push(key as u64, Mark(place, key));
    }
    assert_eq!(heap.size().0, 10_000);
    while heap.size().0 > 10 {
        heap.pop();
    }
    assert!(heap.size().1 < 200, "{:?}", heap.size());
}

#[test]
fn a_timer_fires_at_its_deadline_and_not_before() {
    let timers = Timers::new(1);
    let (counter, waker) = Counter::new();
    let mut entry = pin!(Entry::new());
    assert_eq!(
        arm(&timers, entry.as_mut(), 10, &waker),
        Armed::Waiting { earliest: true }
    );
    let mut next = pin!(Entry::new());
    let second = arm(&timers, next.as_mut(), 11, &waker);
    assert_eq!(second, Armed::Waiting { earliest: false });

    assert!(!timers.has_due(at(&timers, 9)));
    assert_eq!(expire(&timers, 9), 0);
    assert!(!entry.has_fired() && entry.is_armed());

    assert!(timers.has_due(at(&timers, 10)));
    assert_eq!(expire(&timers, 10), 1);
    assert!(entry.has_fired() && !entry.is_armed());
    assert!(!next.has_fired() && next.is_armed());
    assert_eq!(counter.count(), 1);

    assert_eq!(expire(&timers, u64::MAX), 1);
    assert_eq!(counter.count(), 2);
    assert!(timers.is_empty());
}

#[test]
fn the_earliest_deadline_of_all_shards_is_known() {
    let timers = Timers::new(3);
    let (_, waker) = Counter::new();
    assert_eq!(timers.earliest(), None);
    let mut entries = [pin!(Entry::new()), pin!(Entry::new()), pin!(Entry::new())];
    for (shard, (entry, nanos)) in entries.iter_mut().zip([30, 10, 20]).enumerate() {
        let deadline = Some(at(&timers, nanos));
        let (armed, _) = entry
            .as_mut()
            .arm(timers.shard(shard), deadline, waker.clone().into());
        assert_eq!(
            armed,
            Armed::Waiting { earliest: true },
            "the first of its shard"
        );
    }
    assert_eq!(timers.earliest(), Some(at(&timers, 10)));
    entries[1].as_mut().disarm();
    assert_eq!(timers.earliest(), Some(at(&timers, 20)));
    assert_eq!(expire(&timers, 25), 1);
    assert_eq!(timers.earliest(), Some(at(&timers, 30)));
    assert_eq!(expire(&timers, 30), 1);
    assert_eq!(timers.earliest(), None);
}

#[test]
fn only_an_earlier_deadline_is_announced() {
    let timers = Timers::new(1);
    let (_, waker) = Counter::new();
    let (mut one, mut other) = (pin!(Entry::new()), pin!(Entry::new()));
    assert_eq!(
        arm(&timers, one.as_mut(), 10, &waker),
        Armed::Waiting { earliest: true }
    );
    assert_eq!(
        arm(&timers, other.as_mut(), 11, &waker),
        Armed::Waiting { earliest: false }
    );
    assert_eq!(
        arm(&timers, other.as_mut(), 9, &waker),
        Armed::Waiting { earliest: true }
    );
}

#[test]
fn a_dropped_entry_is_out_of_the_heap() {
    let timers = Timers::new(1);
    let (counter, waker) = Counter::new();
    let mut kept = pin!(Entry::new());
    assert_eq!(
        arm(&timers, kept.as_mut(), 20, &waker),
        Armed::Waiting { earliest: true }
    );
    {
        let mut dropped = pin!(Entry::new());
        assert_eq!(
            arm(&timers, dropped.as_mut(), 10, &waker),
            Armed::Waiting { earliest: true }
        );
    }
    assert_eq!(timers.earliest(), Some(at(&timers, 20)));
    assert_eq!(expire(&timers, 30), 1);
    assert_eq!(counter.count(), 1);
}

#[test]
fn an_entry_that_is_armed_again_forgets_what_it_was_armed_for() {
    let timers = Timers::new(2);
    let (first, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let mut entry = pin!(Entry::new());
    let _ = arm(&timers, entry.as_mut(), 10, &first_waker);
    let later = Some(at(&timers, 20));
    let (_, [old, _]) = entry
        .as_mut()
        .arm(timers.shard(1), later, second_waker.clone().into());
    assert!(old.is_some_and(|old| old.will_wake(&first_waker)));
    assert_eq!(expire(&timers, 10), 0);
    assert_eq!(expire(&timers, 20), 1);
    assert_eq!((first.count(), second.count()), (0, 1));

    // And once it has fired.
    let _ = arm(&timers, entry.as_mut(), 30, &first_waker);
    assert!(!entry.has_fired());
    assert_eq!(expire(&timers, 30), 1);
    assert_eq!((first.count(), second.count()), (1, 1));
}

#[test]
fn a_waker_can_be_replaced_while_it_waits() {
    let timers = Timers::new(1);
    let (first, first_waker) = Counter::new();
    let (second, second_waker) = Counter::new();
    let mut entry = pin!(Entry::new());
    assert!(
        !entry.as_mut().set_waker(&first_waker),
        "nothing to be replaced"
    );
    let _ = arm(&timers, entry.as_mut(), 10, &first_waker);
    assert!(entry.as_mut().set_waker(&second_waker));
    assert!(entry.will_wake(&second_waker) && !entry.will_wake(&first_waker));
    assert_eq!(expire(&timers, 10), 1);
    assert_eq!((first.count(), second.count()), (0, 1));
    assert!(!entry.as_mut().set_waker(&first_waker), "it has fired");
}

#[test]
fn an_entry_without_a_deadline_keeps_its_waker_and_is_no_timer() {
    let timers = Timers::new(1);
    let (counter, waker) = Counter::new();
    let mut entry = pin!(Entry::new());
    let (armed, _) = entry
        .as_mut()
        .arm(timers.shard(0), None, waker.clone().into());
    assert_eq!(armed, Armed::Waiting { earliest: false });
    assert!(timers.is_empty() && entry.is_armed() && entry.will_wake(&waker));
    assert_eq!(expire(&timers, u64::MAX), 0);
    entry.as_mut().disarm().expect("its waker").wake();
    assert_eq!(counter.count(), 1);
    assert!(entry.as_mut().disarm().is_none());
}

#[test]
fn an_entry_that_leaves_the_heap_keeps_its_waker() {
    let timers = Timers::new(1);
    let (_, waker) = Counter::new();
    let mut entry = pin!(Entry::new());
    let _ = arm(&timers, entry.as_mut(), 10, &waker);
    entry.as_mut().unheap();
    assert!(timers.is_empty());
    assert_eq!(expire(&timers, 10), 0);
    assert!(
        entry
            .as_mut()
            .disarm()
            .is_some_and(|old| old.will_wake(&waker))
    );
}

#[test]
fn deadlines_beyond_the_range_are_kept_and_do_not_fire() {
    let timers = Timers::new(1);
    let (_, waker) = Counter::new();
    let (mut past, mut far) = (pin!(Entry::new()), pin!(Entry::new()));
    let before = timers
        .base
        .checked_sub(Duration::from_secs(1))
        .unwrap_or(timers.base);
    let _ = past
        .as_mut()
        .arm(timers.shard(0), Some(before), waker.clone().into());
    let centuries = Duration::from_secs(60 * 60 * 24 * 365 * 600);
    if let Some(deadline) = timers.base.checked_add(centuries) {
        let _ = far
            .as_mut()
            .arm(timers.shard(0), Some(deadline), waker.clone().into());
        assert_eq!(expire(&timers, 0), 1, "the past one");
        assert_eq!(expire(&timers, u64::MAX / 2), 0);
        assert!(!timers.is_empty());
    }
}

#[test]
fn the_end_of_the_runtime_wakes_all_and_refuses_the_rest() {
    let timers = Timers::new(2);
    let (counter, waker) = Counter::new();
    let (mut one, mut other) = (pin!(Entry::new()), pin!(Entry::new()));
    let _ = arm(&timers, one.as_mut(), 10, &waker);
    let deadline = Some(at(&timers, 10));
    let _ = other
        .as_mut()
        .arm(timers.shard(1), deadline, waker.clone().into());
    let mut wake = WakeList::new();
    timers.close(&mut wake);
    wake.wake_all();
    assert_eq!(counter.count(), 2);
    assert!(
        !one.has_fired() && !other.has_fired(),
        "their deadline has not come"
    );
    assert!(timers.is_empty() && timers.earliest().is_none());

    assert_eq!(arm(&timers, one.as_mut(), 5, &waker), Armed::Refused);
    assert!(!one.is_armed());
}

#[test]
fn entries_that_come_and_go_while_others_expire_are_woken_once_or_not_at_all() {
    const ENTRIES: u64 = if cfg!(miri) { 60 } else { 20_000 };
    let timers = Shared::new(Timers::new(2));
    let done = Shared::new(AtomicUsize::new(0));
    thread::scope(|scope| {
        for half in 0..2 {
            let (timers, done) = (Shared::clone(&timers), Shared::clone(&done));
            scope.spawn(move || {
                let mut random = Random::new(half);
                for nanos in 1..=ENTRIES {
                    let (counter, waker) = Counter::new();
                    {
                        let mut entry = pin!(Entry::new());
                        let shard = timers.shard(random.below(2));
                        let deadline = at(&timers, nanos);
                        let _ = entry
                            .as_mut()
                            .arm(shard, Some(deadline), waker.clone().into());
                        if random.below(2) == 0 {
                            while !entry.has_fired() {
                                thread::yield_now();
                            }
                        } else {
                            entry.as_mut().set_waker(&waker);
                        }
                    }
                    assert!(counter.count() <= 1);
                }
                done.fetch_add(1, Ordering::Relaxed);
            });
        }
        scope.spawn(|| {
            while done.load(Ordering::Relaxed) < 2 {
                expire(&timers, ENTRIES);
            }
        });
    });
    assert!(timers.is_empty());
}
