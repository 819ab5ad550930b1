//! Section 5, where it names contexts. What Go's tests ask for is in `tests/golang/context.rs`.

use std::future::{pending, poll_fn, ready};
use std::io;
use std::panic::catch_unwind;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Poll, Wake, Waker};
use std::thread;

use chango::chan::Receive;
use chango::context::{self, Cancel, Context, ContextError, background};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use chango::runtime::{Builder, Reason};
use chango::{runtime, task};
use futures_lite::future::{block_on, poll_once};

use crate::until::until;
use crate::workers::{on, on_workers};

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);
const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const TOO_LATE: Option<ContextError> = Some(ContextError::DeadlineExceeded);

/// Deeper than any stack that would be used level by level.
const DEEP: usize = 100_000;

/// Runs `f` on a thread with so little stack that a level of it cannot be had for each of `DEEP`.
fn on_a_small_stack(f: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new().stack_size(128 * 1024).spawn(f);
    thread.unwrap().join().unwrap();
}

/// Counts its wake-ups, and does something at each.
struct Woken<F>(AtomicUsize, F);

impl<F: Fn() + Send + Sync + 'static> Woken<F> {
    fn new(f: F) -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(0), f))
    }

    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl<F: Fn() + Send + Sync + 'static> Wake for Woken<F> {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
        (self.1)();
    }
}

/// Begins to wait for the end of `ctx` with this waker, and does not end to.
fn wait_with<F: Fn() + Send + Sync + 'static>(ctx: &Context, woken: &Arc<Woken<F>>) {
    let ctx = ctx.clone();
    let mut future = Box::pin(async move { ctx.done().await });
    let waker = Waker::from(Arc::clone(woken));
    let polled = future
        .as_mut()
        .poll(&mut std::task::Context::from_waker(&waker));
    assert!(polled.is_pending());
    // Its place in the queue stays.
    Box::leak(Box::new(future));
}

#[test]
fn the_last_handle_that_is_dropped_cancels() {
    let (ctx, cancel) = context::with_cancel(&background());
    let clone = cancel.clone();
    drop(cancel);
    assert_eq!(ctx.err(), None);
    drop(clone);
    assert_eq!(ctx.err(), CANCELED);

    fn fails(ctx: &Context) -> Result<Context, std::num::ParseIntError> {
        let (ctx, _cancel) = context::with_cancel(ctx);
        LEFT.set(ctx.clone()).unwrap();
        "no number".parse::<i32>()?;
        Ok(ctx)
    }
    static LEFT: OnceLock<Context> = OnceLock::new();
    fails(&background()).unwrap_err();
    assert_eq!(LEFT.get().unwrap().err(), CANCELED);
}

#[test]
fn a_detached_handle_leaves_the_end_to_others() {
    let (parent, cancel_parent) = context::with_cancel(&background());
    let (ctx, cancel) = context::with_cancel(&parent);
    let other = cancel.clone();
    cancel.detach();
    drop(other);
    assert_eq!(ctx.err(), None);
    cancel_parent.cancel();
    assert_eq!(ctx.err(), CANCELED);

    on_workers(|| async {
        let (ctx, cancel) = context::with_timeout(&background(), 5 * MS);
        cancel.detach();
        ctx.done().await;
        assert_eq!(ctx.err(), TOO_LATE);

        // Also where nobody has the context any more.
        let (ctx, cancel) = context::with_timeout(&background(), 5 * MS);
        cancel.detach();
        let (tx, rx) = bounded(1);
        context::after_func(&ctx, async move {
            co! { tx <- "after"; }
        });
        drop(ctx);
        assert_eq!(rx.recv().await, Some("after"));
    });
}

#[test]
fn the_end_is_received_in_every_way() {
    async fn wait(what: impl Receive<Output = ()> + Sync) {
        co! { <-what }
    }
    on_workers(|| async {
        let (ctx, cancel) = context::with_cancel(&background());
        let boxed = Box::new((ctx.clone(),));
        let ways = [
            go! { clone ctx; <-ctx; },
            go! { clone ctx; <-ctx.done(); },
            go! { clone ctx; <-&ctx; },
            go! { clone ctx; <-Some(&ctx); },
            go! { <-boxed.0; },
            go! { clone ctx; ctx.done().await; },
            go! { clone ctx; ctx.done_blocking(); },
            go! { clone ctx; select! { <-ctx => {}, _ = pending::<()>() => {} } },
            go! { clone ctx; select! { <-ctx.done() => {}, <-None::<Context> => {} } },
            go! { clone ctx; select! { biased; () = <-&ctx => {}, _ = pending::<()>() => {} } },
            go! { clone ctx; for () in <-ctx { break; } },
            go! { clone ctx; while ctx.err().is_none() { task::yield_now().await; } },
            go! { clone ctx; let done = ctx.done(); <-done; <-done; },
            go!(wait(ctx.clone())),
        ];
        for _ in 0..3 {
            task::yield_now().await;
        }
        assert!(ways.iter().all(|way| !way.is_finished()));
        cancel.cancel();
        for way in ways {
            way.await.unwrap();
        }
    });
}

#[test]
fn the_background_is_a_nil_channel() {
    on_workers(|| async {
        let ctx = background();
        select! {
            <-ctx => panic!("it never ends"),
            <-ctx.done() => panic!("it never ends"),
            <-after(2 * MS) => {}
        }
    });
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.spawn(async {
        co! { <-background() }
    });
    let begun = Instant::now();
    let waits_for_nothing = |wait: &runtime::Wait| wait.reason() == Reason::ChanReceiveNilChan;
    while !(runtime.handle().dump().goroutines().iter())
        .any(|each| each.wait().is_some_and(waits_for_nothing))
    {
        assert!(begun.elapsed() < Duration::from_secs(30));
        thread::yield_now();
    }
}

#[test]
fn a_dump_says_where_the_end_is_waited_for() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    let (ctx, cancel) = context::with_cancel(&background());
    let run_ctx = ctx.clone();
    let arrow = runtime.spawn(async move {
        co! { <-ctx }
    });
    let arrow_at = line!() - 2;
    let run = runtime.spawn(async move { run_ctx.run(pending::<()>()).await });
    let run_at = line!() - 1;
    let (tx, rx) = bounded::<()>(0);
    let (other, _keep) = context::with_cancel(&background());
    let inner = runtime.spawn(async move { other.run(rx.recv()).await });
    let inner_at = line!() - 1;
    let wanted = [
        (Reason::ContextDone, arrow_at),
        (Reason::ContextDone, run_at),
        // What the future itself says comes first.
        (Reason::ChanReceive, inner_at),
    ];
    let begun = Instant::now();
    loop {
        let dump = handle.dump();
        let waits = dump.goroutines().iter().filter_map(|each| each.wait());
        let waits: Vec<_> = waits
            .map(|wait| (wait.reason(), wait.at().map_or(0, |at| at.line())))
            .collect();
        if waits == wanted {
            assert!(dump.to_string().contains("[context.Done]:"), "{dump}");
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{dump}");
        thread::yield_now();
    }
    cancel.cancel();
    drop(tx);
    runtime.block_on(async {
        arrow.await.unwrap();
        assert_eq!(run.await.unwrap(), Err(ContextError::Canceled));
        assert_eq!(inner.await.unwrap(), Ok(None));
    });
}

mod run {
    use super::*;

    #[test]
    fn what_has_ended_does_not_begin() {
        let (ctx, cancel) = context::with_cancel(&background());
        cancel.cancel();
        let polled = AtomicUsize::new(0);
        let future = poll_fn(|_| {
            polled.fetch_add(1, Ordering::Relaxed);
            Poll::Ready(())
        });
        assert_eq!(block_on(ctx.run(future)), Err(ContextError::Canceled));
        assert_eq!(polled.into_inner(), 0);
        assert_eq!(block_on(background().run(ready(7))), Ok(7));
    }

    #[test]
    fn what_is_ready_together_with_the_end_is_given() {
        let (ctx, cancel) = context::with_cancel(&background());
        let (tx, rx) = bounded(1);
        let mut run = pin!(ctx.run(rx.recv()));
        assert!(block_on(poll_once(run.as_mut())).is_none());
        cancel.cancel();
        tx.try_send(1).unwrap();
        assert_eq!(block_on(run), Ok(Some(1)));
    }

    #[test]
    fn the_future_is_dropped_and_loses_nothing() {
        on_workers(|| async {
            let (ctx, cancel) = context::with_cancel(&background());
            let (tx, rx) = bounded(0);
            let receiving = go! { clone rx; ctx.run(rx.recv()).await };
            // The receiver of this test, and the one that waits.
            until("it waits", || tx.receiver_count() == 2).await;
            cancel.cancel();
            assert_eq!(receiving.await.unwrap(), Err(ContextError::Canceled));
            let sending = go! { tx <- 1; };
            assert_eq!(rx.recv().await, Some(1));
            sending.await.unwrap();
        });
    }

    #[test]
    fn a_future_that_is_always_ready_again_does_not_hide_the_end() {
        on(1, async {
            let (ctx, _cancel) = context::with_timeout(&background(), 2 * MS);
            let busy = async {
                loop {
                    task::yield_now().await;
                }
            };
            assert_eq!(
                ctx.run(busy).await,
                Err::<(), _>(ContextError::DeadlineExceeded)
            );
        });
    }
}

mod with_sockets {
    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        (client, listener.accept().await.unwrap().0)
    }

    #[test]
    fn a_read_beside_an_end_loses_no_byte() {
        on_workers(|| async {
            let (client, server) = pair().await;
            let mut buf = [0; 8];
            let mut read = 0;
            // Rounds in which either may win; what the reads got must be all that was written.
            let writing = go! {
                for byte in 0..100_u8 {
                    client.write_all(&[byte]).await.unwrap();
                    if byte % 10 == 0 { sleep(MS).await; }
                }
            };
            let mut ends = 0;
            loop {
                let (ctx, _cancel) = context::with_timeout(&background(), MS / 4);
                select! {
                    n = server.read(&mut buf) => match n.unwrap() {
                        0 => break,
                        n => {
                            for &byte in &buf[..n] {
                                assert_eq!(byte, read);
                                read += 1;
                            }
                        }
                    },
                    <-ctx.done() => ends += 1,
                }
            }
            writing.await.unwrap();
            assert_eq!(read, 100);
            println!("{ends} reads were given up");
        });
    }

    #[test]
    fn an_end_comes_to_those_who_read_and_accept() {
        on_workers(|| async {
            let (_client, server) = pair().await;
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let (ctx, cancel) = context::with_cancel(&background());
            let reading = go! { clone ctx;
                let mut buf = [0; 8];
                select! {
                    n = server.read(&mut buf) => panic!("{n:?}"),
                    <-ctx.done() => ctx.err(),
                }
            };
            let accepting = go! { clone ctx;
                select! {
                    accepted = listener.accept() => panic!("{accepted:?}"),
                    <-ctx => ctx.err(),
                }
            };
            for _ in 0..3 {
                task::yield_now().await;
            }
            cancel.cancel();
            assert_eq!(reading.await.unwrap(), CANCELED);
            assert_eq!(accepting.await.unwrap(), CANCELED);
        });
    }

    /// What a handler of a request does: it reads until its context ends, the server's or its own.
    async fn handle(ctx: Context, stream: TcpStream) -> Result<(), io::Error> {
        let mut buf = [0; 64];
        loop {
            let n = ctx.run(stream.read(&mut buf)).await??;
            if n == 0 {
                return Ok(());
            }
            stream.write_all(&buf[..n]).await?;
        }
    }

    #[test]
    fn a_server_that_ends_ends_its_requests() {
        const CLIENTS: usize = 20;

        on_workers(|| async {
            let (server, shut_down) = context::with_cancel(&background());
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (ended, ends) = unbounded();
            let serving = go! {
                let requests = WaitGroup::new();
                loop {
                    select! {
                        accepted = listener.accept() => {
                            let (ctx, cancel) = context::with_timeout(&server, HOUR);
                            let (stream, _) = accepted.unwrap();
                            let ended = ended.clone();
                            requests.go(async move {
                                let result = handle(ctx, stream).await;
                                drop(cancel);
                                co! { ended <- result; }
                            });
                        }
                        <-server => break,
                    }
                }
                requests.wait().await;
            };
            let mut clients = Vec::new();
            for _ in 0..CLIENTS {
                let client = TcpStream::connect(address).await.unwrap();
                client.write_all(b"hello").await.unwrap();
                client.read_exact(&mut [0; 5]).await.unwrap();
                clients.push(client);
            }
            // One ends by itself, as requests do; all others with the server.
            drop(clients.pop());
            assert!(ends.recv().await.unwrap().is_ok());
            shut_down.cancel_with("shut down");
            for _ in 1..CLIENTS {
                let error = ends.recv().await.unwrap().unwrap_err();
                assert_eq!(error.to_string(), "context canceled");
            }
            serving.await.unwrap();
            for client in clients {
                assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
            }
        });
    }
}

#[test]
fn all_who_wait_are_woken() {
    on_workers(|| async {
        let (ctx, cancel) = context::with_cancel(&background());
        let group = WaitGroup::new();
        for i in 0..1000 {
            let (child, keep) = context::with_cancel(&ctx);
            let ctx = [&ctx, &child][i % 2].clone();
            group.go(async move {
                co! { <-ctx }
                drop(keep);
            });
        }
        task::yield_now().await;
        cancel.cancel();
        group.wait().await;
    });
}

#[test]
fn a_waker_that_panics_harms_nobody() {
    let (ctx, cancel) = context::with_cancel(&background());
    let (child, _keep) = context::with_cancel(&ctx);
    let bad = Woken::new(|| panic!("a bad waker"));
    let good = Woken::new(|| {});
    for ctx in [&ctx, &child] {
        wait_with(ctx, &bad);
        wait_with(ctx, &good);
        wait_with(ctx, &bad);
        wait_with(ctx, &good);
    }
    cancel.cancel();
    assert_eq!((bad.count(), good.count()), (4, 4));
    assert_eq!((ctx.err(), child.err()), (CANCELED, CANCELED));
}

#[test]
fn who_is_woken_finds_everything_ended_and_no_lock_taken() {
    static ALL: OnceLock<(Vec<Context>, Cancel)> = OnceLock::new();

    let (ctx, cancel) = context::with_cancel(&background());
    let (left, cancel_left) = context::with_cancel(&ctx);
    let (right, cancel_right) = context::with_cancel(&ctx);
    let (below, cancel_below) = context::with_cancel(&right);
    let woken = Woken::new(|| {
        let (all, cancel) = ALL.get().unwrap();
        for ctx in all {
            assert_eq!(ctx.err(), CANCELED);
            let (late, _keep) = context::with_cancel(ctx);
            assert_eq!(late.err(), CANCELED);
            block_on(ctx.done().into_future());
        }
        cancel.cancel();
        // What panics here would be kept from us.
        SEEN.fetch_add(1, Ordering::Relaxed);
    });
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    for each in [&ctx, &left, &right, &below] {
        wait_with(each, &woken);
    }
    ALL.set((vec![ctx, left, right, below], cancel)).unwrap();
    ALL.get().unwrap().1.cancel();
    assert_eq!(SEEN.load(Ordering::Relaxed), 4);
    drop((cancel_left, cancel_right, cancel_below));
}

#[test]
fn a_deep_tree_ends_and_goes_without_a_deep_stack() {
    /// A chain, of which nobody has but the ends, or which is held by handles.
    fn chain(root: &Context) -> (Context, Vec<Cancel>) {
        let mut handles = Vec::new();
        let mut ctx = root.clone();
        for level in 0..DEEP {
            let (child, cancel) = context::with_cancel(&context::with_value(&ctx, level));
            ctx = child;
            handles.push(cancel);
        }
        (ctx, handles)
    }
    on_a_small_stack(|| {
        let (root, cancel) = context::with_cancel(&background());
        let (last, handles) = chain(&root);
        cancel.cancel();
        assert_eq!(
            (last.err(), last.value::<usize>()),
            (CANCELED, Some(&(DEEP - 1)))
        );
        drop((root, last, handles));

        // From the top: each handle ends one that has all others below it.
        let (last, handles) = chain(&background());
        handles.into_iter().for_each(drop);
        assert_eq!(last.err(), CANCELED);

        // Nothing has ended, and all goes with the last one.
        let (root, _cancel) = context::with_cancel(&background());
        let (last, handles) = chain(&root);
        handles.into_iter().for_each(Cancel::detach);
        assert_eq!(last.err(), None);
        drop(last);
    });
}

#[test]
fn a_wide_tree_ends_as_a_whole() {
    let (root, cancel) = context::with_cancel(&background());
    let woken = Woken::new(|| {});
    let children: Vec<_> = (0..DEEP).map(|_| context::with_cancel(&root)).collect();
    for (child, _) in children.iter().step_by(10) {
        wait_with(child, &woken);
    }
    cancel.cancel_with("all of you");
    for (child, _) in &children {
        assert_eq!(child.cause().unwrap().to_string(), "all of you");
    }
    assert_eq!(woken.count(), DEEP / 10);
}

#[test]
fn contexts_work_on_plain_threads_and_other_executors() {
    let (ctx, cancel) = context::with_cancel(&background());
    let threads: Vec<_> = (0..4)
        .map(|i| {
            let ctx = ctx.clone();
            thread::spawn(move || match i % 2 {
                0 => ctx.done_blocking(),
                _ => block_on(async {
                    co! { select! { <-ctx => {}, _ = pending::<()>() => {} } }
                }),
            })
        })
        .collect();
    assert!(block_on(poll_once(ctx.done().into_future())).is_none());
    cancel.cancel();
    threads
        .into_iter()
        .for_each(|thread| thread.join().unwrap());

    // Where there are no timers.
    let over = Instant::now();
    assert_eq!(
        context::with_deadline(&background(), over).0.err(),
        TOO_LATE
    );
    let panicked = catch_unwind(|| context::with_timeout(&background(), HOUR)).unwrap_err();
    let said = panicked.downcast_ref::<String>().unwrap();
    assert!(said.contains("needs a runtime"), "{said}");
    let panicked = catch_unwind(|| context::after_func(&background(), async {})).unwrap_err();
    let said = panicked.downcast_ref::<String>().unwrap();
    assert!(
        said.starts_with("context::after_func needs a runtime"),
        "{said}"
    );
}

#[test]
fn the_end_of_a_runtime_cancels_what_waits_for_its_timers() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let handle = runtime.handle();
    let (ctx, _cancel) = runtime.run(async { context::with_timeout(&background(), HOUR) });
    let ran = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&ran);
    let entered = handle.enter();
    context::after_func(&ctx, async move {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    drop(entered);
    let waiting = ctx.clone();
    let thread = thread::spawn(move || waiting.done_blocking());
    drop(runtime);
    thread.join().unwrap();
    assert_eq!(ctx.err(), CANCELED);
    // There is no goroutine any more that could run it; it was dropped.
    assert_eq!(
        (ran.load(Ordering::Relaxed), Arc::strong_count(&ran)),
        (0, 1)
    );

    let _entered = handle.enter();
    let (late, _cancel) = context::with_timeout(&background(), HOUR);
    assert_eq!(late.err(), CANCELED);
}

#[test]
fn a_select_gives_the_end_no_preference() {
    on(1, async {
        let (ctx, cancel) = context::with_cancel(&background());
        cancel.cancel();
        let (tx, rx) = unbounded();
        let mut ended = 0;
        for _ in 0..1000 {
            tx.try_send(()).unwrap();
            select! {
                <-ctx => ended += 1,
                _ = <-rx => {}
            }
        }
        assert!((300..700).contains(&ended), "{ended} of 1000");
    });
}
