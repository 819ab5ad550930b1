//! Models of the run queue: every entry is taken once, whoever takes it.
//!
//! Modelled: the owner's push, pop, spill and taking back against thieves, `runnext` against a thief, and a hand-off
//! of everything against owner and thief, with 4 slots. Left out: the goroutines (entries are marked bytes) and the
//! global queue. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-core --lib loom_run_queue`

use std::ptr::NonNull;
use std::sync::Mutex;

use super::{CAPACITY, Owner, RunQueue, Spill, new};
use crate::primitive::sync::Arc;

/// Entries are pointers into this; which one is all that counts.
static ENTRIES: [u8; 8] = [0; 8];

fn entry(number: usize) -> NonNull<u8> {
    NonNull::from(&ENTRIES[number])
}

fn number(entry: NonNull<u8>) -> usize {
    entry.as_ptr() as usize - ENTRIES.as_ptr() as usize
}

fn model(f: impl Fn() + Sync + Send + 'static) {
    crate::loom_model::model(3, f);
}

/// What everybody took; std's lock, since it is no part of the model.
#[derive(Clone, Default)]
struct Taken(std::sync::Arc<Mutex<Vec<usize>>>);

impl Taken {
    fn add(&self, entry: NonNull<u8>) {
        self.0.lock().unwrap().push(number(entry));
    }

    fn assert_each_once(&self, count: usize) {
        let mut taken = self.0.lock().unwrap().clone();
        taken.sort_unstable();
        assert_eq!(taken, (0..count).collect::<Vec<_>>());
    }
}

fn push(owner: &mut Owner<u8>, number: usize, taken: &Taken) {
    if let Err(Spill(spilled)) = owner.push(entry(number)) {
        assert!(spilled.len() > CAPACITY as usize / 2);
        spilled.into_iter().for_each(|entry| taken.add(entry));
    }
}

fn drain(owner: &mut Owner<u8>, taken: &Taken) {
    while let Some(entry) = owner.pop() {
        taken.add(entry);
    }
}

fn thief(victim: &Arc<RunQueue<u8>>, taken: &Taken) -> loom::thread::JoinHandle<()> {
    let (victim, taken) = (Arc::clone(victim), taken.clone());
    loom::thread::spawn(move || {
        let mut own = new();
        if let Some(entry) = own.steal_from(&victim) {
            taken.add(entry);
        }
        drain(&mut own, &taken);
    })
}

#[test]
fn an_owner_that_pushes_and_pops_beside_a_thief() {
    model(|| {
        let (mut owner, taken) = (new(), Taken::default());
        push(&mut owner, 0, &taken);
        push(&mut owner, 1, &taken);
        let thief = thief(owner.shared(), &taken);
        push(&mut owner, 2, &taken);
        drain(&mut owner, &taken);
        push(&mut owner, 3, &taken);
        thief.join().unwrap();
        drain(&mut owner, &taken);
        taken.assert_each_once(4);
    });
}

#[test]
fn a_full_queue_spills_beside_a_thief() {
    model(|| {
        let (mut owner, taken) = (new(), Taken::default());
        (0..4).for_each(|number| push(&mut owner, number, &taken));
        let thief = thief(owner.shared(), &taken);
        (4..6).for_each(|number| push(&mut owner, number, &taken));
        drain(&mut owner, &taken);
        thief.join().unwrap();
        taken.assert_each_once(6);
    });
}

#[test]
fn what_the_owner_takes_back_is_stolen_by_nobody() {
    for count in [1, 2] {
        model(move || {
            let (mut owner, taken) = (new(), Taken::default());
            push(&mut owner, 0, &taken);
            let thieves = [thief(owner.shared(), &taken), thief(owner.shared(), &taken)];
            (1..4).for_each(|number| push(&mut owner, number, &taken));
            let back = owner.take_newest(count);
            assert!(back.is_empty() || back.len() == count as usize);
            back.into_iter().for_each(|entry| taken.add(entry));
            push(&mut owner, 4, &taken);
            thieves.into_iter().for_each(|thief| thief.join().unwrap());
            drain(&mut owner, &taken);
            taken.assert_each_once(5);
        });
    }
}

#[test]
fn what_the_owner_takes_back_is_not_handed_off() {
    model(|| {
        let (mut owner, taken) = (new(), Taken::default());
        (0..4).for_each(|number| push(&mut owner, number, &taken));
        let (away, by_other) = (Arc::clone(owner.shared()), taken.clone());
        let other = loom::thread::spawn(move || {
            away.drain()
                .into_iter()
                .for_each(|entry| by_other.add(entry));
        });
        for _ in 0..2 {
            owner
                .take_newest(1)
                .into_iter()
                .for_each(|entry| taken.add(entry));
        }
        push(&mut owner, 4, &taken);
        other.join().unwrap();
        drain(&mut owner, &taken);
        taken.assert_each_once(5);
    });
}

#[test]
fn two_thieves_share_what_there_is() {
    model(|| {
        let (mut owner, taken) = (new(), Taken::default());
        (0..3).for_each(|number| push(&mut owner, number, &taken));
        let thieves = [thief(owner.shared(), &taken), thief(owner.shared(), &taken)];
        if let Some(entry) = owner.pop() {
            taken.add(entry);
        }
        thieves.into_iter().for_each(|thief| thief.join().unwrap());
        drain(&mut owner, &taken);
        taken.assert_each_once(3);
    });
}

#[test]
fn what_is_handed_off_is_taken_by_nobody_else() {
    model(|| {
        let (mut owner, taken) = (new(), Taken::default());
        (0..2).for_each(|number| push(&mut owner, number, &taken));
        assert_eq!(owner.put_next(entry(2)), None);
        let thief = thief(owner.shared(), &taken);
        let (away, by_other) = (Arc::clone(owner.shared()), taken.clone());
        let other = loom::thread::spawn(move || {
            away.drain()
                .into_iter()
                .for_each(|entry| by_other.add(entry));
        });
        owner
            .take_next()
            .into_iter()
            .for_each(|entry| taken.add(entry));
        push(&mut owner, 3, &taken);
        drain(&mut owner, &taken);
        thief.join().unwrap();
        other.join().unwrap();
        taken.assert_each_once(4);
    });
}

#[test]
fn runnext_is_taken_once() {
    model(|| {
        let (mut owner, taken) = (new::<u8>(), Taken::default());
        assert_eq!(owner.put_next(entry(0)), None);
        let (victim, by_thief) = (Arc::clone(owner.shared()), taken.clone());
        let thief = loom::thread::spawn(move || {
            for _ in 0..2 {
                if let Some(entry) = victim.steal_next() {
                    by_thief.add(entry);
                }
            }
        });
        for number in 1..3 {
            if let Some(displaced) = owner.put_next(entry(number)) {
                taken.add(displaced);
            }
        }
        if let Some(entry) = owner.take_next() {
            taken.add(entry);
        }
        thief.join().unwrap();
        taken.assert_each_once(3);
    });
}

#[test]
fn what_was_written_before_a_push_is_seen_by_the_thief() {
    use crate::primitive::cell::UnsafeCell;

    struct Payload(UnsafeCell<u32>);
    // SAFETY: the model itself checks that the accesses are ordered.
    unsafe impl Send for Payload {}
    // SAFETY: as above.
    unsafe impl Sync for Payload {}

    model(|| {
        let mut owner = new::<Payload>();
        let payload = Box::leak(Box::new(Payload(UnsafeCell::new(0))));
        let victim = Arc::clone(owner.shared());
        let thief = loom::thread::spawn(move || {
            let stolen = new().steal_from(&victim).or_else(|| victim.steal_next());
            if let Some(payload) = stolen {
                // SAFETY: the entry was taken once, so this thread alone has it.
                let payload = unsafe { payload.as_ref() };
                payload.0.with(|value| {
                    // SAFETY: as above.
                    assert_eq!(unsafe { *value }, 7);
                });
            }
        });
        // SAFETY: nobody else has the payload yet.
        payload.0.with_mut(|value| unsafe { *value = 7 });
        owner.put_next(NonNull::from(&mut *payload));
        if let Some(next) = owner.take_next() {
            let _ = owner.push(next);
        }
        thief.join().unwrap();
        // SAFETY: the threads are done with it.
        drop(unsafe { Box::from_raw(payload) });
    });
}
