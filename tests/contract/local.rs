//! Section 4 again: goroutines that stay on one thread from their beginning, among channels.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use chango::chan::never;
use chango::prelude::*;
use chango::runtime::{self, Builder, Runtime};
use chango::task;

use crate::until::until;
use crate::workers::on_workers;

/// Cannot travel, and counts those of its kind that were dropped where they were made.
struct Stays {
    made: ThreadId,
    at_home: Arc<AtomicUsize>,
    shared: Rc<Cell<usize>>,
}

impl Stays {
    fn new(at_home: &Arc<AtomicUsize>) -> Self {
        Self {
            made: thread::current().id(),
            at_home: Arc::clone(at_home),
            shared: Rc::new(Cell::new(0)),
        }
    }

    fn touch(&self) {
        assert_eq!(thread::current().id(), self.made);
        let other = Rc::clone(&self.shared);
        other.set(other.get() + 1);
    }
}

impl Drop for Stays {
    fn drop(&mut self) {
        if thread::current().id() == self.made {
            self.at_home.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[test]
fn what_cannot_travel_is_kept_across_arrows_and_selects() {
    on_workers(|| async {
        let (tx, rx) = bounded::<i32>(0);
        let sum = task::spawn_local(move || async move {
            let seen = Rc::new(RefCell::new(Vec::new()));
            co! {
                loop {
                    select! {
                        v = <-rx => match v {
                            Some(v) => seen.borrow_mut().push(v),
                            None => break,
                        },
                        <-after(Duration::from_secs(60)) => panic!("nothing comes"),
                    }
                }
            }
            seen.take().into_iter().sum::<i32>()
        });
        co! {
            for i in 0..100 { tx <- i; }
        }
        drop(tx);
        assert_eq!(sum.await.unwrap(), 4950);
    });
}

/// Two hundred that hand values on to each other, beside others that are stolen and a number of workers
/// that changes all the time.
#[test]
fn a_long_chain_of_local_goroutines_hands_everything_on() {
    const LINKS: usize = 200;
    const VALUES: usize = 20;
    on_workers(|| async {
        let at_home = Arc::new(AtomicUsize::new(0));
        let over = Arc::new(AtomicBool::new(false));
        let resizes = go! { clone over;
            for turn in 0.. {
                if over.load(Ordering::SeqCst) {
                    break;
                }
                runtime::set_max_procs(1 + turn % 5);
                task::yield_now().await;
            }
        };
        let (first, mut rx) = bounded::<usize>(0);
        let mut links = Vec::new();
        for _ in 0..LINKS {
            let (tx, next) = bounded(links.len() % 3);
            let from = std::mem::replace(&mut rx, next);
            let at_home = Arc::clone(&at_home);
            links.push(task::spawn_local(move || async move {
                let stays = Stays::new(&at_home);
                co! {
                    for v in <-from {
                        stays.touch();
                        tx <- v + 1;
                        stays.touch();
                    }
                }
                stays.shared.get()
            }));
        }
        let noise: Vec<_> = (0..20)
            .map(|_| go! { for _ in 0..500 { task::yield_now().await; } })
            .collect();
        go! {
            for v in 0..VALUES { first <- v; }
        };
        let mut values = 0;
        co! {
            for v in <-rx {
                assert_eq!(v, values + LINKS);
                values += 1;
            }
        }
        assert_eq!(values, VALUES);
        for link in links {
            assert_eq!(link.await.unwrap(), 2 * VALUES);
        }
        for one in noise {
            one.await.unwrap();
        }
        over.store(true, Ordering::SeqCst);
        resizes.await.unwrap();
        assert_eq!(at_home.load(Ordering::SeqCst), LINKS);
    });
}

/// Starts a local goroutine that waits in one of eight ways, with something that cannot travel in hand.
fn wait(way: usize, at_home: Arc<AtomicUsize>, begun: Arc<AtomicUsize>) -> task::JoinHandle<()> {
    task::spawn_local(move || async move {
        let stays = Stays::new(&at_home);
        let (tx, rx) = bounded::<i32>(0);
        let timer = after(Duration::from_secs(600));
        begun.fetch_add(1, Ordering::SeqCst);
        co! {
            match way % 8 {
                0 => { <-rx; }
                1 => { tx <- 1; }
                2 => select! { <-rx => {}, <-never::<i32>() => {}, <-timer => {} },
                3 => select! { tx <- 1 => {}, <-timer => {} },
                4 => { <-timer; }
                5 => sleep(Duration::from_secs(600)).await,
                6 => { go! { <-never::<i32>() }.await.unwrap(); }
                _ => loop {
                    sleep(Duration::from_micros(50)).await;
                    stays.touch();
                },
            }
        }
        stays.touch();
    })
}

const WAITERS: usize = 24;

/// All of them, begun.
async fn waiters(at_home: &Arc<AtomicUsize>) -> Vec<task::JoinHandle<()>> {
    let begun = Arc::new(AtomicUsize::new(0));
    let all = (0..WAITERS).map(|way| wait(way, Arc::clone(at_home), Arc::clone(&begun)));
    let all: Vec<_> = all.collect();
    until("all have begun", || begun.load(Ordering::SeqCst) == WAITERS).await;
    all
}

#[test]
fn those_that_wait_in_channels_and_selects_are_aborted_at_home() {
    on_workers(|| async {
        let at_home = Arc::new(AtomicUsize::new(0));
        for waiter in waiters(&at_home).await {
            waiter.abort();
            assert!(waiter.await.unwrap_err().is_aborted());
        }
        assert_eq!(at_home.load(Ordering::SeqCst), WAITERS);
    });
}

fn ends_with(runtime: Runtime, end: impl FnOnce(Runtime)) {
    let at_home = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&at_home);
    let waiters = runtime.run(async move { waiters(&count).await });
    end(runtime);
    assert_eq!(at_home.load(Ordering::SeqCst), WAITERS);
    assert!(waiters.iter().all(task::JoinHandle::is_finished));
}

#[test]
fn those_that_wait_in_channels_and_selects_are_dropped_at_home_when_the_runtime_ends() {
    for workers in [1, 2, 8] {
        for _ in 0..5 {
            let runtime = || Builder::new().workers(workers).build().unwrap();
            ends_with(runtime(), drop);
            ends_with(runtime(), |runtime| {
                assert!(runtime.shutdown_timeout(Duration::from_secs(60)));
            });
        }
    }
}
