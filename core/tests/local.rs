//! `spawn_local`: a future that cannot travel is made, polled and dropped by one thread, however it ends.

use std::cell::{Cell, RefCell};
use std::future::{Future, pending, poll_fn};
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::task::{Context, Poll, Waker};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{self, blocking, exit, lock_os_thread, spawn, spawn_local, yield_now};
use chango_core::task::JoinHandle;
use chango_core::time::sleep;

/// Runs a test with 1, 2 and 8 workers.
fn with_workers(test: impl Fn(Runtime)) {
    for workers in [1, 2, 8] {
        test(Builder::new().workers(workers).build().expect("a runtime"));
    }
}

fn here() -> ThreadId {
    thread::current().id()
}

fn wait_until(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "it never is");
        thread::yield_now();
    }
}

/// What was seen of a local goroutine's future.
#[derive(Default)]
struct Seen {
    made: Mutex<Option<ThreadId>>,
    polls: AtomicUsize,
    /// Its first poll is over, and it has begun to wait.
    waits: AtomicBool,
    dropped: Mutex<Vec<ThreadId>>,
    elsewhere: AtomicBool,
}

impl Seen {
    fn is_here(&self) {
        if *self.made.lock().unwrap() != Some(here()) {
            self.elsewhere.store(true, Ordering::SeqCst);
        }
    }

    fn polls(&self) -> usize {
        self.polls.load(Ordering::SeqCst)
    }

    fn is_dropped(&self) -> bool {
        !self.dropped.lock().unwrap().is_empty()
    }

    /// It was made, polled and dropped, once, by one thread.
    #[track_caller]
    fn check(&self) {
        let made = self.made.lock().unwrap().expect("it was made");
        assert!(self.polls() > 0, "it was never polled");
        assert_eq!(*self.dropped.lock().unwrap(), [made]);
        assert!(!self.elsewhere.load(Ordering::SeqCst), "it has travelled");
    }
}

/// A future that cannot travel, and says where it has been.
struct Watched<F> {
    seen: Arc<Seen>,
    future: Pin<Box<F>>,
    not_send: PhantomData<Rc<()>>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.seen.polls.fetch_add(1, Ordering::SeqCst);
        self.seen.is_here();
        let polled = self.future.as_mut().poll(cx);
        self.seen
            .waits
            .fetch_or(polled.is_pending(), Ordering::SeqCst);
        polled
    }
}

impl<F> Drop for Watched<F> {
    fn drop(&mut self) {
        self.seen.is_here();
        self.seen.dropped.lock().unwrap().push(here());
    }
}

/// The closure of a local goroutine that is watched.
fn watched<M, F>(make: M) -> (Arc<Seen>, impl FnOnce() -> Watched<F> + Send + 'static)
where
    M: FnOnce() -> F + Send + 'static,
    F: Future + 'static,
{
    let seen = Arc::new(Seen::default());
    let sees = Arc::clone(&seen);
    let made = move || {
        *sees.made.lock().unwrap() = Some(here());
        Watched {
            future: Box::pin(make()),
            seen: sees,
            not_send: PhantomData,
        }
    };
    (seen, made)
}

/// Counts its drops.
struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn never_called(_: Counts) -> std::future::Ready<()> {
    panic!("it is called")
}

/// Lets others run, in every way there is.
async fn give_way(turn: usize) {
    match turn % 4 {
        0 => yield_now().await,
        1 => sleep(Duration::from_micros(50)).await,
        2 => assert_eq!(spawn(async move { turn }).await.unwrap(), turn),
        _ => blocking(thread::yield_now),
    }
}

async fn turns(count: usize) -> usize {
    let sum = Rc::new(Cell::new(0));
    for turn in 0..count {
        give_way(turn).await;
        sum.set(sum.get() + 1);
    }
    sum.get()
}

#[test]
fn a_local_goroutine_returns_what_it_made_on_its_thread() {
    with_workers(|runtime| {
        let all: Vec<_> = (0..8)
            .map(|_| {
                let (seen, make) = watched(|| turns(50));
                (seen, runtime.spawn_local(make))
            })
            .collect();
        for (seen, handle) in all {
            assert_eq!(runtime.block_on(handle).unwrap(), 50);
            seen.check();
        }
    });
}

#[test]
fn a_local_goroutine_that_panics_is_dropped_by_its_thread() {
    with_workers(|runtime| {
        for turn in 0..8 {
            let (seen, make) = watched(move || async move {
                give_way(turn).await;
                panic!("in the future");
            });
            let panicked = runtime.block_on(runtime.spawn_local(make));
            assert!(panicked.unwrap_err().is_panic());
            seen.check();
        }
        assert_eq!(runtime.run(async { 7 }), 7);
    });
}

#[test]
fn a_closure_that_panics_ends_its_goroutine_only() {
    with_workers(|runtime| {
        let drops = Arc::new(AtomicUsize::new(0));
        for _ in 0..8 {
            let counts = Counts(Arc::clone(&drops));
            let make = move || -> std::future::Ready<()> {
                let _counts = counts;
                panic!("before there is a future");
            };
            let panicked = runtime.block_on(runtime.spawn_local(make));
            assert!(panicked.unwrap_err().is_panic());
        }
        assert_eq!(drops.load(Ordering::SeqCst), 8);
        // Its thread serves others again: with one worker there would be none else.
        assert_eq!(
            runtime
                .block_on(runtime.spawn(async { turns_of_others().await }))
                .unwrap(),
            20
        );
    });
}

async fn turns_of_others() -> usize {
    for turn in 0..20 {
        give_way(turn).await;
    }
    20
}

#[test]
fn a_local_goroutine_that_exits_is_dropped_by_its_thread() {
    with_workers(|runtime| {
        for turn in 0..8 {
            let (seen, make) = watched(move || async move {
                give_way(turn).await;
                exit().await
            });
            let exited: JoinHandle<()> = runtime.spawn_local(make);
            assert!(runtime.block_on(exited).unwrap_err().is_exited());
            seen.check();
        }
    });
}

#[test]
fn a_local_goroutine_is_aborted_from_other_threads_and_dropped_by_its_own() {
    with_workers(|runtime| {
        for turn in 0..40 {
            let (seen, make) = watched(move || async move {
                for more in 0.. {
                    match turn % 4 {
                        // It waits for ever, for a timer, and not at all.
                        0 => pending::<()>().await,
                        1 => sleep(Duration::from_secs(600)).await,
                        2 => yield_now().await,
                        _ => give_way(more).await,
                    }
                }
            });
            let handle = runtime.spawn_local(make);
            wait_until(|| seen.polls() > 0);
            match turn % 3 {
                0 => handle.abort(),
                1 => thread::scope(|scope| {
                    for _ in 0..3 {
                        scope.spawn(|| handle.abort());
                    }
                }),
                _ => runtime.run({
                    let handle = Arc::new(handle);
                    let aborts = Arc::clone(&handle);
                    async move {
                        spawn(async move { aborts.abort() }).await.unwrap();
                        poll_fn(|cx| handle.poll_join(cx)).await.unwrap_err();
                    }
                }),
            }
            wait_until(|| seen.is_dropped());
            seen.check();
        }
        assert_eq!(runtime.run(async { 7 }), 7);
    });
}

#[test]
fn an_abort_during_its_own_poll_takes_effect_on_its_thread() {
    with_workers(|runtime| {
        let (go_on, waits) = mpsc::channel::<()>();
        let (seen, make) = watched(move || async move {
            // Both blocked: with a right to run, and without.
            waits.recv().unwrap();
            blocking(|| waits.recv().unwrap());
            pending::<()>().await;
        });
        let handle = runtime.spawn_local(make);
        wait_until(|| seen.polls() > 0);
        handle.abort();
        go_on.send(()).unwrap();
        assert!(!seen.is_dropped());
        go_on.send(()).unwrap();
        assert!(runtime.block_on(handle).unwrap_err().is_aborted());
        seen.check();
    });
}

#[test]
fn a_closure_of_a_goroutine_that_is_aborted_first_is_dropped_and_not_called() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let drops = Arc::new(AtomicUsize::new(0));
    runtime.run({
        let drops = Arc::clone(&drops);
        async move {
            let counts = Counts(drops);
            // The only worker runs this goroutine.
            let handle = spawn_local(move || never_called(counts));
            handle.abort();
            assert!(handle.await.unwrap_err().is_aborted());
        }
    });
    assert_eq!(drops.load(Ordering::SeqCst), 1);
}

#[test]
fn a_closure_that_comes_after_the_end_is_dropped_and_not_called() {
    with_workers(|runtime| {
        let (handle, drops) = (runtime.handle(), Arc::new(AtomicUsize::new(0)));
        drop(runtime);
        let counts = Counts(Arc::clone(&drops));
        let late = handle.spawn_local(move || never_called(counts));
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        let ended: Result<(), _> = futures_lite::future::block_on(late);
        assert!(ended.unwrap_err().is_aborted());
    });
}

/// Local goroutines that wait in every way there is, and have begun to.
fn waiting(runtime: &Runtime, count: usize) -> Vec<(Arc<Seen>, JoinHandle<()>)> {
    let waits = |way: usize| async move {
        let kept = Rc::new(RefCell::new(0));
        match way % 5 {
            0 => pending::<()>().await,
            1 => sleep(Duration::from_secs(600)).await,
            2 => spawn(pending::<()>()).await.unwrap(),
            3 => loop {
                yield_now().await;
                *kept.borrow_mut() += 1;
            },
            _ => loop {
                sleep(Duration::from_micros(100)).await;
                *kept.borrow_mut() += 1;
            },
        }
    };
    let all: Vec<_> = (0..count)
        .map(|way| {
            let (seen, make) = watched(move || waits(way));
            (seen, runtime.spawn_local(make))
        })
        .collect();
    wait_until(|| {
        all.iter()
            .all(|(seen, _)| seen.waits.load(Ordering::SeqCst))
    });
    all
}

#[test]
fn at_the_end_of_the_runtime_each_thread_drops_its_own() {
    for round in 0..5 {
        with_workers(|runtime| {
            let all = waiting(&runtime, 20);
            let others: Vec<_> = (0..20)
                .map(|turn| runtime.spawn(async move { for_ever(turn).await }))
                .collect();
            if round % 2 == 0 {
                drop(runtime);
            } else {
                assert!(runtime.shutdown_timeout(Duration::from_secs(60)));
            }
            for (seen, handle) in all {
                seen.check();
                let ended = futures_lite::future::block_on(handle);
                assert!(ended.unwrap_err().is_aborted());
            }
            for other in others {
                assert!(other.is_finished());
            }
        });
    }
}

async fn for_ever(mut turn: usize) {
    loop {
        give_way(turn).await;
        turn += 1;
    }
}

#[test]
fn what_is_dropped_at_the_end_may_wake_abort_and_join_the_others() {
    /// Has something to do with all others when it is dropped.
    struct Meddles {
        wakers: Arc<Mutex<Vec<Waker>>>,
        handles: Arc<Mutex<Vec<JoinHandle<()>>>>,
    }
    impl Drop for Meddles {
        fn drop(&mut self) {
            let wakers = self.wakers.lock().unwrap();
            wakers.iter().for_each(Waker::wake_by_ref);
            drop(wakers);
            let mut handles = self.handles.lock().unwrap();
            handles.iter().for_each(JoinHandle::abort);
            // The header of one that is gone may go here.
            handles.pop();
        }
    }

    for _ in 0..10 {
        with_workers(|runtime| {
            let (wakers, handles) = (Arc::default(), Arc::default());
            let mut all = Vec::new();
            for _ in 0..12 {
                let (wakers, handles) = (Arc::clone(&wakers), Arc::clone(&handles));
                let kept = Arc::clone(&handles);
                let (seen, make) = watched(move || async move {
                    let meddles = Meddles { wakers, handles };
                    poll_fn(|cx| {
                        meddles.wakers.lock().unwrap().push(cx.waker().clone());
                        Poll::<()>::Pending
                    })
                    .await;
                });
                let handle = runtime.spawn_local(make);
                kept.lock().unwrap().push(handle);
                all.push(seen);
            }
            wait_until(|| all.iter().all(|seen| seen.polls() > 0));
            drop(runtime);
            all.iter().for_each(|seen| seen.check());
            wakers.lock().unwrap().clear();
        });
    }
}

#[test]
fn a_shutdown_that_is_not_waited_for_leaves_them_to_their_threads() {
    for local in [true, false] {
        with_workers(|runtime| {
            let (go_on, stuck) = mpsc::channel::<()>();
            let (seen, make) = watched(pending::<()>);
            let all = waiting(&runtime, 10);
            let (is_stuck, begun) = mpsc::channel();
            let sticks = move || async move {
                is_stuck.send(()).unwrap();
                stuck.recv().unwrap();
            };
            let sticks = match local {
                true => runtime.spawn_local(move || async move {
                    let future = make();
                    sticks().await;
                    future.await;
                }),
                false => runtime.spawn(sticks()),
            };
            begun.recv().unwrap();
            assert!(!runtime.shutdown_timeout(Duration::from_millis(20)));
            assert!(all.iter().all(|(seen, _)| !seen.is_dropped()));
            assert!(!seen.is_dropped());
            go_on.send(()).unwrap();
            wait_until(|| all.iter().all(|(_, handle)| handle.is_finished()));
            wait_until(|| sticks.is_finished());
            all.iter().for_each(|(seen, _)| seen.check());
            if local {
                seen.check();
            }
        });
    }
}

#[test]
fn its_thread_serves_others_when_it_has_ended() {
    let runtime = Builder::new().workers(1).max_threads(4).build().unwrap();
    for _ in 0..200 {
        let (seen, make) = watched(|| turns(8));
        assert_eq!(runtime.block_on(runtime.spawn_local(make)).unwrap(), 8);
        seen.check();
        assert_eq!(runtime.run(async { turns_of_others().await }), 20);
    }
    assert!(runtime.handle().metrics().threads() <= 4);
}

#[test]
fn a_thread_on_which_it_has_leaked_a_guard_is_not_used_again() {
    thread_local!(static TAINTED: Cell<bool> = const { Cell::new(false) });
    with_workers(|runtime| {
        for _ in 0..5 {
            let (seen, make) = watched(|| async {
                assert!(!TAINTED.replace(true), "used again");
                mem::forget(lock_os_thread().await);
                yield_now().await;
            });
            runtime.block_on(runtime.spawn_local(make)).unwrap();
            seen.check();
            runtime.run(async {
                for turn in 0..20 {
                    give_way(turn).await;
                    assert!(!TAINTED.get());
                }
            });
        }
    });
}

#[test]
fn guards_inside_are_dropped_without_unlocking_it() {
    with_workers(|runtime| {
        let (guards, others) = mpsc::channel();
        let (seen, make) = watched(move || async move {
            drop(lock_os_thread().await);
            for turn in 0..100 {
                guards.send(lock_os_thread().await).unwrap();
                give_way(turn).await;
            }
        });
        let handle = runtime.spawn_local(make);
        others.into_iter().for_each(drop);
        runtime.block_on(handle).unwrap();
        seen.check();
    });
}

#[test]
fn nobody_else_runs_on_its_thread() {
    thread_local!(static OWNER: Cell<usize> = const { Cell::new(0) });
    with_workers(|runtime| {
        let local = |me: usize| {
            move || async move {
                assert_eq!(OWNER.replace(me), 0);
                for turn in 0..100 {
                    give_way(turn).await;
                    assert_eq!(OWNER.get(), me);
                }
                OWNER.set(0);
            }
        };
        let mut all = Vec::new();
        for me in 1..=4 {
            all.push(runtime.spawn_local(local(me)));
            all.extend((0..5).map(|_| {
                runtime.spawn(async {
                    for turn in 0..100 {
                        give_way(turn).await;
                        assert_eq!(OWNER.get(), 0, "another one's thread");
                    }
                })
            }));
        }
        for handle in all {
            runtime.block_on(handle).unwrap();
        }
    });
}

#[test]
fn it_is_woken_from_everywhere() {
    with_workers(|runtime| {
        let (send_waker, wakers) = mpsc::channel::<Waker>();
        let (seen, make) = watched(move || async move {
            for _ in 0..200 {
                let mut asked = false;
                poll_fn(|cx| {
                    if mem::replace(&mut asked, true) {
                        return Poll::Ready(());
                    }
                    send_waker.send(cx.waker().clone()).unwrap();
                    Poll::Pending
                })
                .await;
            }
        });
        let handle = runtime.spawn_local(make);
        for (turn, waker) in wakers.into_iter().enumerate() {
            match turn % 3 {
                0 => waker.wake(),
                1 => drop(runtime.spawn(async move { waker.wake_by_ref() })),
                _ => drop(runtime.spawn_local(move || async move { waker.wake() })),
            }
        }
        runtime.block_on(handle).unwrap();
        seen.check();
    });
}

#[test]
fn those_for_whom_there_are_no_threads_wait_and_are_not_lost() {
    let runtime = Builder::new().workers(1).max_threads(2).build().unwrap();
    let all: Vec<_> = (0..20)
        .map(|_| {
            let (seen, make) = watched(|| async {
                let kept = Rc::new(1);
                sleep(Duration::from_millis(1)).await;
                *kept
            });
            (seen, runtime.spawn_local(make))
        })
        .collect();
    for (seen, handle) in all {
        assert_eq!(runtime.block_on(handle).unwrap(), 1);
        seen.check();
    }
}

#[test]
fn timers_are_seen_to_while_the_only_thread_is_locked() {
    let runtime = Builder::new().workers(1).max_threads(1).build().unwrap();
    let (seen, make) = watched(|| async {
        let kept = Rc::new(1);
        // By then the thread that watches the workers would long sleep, if that were all it looked at.
        sleep(Duration::from_millis(1500)).await;
        *kept
    });
    assert_eq!(runtime.block_on(runtime.spawn_local(make)).unwrap(), 1);
    seen.check();
}

#[test]
fn it_may_be_spawned_by_name_and_on_the_runtime_that_was_entered() {
    with_workers(|runtime| {
        let handle = runtime.handle();
        let _entered = handle.enter();
        let kept = || async {
            let kept = Rc::new(1);
            yield_now().await;
            *kept
        };
        let named = spawn::Builder::new().name("local").spawn_local(kept);
        let id = named.id();
        assert_eq!(runtime.block_on(named).unwrap(), 1);
        assert!(spawn_local(kept).id() > id);
        let waits = spawn::Builder::new()
            .name("waits")
            .spawn_local(pending::<()>);
        let dump = handle.dump();
        let mut names = dump.goroutines().iter().filter_map(|one| one.name());
        assert_eq!(names.next(), Some("waits"));
        drop(waits);
    });
}

#[test]
fn outside_every_runtime_it_is_a_panic() {
    let panic = std::panic::catch_unwind(|| spawn_local(|| std::future::ready(())));
    let text = *panic.unwrap_err().downcast::<String>().unwrap();
    assert!(text.contains("needs a runtime"), "{text}");
}
