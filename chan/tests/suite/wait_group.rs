//! The wait group in goroutines with 1, 2 and 8 workers: who waits goes on when all have ended and not before,
//! counts by hand and members leave each other alone, and the group is there for as long as it has members.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use chango_chan::sync::WaitGroup;
use chango_chan::{Sender, unbounded};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::task::JoinHandle;
use futures_lite::future::block_on;

use crate::memory::Watch;
use crate::support::poll;

fn workers(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// Numbers that look like chance.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) % limit
    }
}

fn is_waited_for(group: &WaitGroup) -> bool {
    poll(&mut Box::pin(group.wait())).is_pending()
}

/// `count` members, one of which ends with each message.
fn members(group: &WaitGroup, count: usize) -> (Sender<()>, Vec<JoinHandle<()>>) {
    let (end, ends) = unbounded();
    let handles = (0..count).map(|_| {
        let ends = ends.clone();
        group.go(async move { ends.recv().await.unwrap() })
    });
    let handles = handles.collect();
    (end, handles)
}

async fn join(handles: Vec<JoinHandle<()>>) {
    for handle in handles {
        handle.await.unwrap();
    }
}

#[test]
fn a_done_too_many_panics_and_takes_no_member_off() {
    workers(1).run(async {
        let (watch, group) = Watch::new(WaitGroup::new);
        let (end, handles) = members(&group, 2);
        for _ in 0..3 {
            assert!(catch_unwind(AssertUnwindSafe(|| group.done())).is_err());
        }
        assert!(is_waited_for(&group));
        // One that was said is done beside them.
        group.add(1);
        group.done();
        assert!(is_waited_for(&group));
        let mut wait = Box::pin(group.wait());
        assert!(poll(&mut wait).is_pending());
        end.try_send(()).unwrap();
        for _ in 0..10 {
            yield_now().await;
        }
        assert!(poll(&mut wait).is_pending());
        drop(wait);
        drop(group);
        assert!(!watch.is_freed());
        end.try_send(()).unwrap();
        join(handles).await;
        assert!(watch.is_freed());
    });
}

#[test]
fn goroutines_that_end_late_are_waited_for_beside_a_done_too_many() {
    for workers in [1, 2, 8].map(workers) {
        for round in 0..200 {
            const MEMBERS: usize = 4;
            workers.run(async move {
                let (group, ended) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
                for _ in 0..MEMBERS {
                    let ended = Arc::clone(&ended);
                    group.go(async move {
                        (0..round % 8).for_each(|_| std::hint::spin_loop());
                        for _ in 0..round % 4 {
                            yield_now().await;
                        }
                        ended.fetch_add(1, Ordering::Relaxed);
                    });
                }
                assert!(catch_unwind(AssertUnwindSafe(|| group.done())).is_err());
                group.wait().await;
                assert_eq!(ended.load(Ordering::Relaxed), MEMBERS);
            });
        }
    }
}

#[test]
fn a_group_whose_handles_are_gone_is_freed_when_its_last_member_has_ended() {
    for workers in [1, 2, 8].map(workers) {
        for _ in 0..50 {
            workers.run(async {
                let (watch, group) = Watch::new(WaitGroup::new);
                let (end, mut handles) = members(&group, 3);
                drop((group.clone(), group));
                assert!(!watch.is_freed());
                end.try_send(()).unwrap();
                end.try_send(()).unwrap();
                // Which of them these are is not known.
                while handles.iter().filter(|handle| handle.is_finished()).count() < 2 {
                    yield_now().await;
                }
                assert!(!watch.is_freed());
                end.try_send(()).unwrap();
                join(std::mem::take(&mut handles)).await;
                assert!(watch.is_freed());
            });
        }
    }
}

#[test]
fn a_group_of_none_is_freed_with_its_last_handle() {
    workers(2).run(async {
        let (watch, group) = Watch::new(WaitGroup::new);
        for _ in 0..3 {
            let (end, handles) = members(&group, 2);
            group.add(1);
            (0..2).for_each(|_| end.try_send(()).unwrap());
            group.done();
            group.wait().await;
            join(handles).await;
        }
        // What is only said, and by nobody who could take it back, is lost with the last handle.
        group.add(1);
        let other = group.clone();
        drop(group);
        assert!(!watch.is_freed());
        drop(other);
        assert!(watch.is_freed());
    });
}

#[test]
fn a_group_that_only_its_members_have_is_freed_when_they_end() {
    for workers in [1, 2, 8].map(workers) {
        for _ in 0..50 {
            let (watch, group) = Watch::new(WaitGroup::new);
            let child = |group: WaitGroup| async move {
                // The last handle may go here, or in the last of these.
                let children = [(), ()].map(|()| group.go(yield_now()));
                drop(group);
                for child in children {
                    child.await.unwrap();
                }
            };
            workers.run(async move {
                let handles = [(), (), ()].map(|()| group.go(child(group.clone())));
                drop(group);
                join(handles.into()).await;
            });
            assert!(watch.is_freed());
        }
    }
}

/// Says when it goes whether its group still waited then.
struct Last(WaitGroup, Arc<AtomicBool>);

impl Drop for Last {
    fn drop(&mut self) {
        self.1.store(is_waited_for(&self.0), Ordering::Relaxed);
    }
}

#[test]
fn a_member_is_waited_for_until_all_that_it_had_is_gone() {
    let waited = |end: fn(&JoinHandle<()>), turns: usize, panics: bool, returns: bool| {
        let waited = Arc::new(AtomicBool::new(false));
        let last = Last(WaitGroup::new(), Arc::clone(&waited));
        workers(1).run(async move {
            let group = last.0.clone();
            let handle = group.go(async move {
                let _last = last;
                assert!(!panics, "on purpose");
                if !returns {
                    std::future::pending().await
                }
            });
            for _ in 0..turns {
                yield_now().await;
            }
            end(&handle);
            group.wait().await;
        });
        waited.load(Ordering::Relaxed)
    };
    assert!(waited(|_| (), 0, false, true), "it ended");
    assert!(waited(|_| (), 0, true, false), "it panicked");
    assert!(waited(JoinHandle::abort, 3, false, false), "it was aborted");
    let too_early = waited(JoinHandle::abort, 0, false, false);
    assert!(too_early, "it was aborted before it began");
}

/// All who wait go on, and nobody before those have ended that were there when he came.
#[test]
fn a_storm_of_members_and_counts_by_hand_is_waited_for_by_many() {
    const ROUNDS: usize = 30;
    const EACH: usize = 100;
    for workers in [1, 2, 8].map(workers) {
        workers.run(async {
            let group = WaitGroup::new();
            let ended = Arc::new(AtomicUsize::new(0));
            for round in 1..=ROUNDS {
                let ends = || {
                    let ended = Arc::clone(&ended);
                    async move {
                        yield_now().await;
                        ended.fetch_add(1, Ordering::Relaxed);
                    }
                };
                // One at once, and one after the other, among those that end already.
                group.add(EACH / 2);
                for number in 0..EACH {
                    let (theirs, ends_by_hand) = (group.clone(), ends());
                    if number >= EACH / 2 {
                        group.add(1);
                    }
                    spawn(async move {
                        ends_by_hand.await;
                        theirs.done();
                    });
                    group.go(ends());
                }
                let waits = [(); 8].map(|()| {
                    let (group, ended) = (group.clone(), Arc::clone(&ended));
                    spawn(async move {
                        group.wait().await;
                        assert_eq!(ended.load(Ordering::Relaxed), round * 2 * EACH);
                    })
                });
                group.wait().await;
                join(waits.into()).await;
            }
        });
    }
}

#[test]
fn a_storm_on_one_group_that_shrinks_to_none_again_and_again_releases_all_and_none_early() {
    for workers in [1, 2, 8].map(workers) {
        let (watch, group) = Watch::new(WaitGroup::new);
        workers.run(async move {
            let drivers = (0..8).map(|seed| {
                let group = group.clone();
                spawn(async move {
                    let mut chance = Chance(seed);
                    for _ in 0..1_000 {
                        one_more(&group, &mut chance).await;
                    }
                })
            });
            let drivers = drivers.collect();
            drop(group);
            join(drivers).await;
        });
        // Those who counted by hand have their handles until they are gone.
        drop(workers);
        assert!(watch.is_freed());
    }
}

/// Starts one that is waited for, as a member or by hand, and waits, among others who do the same.
async fn one_more(group: &WaitGroup, chance: &mut Chance) {
    let ended = Arc::new(AtomicBool::new(false));
    let (theirs, turns) = (Arc::clone(&ended), chance.below(3));
    let ends = async move {
        for _ in 0..turns {
            yield_now().await;
        }
        theirs.store(true, Ordering::Relaxed);
    };
    if chance.below(2) == 0 {
        drop(group.go(ends));
    } else {
        group.add(1);
        let group = group.clone();
        spawn(async move {
            ends.await;
            group.done();
        });
    }
    if chance.below(4) == 0 {
        // A wait that is given up is no hindrance to the others.
        let _ = poll(&mut Box::pin(group.wait()));
    }
    group.wait().await;
    assert!(ended.load(Ordering::Relaxed));
}

#[test]
fn threads_that_wait_for_goroutines_beside_others_go_on_when_theirs_have_ended() {
    let (runtime, group) = (workers(2), WaitGroup::new());
    thread::scope(|scope| {
        let drivers = [(), ()].map(|()| {
            let group = group.clone();
            runtime.spawn(async move {
                for seed in 0..1_000 {
                    one_more(&group, &mut Chance(seed)).await;
                }
            })
        });
        for _ in 0..2 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    let ended = Arc::new(AtomicBool::new(false));
                    group.add(1);
                    let (by_hand, theirs) = (group.clone(), Arc::clone(&ended));
                    runtime.spawn(async move {
                        theirs.store(true, Ordering::Relaxed);
                        by_hand.done();
                    });
                    block_on(group.wait());
                    assert!(ended.load(Ordering::Relaxed));
                }
            });
        }
        runtime.block_on(join(drivers.into()));
    });
}
