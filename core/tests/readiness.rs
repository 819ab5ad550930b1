//! Events and those who wait for them: who is woken by which, and what is tried without waiting.

use std::future::Future;
use std::io::{IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::{self as std_net, Shutdown};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Instant;

use chango_core::net::TcpStream;
use chango_core::spawn::{spawn, yield_now};
use chango_core::time;
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

mod support;
use support::*;

struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// A waker, and whether it was woken.
fn flag() -> (Arc<Flag>, Waker) {
    let woken = Arc::new(Flag(AtomicBool::new(false)));
    (Arc::clone(&woken), Waker::from(woken))
}

/// Returns when the runtime has heard of all that has happened to other sockets so far.
async fn heard_of() {
    let (stream, mut peer) = pair().await;
    let mut now = [0; 3];
    let mut read = pin!(stream.read_exact(&mut now));
    let (woken, waker) = flag();
    assert!(
        read.as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    peer.write_all(b"now").unwrap();
    // The event of this comes after the others.
    while !woken.0.load(Ordering::Relaxed) {
        yield_now().await;
    }
}

#[test]
fn one_connection_wakes_one_of_those_who_accept_and_many_wake_all() {
    const GOROUTINES: u64 = 200;
    for workers in [1, 2, 8] {
        let runtime = runtime(workers);
        let (listener, addr) = runtime.block_on(listen());
        let listener = Arc::new(listener);
        let acceptors: Vec<_> = (0..GOROUTINES)
            .map(|_| {
                let listener = Arc::clone(&listener);
                runtime.spawn(async move { listener.accept().await.unwrap() })
            })
            .collect();
        let waiting = |goroutines| {
            let start = Instant::now();
            while runtime.handle().metrics().waiting() != goroutines {
                assert!(start.elapsed() < NEVER, "{workers} workers");
                thread::yield_now();
            }
            runtime.handle().metrics().polls()
        };
        let before = waiting(GOROUTINES);
        let mut clients = vec![std_net::TcpStream::connect(addr).unwrap()];
        // Whoever gets it wakes another one, in case there are more: some polls, but not one of each.
        let polls = waiting(GOROUTINES - 1) - before;
        assert!(polls < 20, "{polls} polls for one connection");
        clients.extend((1..GOROUTINES).map(|_| std_net::TcpStream::connect(addr).unwrap()));
        runtime.block_on(async {
            for acceptor in acceptors {
                let accepted = time::timeout(NEVER, acceptor).await;
                accepted.expect("each gets one").unwrap();
            }
        });
    }
}

#[test]
fn the_end_that_came_with_the_last_bytes_is_not_overlooked() {
    for workers in [1, 2] {
        runtime(workers).block_on(async {
            let (stream, mut peer) = pair().await;
            let mut buffer = [0; 64];
            peer.write_all(b"first").unwrap();
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 5);
            // One event for both, of which a read gives one.
            peer.write_all(b"last").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            heard_of().await;
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 4);
            assert_eq!(stream.read(&mut buffer).await.unwrap(), 0);
        });
    }
}

#[test]
fn bytes_behind_urgent_ones_are_not_overlooked() {
    runtime(1).block_on(async {
        let (stream, mut peer) = pair().await;
        peer.write_all(b"before").unwrap();
        socket2::SockRef::from(&peer)
            .send_out_of_band(b"!")
            .unwrap();
        peer.write_all(b"behind").unwrap();
        heard_of().await;
        // A read stops where the urgent byte was, which is no part of what is read.
        let mut bytes = [0; 12];
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"beforebehind");
    });
}

#[test]
fn bytes_behind_an_urgent_one_that_was_taken_before_are_not_overlooked() {
    runtime(1).block_on(async {
        let listener = std_net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut peer = std_net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (theirs, _) = listener.accept().unwrap();
        peer.write_all(b"before").unwrap();
        socket2::SockRef::from(&peer)
            .send_out_of_band(b"!")
            .unwrap();
        peer.write_all(b"behind").unwrap();
        let mut urgent = [MaybeUninit::uninit()];
        let socket = socket2::SockRef::from(&theirs);
        assert_eq!(socket.recv_out_of_band(&mut urgent).unwrap(), 1);
        // Of the urgent byte, which is taken, there is no event; and a read stops before it.
        let stream = TcpStream::from_std(theirs).unwrap();
        heard_of().await;
        let mut bytes = [0; 12];
        let read = time::timeout(NEVER, stream.read_exact(&mut bytes)).await;
        read.expect("all is there").unwrap();
        assert_eq!(&bytes, b"beforebehind");
    });
}

#[test]
fn more_buffers_than_the_system_takes_at_once_are_filled_one_after_the_other() {
    runtime(1).block_on(async {
        let (stream, mut peer) = pair().await;
        let sent = pattern(3000);
        peer.write_all(&sent).unwrap();
        heard_of().await;
        let mut received: Vec<u8> = Vec::new();
        while received.len() < sent.len() {
            // Each of one byte, and Linux fills 1024.
            let mut bytes = vec![[0_u8]; 2000];
            let mut buffers: Vec<_> = bytes.iter_mut().map(|byte| IoSliceMut::new(byte)).collect();
            let read = time::timeout(NEVER, stream.read_vectored(&mut buffers)).await;
            let read = read.expect("there are bytes").unwrap();
            received.extend(bytes.iter().flatten().take(read));
        }
        assert_eq!(received, sent);
    });
}

#[test]
fn who_is_done_and_keeps_his_future_keeps_no_wake_up() {
    runtime(1).block_on(async {
        let (stream, mut peer) = pair().await;
        let (mut one, mut other) = ([0], [0]);
        let (mut first, mut second) = (pin!(stream.read(&mut one)), pin!(stream.read(&mut other)));
        assert!(poll_now(first.as_mut()).is_pending());
        let (woken, waker) = flag();
        let mut cx = Context::from_waker(&waker);
        assert!(second.as_mut().poll(&mut cx).is_pending());
        // One event for both.
        peer.write_all(b"ab").unwrap();
        heard_of().await;
        assert!(!woken.0.load(Ordering::Relaxed), "the other one was woken");
        assert_eq!(first.as_mut().await.unwrap(), 1);
        assert!(woken.0.load(Ordering::Relaxed), "there is one byte more");
        assert_eq!(second.await.unwrap(), 1);
    });
}

#[test]
fn a_stream_of_connections_that_is_not_polled_keeps_no_wake_up() {
    runtime(1).block_on(async {
        let (listener, addr) = listen().await;
        let mut incoming = pin!(listener.incoming());
        assert!(poll_now(pin!(incoming.next())).is_pending());
        let mut accept = pin!(listener.accept());
        let (woken, waker) = flag();
        let mut cx = Context::from_waker(&waker);
        assert!(accept.as_mut().poll(&mut cx).is_pending());
        let client = std_net::TcpStream::connect(addr).unwrap();
        heard_of().await;
        assert!(woken.0.load(Ordering::Relaxed), "there is a connection");
        let (_, peer) = accept.await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
    });
}

#[test]
fn nothing_is_waited_for_where_nothing_is_asked_for() {
    runtime(1).block_on(async {
        let (stream, mut peer) = pair().await;
        peer.write_all(b"all").unwrap();
        assert_eq!(stream.read(&mut [0; 64]).await.unwrap(), 3);
        // All was taken, and to wait for more would be to wait for ever.
        assert_eq!(stream.read(&mut []).await.unwrap(), 0);
        stream.read_exact(&mut []).await.unwrap();
        assert_eq!(stream.read_vectored(&mut []).await.unwrap(), 0);
        assert_eq!(stream.peek(&mut []).await.unwrap(), 0);
        stream.write_all(&[]).await.unwrap();
        assert_eq!(AsyncReadExt::read(&mut &stream, &mut []).await.unwrap(), 0);
    });
}

#[test]
fn descriptors_that_are_used_again_do_not_mix_up_their_events() {
    runtime(2).run(async {
        let (listener, addr) = listen().await;
        for round in 0..300_u32 {
            let (client, server) = {
                let client = TcpStream::connect(addr).await.unwrap();
                (client, listener.accept().await.unwrap().0)
            };
            let reader = spawn(async move {
                let mut buffer = [0; 4];
                server.read_exact(&mut buffer).await.map(|()| buffer)
            });
            if round % 3 == 0 {
                // Goes away while the other side waits.
                yield_now().await;
                drop(client);
                assert!(reader.await.unwrap().is_err());
            } else {
                client.write_all(&round.to_ne_bytes()).await.unwrap();
                let read = time::timeout(NEVER, reader)
                    .await
                    .expect("an event went astray");
                assert_eq!(read.unwrap().unwrap(), round.to_ne_bytes());
            }
        }
    });
}

#[test]
fn two_who_poll_one_stream_are_both_woken() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        let ours = Arc::new(ours);
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let ours = Arc::clone(&ours);
                spawn(async move { AsyncReadExt::read(&mut &*ours, &mut [0]).await })
            })
            .collect();
        settle().await;
        theirs.write_all(b"12").unwrap();
        for reader in readers {
            assert_eq!(
                time::timeout(NEVER, reader)
                    .await
                    .unwrap()
                    .unwrap()
                    .unwrap(),
                1
            );
        }
    });
}

#[test]
fn more_writers_without_a_future_than_wakers_are_kept_come_to_rest() {
    const WRITERS: u64 = 40;
    for workers in [1, 2, 8] {
        let runtime = runtime(workers);
        let (ours, mut theirs) = runtime.block_on(pair());
        let ours = Arc::new(ours);
        let chunk = vec![0; 1 << 16];
        let mut filled = 0;
        while let Poll::Ready(written) = poll_now(pin!(ours.write(&chunk))) {
            filled += written.unwrap();
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let ours = Arc::clone(&ours);
                runtime.spawn(async move { AsyncWriteExt::write_all(&mut &*ours, b"x").await })
            })
            .collect();
        // At one moment all of them wait: nobody is woken by another one.
        let start = Instant::now();
        while runtime.handle().metrics().waiting() != WRITERS {
            assert!(start.elapsed() < NEVER, "{workers} workers");
            thread::yield_now();
        }
        let mut rest = vec![0; filled + WRITERS as usize];
        theirs.read_exact(&mut rest).unwrap();
        runtime.block_on(async {
            for writer in writers {
                let written = time::timeout(NEVER, writer).await.expect("there is room");
                written.unwrap().unwrap();
            }
        });
    }
}

#[test]
fn wakers_without_a_future_do_not_pile_up() {
    // `AsyncRead` gives no notice when it stops waiting: each poll here leaves a waker behind.
    runtime(1).block_on(async {
        let (mut ours, _theirs) = pair().await;
        let count = Arc::new(());
        struct Count(#[expect(dead_code, reason = "counts by being there")] Arc<()>);
        impl std::task::Wake for Count {
            fn wake(self: Arc<Self>) {}
        }
        for _ in 0..1_000 {
            let waker = Waker::from(Arc::new(Count(Arc::clone(&count))));
            let mut buffer = [0];
            let read = pin!(AsyncReadExt::read(&mut ours, &mut buffer));
            assert!(read.poll(&mut Context::from_waker(&waker)).is_pending());
            // The async fn takes its waker along when it goes.
            let read = pin!(ours.read(&mut buffer));
            assert!(read.poll(&mut Context::from_waker(&waker)).is_pending());
        }
        assert!(
            Arc::strong_count(&count) < 50,
            "{}",
            Arc::strong_count(&count)
        );
    });
}
