//! A model of the moments of goroutines that are timed: whoever runs one finds its own.
//!
//! Modelled: the one slot that there is, used by a goroutine that goes through a queue to a thief, and by
//! two others. Left out: the goroutines' states.

use std::ptr::NonNull;

use loom::thread;

use super::Samples;
use crate::loom_model::model;
use crate::primitive::sync::Arc;
use crate::sched::run_queue;

#[test]
fn whoever_runs_a_goroutine_finds_the_moment_that_was_noted_for_it() {
    static GOROUTINE: u8 = 0;
    model(3, || {
        let samples = Arc::new(Samples::new());
        let mut owner = run_queue::new::<u8>();
        let thief = {
            let (samples, victim) = (Arc::clone(&samples), Arc::clone(owner.shared()));
            thread::spawn(move || {
                let stolen = run_queue::new().steal_from(&victim);
                stolen.map(|_| assert_eq!(samples.end(1), 10)).is_some()
            })
        };
        let other = {
            let samples = Arc::clone(&samples);
            thread::spawn(move || {
                if samples.begin(2, 20) {
                    assert_eq!(samples.end(2), 20);
                }
            })
        };
        let timed = samples.begin(1, 10);
        if timed {
            let _ = owner.push(NonNull::from(&GOROUTINE));
        } else if samples.begin(3, 30) {
            assert_eq!(samples.end(3), 30);
        }
        let stolen = thief.join().unwrap();
        other.join().unwrap();
        if timed && !stolen {
            assert_eq!(samples.end(1), 10);
        }
        assert!(samples.begin(4, 40), "the slot is free again");
    });
}
