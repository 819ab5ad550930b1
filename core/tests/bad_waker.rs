//! Foreign wakers that panic when they are woken or dropped: the panic stays with them, whoever
//! woke or dropped them goes on, and so do all the others.

use std::future::{Future, poll_fn};
use std::io::Write;
use std::net::Shutdown;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::time::{Duration, Instant};
use std::{net as std_net, thread};

use chango_core::net::{TcpListener, TcpStream, lookup_host};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time;
use futures_lite::AsyncReadExt;

/// Long enough to be over in no test.
const NEVER: Duration = Duration::from_secs(3_600);

/// What was not done by then never will be.
const SOON: Duration = Duration::from_secs(20);

/// How often the wakers of one test have panicked.
#[derive(Clone, Default)]
struct Sprung(Arc<AtomicUsize>);

impl Sprung {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    fn spring(&self, what: &str) -> ! {
        self.0.fetch_add(1, Ordering::SeqCst);
        panic!("a bad waker, {what}");
    }

    fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.count() < count {
            assert!(start.elapsed() < SOON, "no waker was touched");
            thread::yield_now();
        }
    }

    /// Polls with a waker of its own, which panics when it is woken.
    fn poll_on_wake<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        struct Bad(Sprung);
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {
                self.0.spring("woken");
            }
        }
        poll_with(Waker::from(Arc::new(Bad(self.clone()))), future)
    }

    /// Polls with a waker of its own, which panics when the last clone, the one that was kept, is
    /// dropped.
    fn poll_on_drop<F: Future + ?Sized>(&self, future: Pin<&mut F>) -> Poll<F::Output> {
        struct Bad(Sprung);
        impl Wake for Bad {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Bad {
            fn drop(&mut self) {
                self.0.spring("dropped");
            }
        }
        poll_with(Waker::from(Arc::new(Bad(self.clone()))), future)
    }
}

fn poll_with<F: Future + ?Sized>(waker: Waker, future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&waker))
}

fn runtime() -> Runtime {
    // One worker: if it were lost, nothing would run any more.
    Builder::new().workers(1).build().unwrap()
}

#[test]
fn a_deadline_of_a_bad_waker_is_one_for_the_others_too() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let deadline = time::now() + Duration::from_millis(20);
    let mut sleeps: Vec<_> = (0..5)
        .map(|_| Box::pin(time::sleep_until(deadline)))
        .collect();
    for sleep in &mut sleeps {
        assert!(sprung.poll_on_wake(sleep.as_mut()).is_pending());
    }
    runtime.block_on(time::sleep_until(deadline));
    sprung.wait_for(5);
    runtime.block_on(async {
        for sleep in sleeps {
            sleep.await;
        }
        spawn(async {}).await.unwrap();
    });
}

#[test]
fn what_a_timeout_waited_for_outlives_its_timer() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let mut first = true;
    let second_time = poll_fn(move |_| match std::mem::take(&mut first) {
        true => Poll::Pending,
        false => Poll::Ready("kept"),
    });
    let mut timeout = Box::pin(async { time::timeout(NEVER, second_time).await });
    assert!(sprung.poll_on_drop(timeout.as_mut()).is_pending());
    let polled = poll_with(Waker::noop().clone(), timeout.as_mut());
    assert_eq!(polled, Poll::Ready(Ok("kept")));
    assert_eq!(sprung.count(), 1);
}

#[test]
fn a_timer_that_is_set_anew_wakes_all_who_wait() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let timer = time::after(NEVER);
    let mut waits: Vec<_> = (0..3).map(|_| Box::pin(timer.fired())).collect();
    for wait in &mut waits {
        assert!(sprung.poll_on_wake(wait.as_mut()).is_pending());
    }
    timer.reset(Duration::ZERO);
    assert_eq!(sprung.count(), 3);
    // One that stops waiting takes nothing from the firing.
    timer.reset(NEVER);
    assert!(sprung.poll_on_drop(waits[0].as_mut()).is_pending());
    drop(waits);
    assert_eq!(sprung.count(), 4);
    timer.reset(Duration::ZERO);
    runtime.block_on(timer.fired());
}

#[test]
fn a_bad_joiner_does_not_take_the_worker_along() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let mut handle = Box::pin(runtime.spawn(async { 7 }));
    let mut polled = sprung.poll_on_wake(handle.as_mut());
    if polled.is_pending() {
        sprung.wait_for(1);
        polled = poll_with(Waker::noop().clone(), handle.as_mut());
    }
    assert!(matches!(polled, Poll::Ready(Ok(7))));
    assert_eq!(runtime.block_on(runtime.spawn(async { 8 })).unwrap(), 8);
}

#[test]
fn a_joiner_that_takes_a_bad_ones_place_waits() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let (open, gate) = mpsc::channel::<()>();
    let handle = runtime.spawn(async move { gate.recv().unwrap() });
    let mut bad = pin!(poll_fn(|cx| handle.poll_join(cx)));
    assert!(sprung.poll_on_wake(bad.as_mut()).is_pending());
    let mut good = pin!(poll_fn(|cx| handle.poll_join(cx)));
    assert!(poll_with(Waker::noop().clone(), good.as_mut()).is_pending());
    assert_eq!(sprung.count(), 1);
    open.send(()).unwrap();
    runtime.block_on(good).unwrap();
}

#[test]
fn a_handle_that_drops_a_bad_waker_lets_go_of_the_goroutine() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let (open, gate) = mpsc::channel::<()>();
    let result = Arc::new(());
    let value = Arc::clone(&result);
    let mut handle = Box::pin(runtime.spawn(async move {
        gate.recv().unwrap();
        value
    }));
    assert!(sprung.poll_on_drop(handle.as_mut()).is_pending());
    drop(handle);
    assert_eq!(sprung.count(), 1);
    open.send(()).unwrap();
    // What it gives is nobody's any more.
    runtime.block_on(runtime.spawn(async {})).unwrap();
    assert_eq!(Arc::strong_count(&result), 1);
}

#[test]
fn an_event_on_a_file_wakes_bad_and_good_alike() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut gone = Box::pin(listener.accept());
    assert!(sprung.poll_on_drop(gone.as_mut()).is_pending());
    drop(gone);
    assert_eq!(sprung.count(), 1);

    let mut bad = Box::pin(listener.accept());
    assert!(sprung.poll_on_wake(bad.as_mut()).is_pending());
    let client = std_net::TcpStream::connect(addr).unwrap();
    sprung.wait_for(2);
    let (_stream, from) = runtime.block_on(bad).unwrap();
    assert_eq!(from, client.local_addr().unwrap());

    let mut closed = Box::pin(listener.accept());
    assert!(sprung.poll_on_wake(closed.as_mut()).is_pending());
    listener.close();
    assert_eq!(sprung.count(), 3);
    assert!(runtime.block_on(closed).is_err());
}

/// A waker that counts.
#[derive(Default)]
struct Good(AtomicUsize);

impl Good {
    fn poll<F: Future + ?Sized>(self: &Arc<Self>, future: Pin<&mut F>) -> Poll<F::Output> {
        poll_with(Waker::from(Arc::clone(self)), future)
    }

    fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.0.load(Ordering::SeqCst) < count {
            assert!(start.elapsed() < SOON, "somebody was not woken");
            thread::yield_now();
        }
    }
}

impl Wake for Good {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A stream of ours and its other side. Inside a runtime.
fn pair() -> (TcpStream, std_net::TcpStream) {
    let listener = std_net::TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = std_net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    (TcpStream::from_std(ours).unwrap(), theirs)
}

#[test]
fn events_of_many_files_are_told_to_all_though_every_other_waker_is_bad() {
    const FILES: usize = 40;
    let (runtime, sprung, good) = (runtime(), Sprung::default(), Arc::<Good>::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let mut pairs: Vec<_> = (0..FILES).map(|_| pair()).collect();
    let (ours, theirs): (Vec<_>, Vec<_>) =
        pairs.iter_mut().map(|pair| (&pair.0, &mut pair.1)).unzip();
    let mut buffers = [[0]; FILES];
    let mut reads: Vec<_> = ours
        .into_iter()
        .zip(&mut buffers)
        .map(|(ours, buffer)| Box::pin(ours.read(buffer)))
        .collect();
    // While the only worker is held, so that it finds all events at once.
    let (hold, held) = mpsc::channel::<()>();
    let (holds_tx, holds) = mpsc::channel();
    let holder = runtime.spawn(async move {
        holds_tx.send(()).unwrap();
        held.recv().unwrap();
    });
    holds.recv().unwrap();
    for (at, read) in reads.iter_mut().enumerate() {
        let polled = match at % 2 {
            0 => sprung.poll_on_wake(read.as_mut()),
            _ => good.poll(read.as_mut()),
        };
        assert!(polled.is_pending());
    }
    for theirs in theirs {
        theirs.write_all(b"x").unwrap();
    }
    hold.send(()).unwrap();
    sprung.wait_for(FILES / 2);
    good.wait_for(FILES / 2);
    runtime.block_on(async {
        holder.await.unwrap();
        for read in reads {
            assert_eq!(read.await.unwrap(), 1);
        }
    });
}

#[test]
fn what_is_for_all_who_wait_for_a_file_is_told_to_those_behind_a_bad_waker() {
    // Each is something else that is for all: the end of the other side, a deadline, closing.
    let happenings: [fn(&TcpStream, &std_net::TcpStream); 3] = [
        |_, theirs| theirs.shutdown(Shutdown::Write).unwrap(),
        |ours, _| ours.set_read_deadline(Some(time::now() + Duration::from_millis(10))),
        |ours, _| ours.close(),
    ];
    for happens in happenings {
        let (runtime, sprung, good) = (runtime(), Sprung::default(), Arc::<Good>::default());
        let handle = runtime.handle();
        let _inside = handle.enter();
        let (ours, theirs) = pair();
        let mut buffers = [[0]; 8];
        let mut reads: Vec<_> = buffers
            .iter_mut()
            .map(|buffer| Box::pin(ours.read(buffer)))
            .collect();
        let mut poll_all = || {
            for (at, read) in reads.iter_mut().enumerate() {
                let polled = match at % 2 {
                    0 => sprung.poll_on_wake(read.as_mut()),
                    _ => good.poll(read.as_mut()),
                };
                assert!(polled.is_pending());
            }
        };
        poll_all();
        happens(&ours, &theirs);
        sprung.wait_for(4);
        good.wait_for(4);
        runtime.block_on(async {
            for read in reads {
                let read = time::timeout(SOON, read).await.expect("it ends");
                assert!(read.is_err() || read.unwrap() == 0);
            }
            spawn(async {}).await.unwrap();
        });
    }
}

#[test]
fn who_has_a_bad_waker_sent_off_for_want_of_room_does_not_hear_of_it() {
    // `AsyncRead` gives no notice when somebody stops waiting: beyond some number the oldest one is woken.
    let (runtime, sprung, good) = (runtime(), Sprung::default(), Arc::<Good>::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let (ours, mut theirs) = pair();
    for _ in 0..100 {
        let (mut ours, mut buffer) = (&ours, [0]);
        let polled = sprung.poll_on_wake(pin!(AsyncReadExt::read(&mut ours, &mut buffer)));
        assert!(polled.is_pending());
    }
    assert!(sprung.count() > 0, "all have room");
    let (mut by_trait, mut buffer) = (&ours, [0]);
    let mut read = pin!(AsyncReadExt::read(&mut by_trait, &mut buffer));
    assert!(good.poll(read.as_mut()).is_pending());
    theirs.write_all(b"x").unwrap();
    good.wait_for(1);
    assert_eq!(runtime.block_on(read).unwrap(), 1);
}

#[test]
fn a_lookup_of_a_bad_waker_is_over_all_the_same() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let mut lookup = Box::pin(lookup_host("localhost:80"));
    // Or it is faster than this.
    if sprung.poll_on_wake(lookup.as_mut()).is_pending() {
        sprung.wait_for(1);
        assert!(runtime.block_on(lookup).unwrap().len() > 0);
    }
}

#[test]
fn a_runtime_ends_under_bad_wakers() {
    let (runtime, sprung) = (runtime(), Sprung::default());
    let handle = runtime.handle();
    let _inside = handle.enter();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let mut accept = Box::pin(listener.accept());
    let mut sleep = Box::pin(time::sleep(NEVER));
    assert!(sprung.poll_on_wake(accept.as_mut()).is_pending());
    assert!(sprung.poll_on_wake(sleep.as_mut()).is_pending());
    drop(runtime);
    assert_eq!(sprung.count(), 2);
}

#[test]
fn a_waker_that_cannot_be_woken_ends_the_goroutine_that_yields_with_it() {
    // Its own poll asked for that; if the panic stopped here, nobody would wake it any more.
    let (runtime, sprung) = (runtime(), Sprung::default());
    let counter = sprung.clone();
    let ended = runtime.run(async move {
        let yields = poll_fn(move |_| counter.poll_on_wake(pin!(yield_now())));
        spawn(yields).await
    });
    assert!(ended.unwrap_err().is_panic());
    assert_eq!(sprung.count(), 1);
}
