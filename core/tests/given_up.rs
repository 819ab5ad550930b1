//! Writes that are dropped before they are done: what they have not reported they have not sent, and whoever
//! waits behind them has his turn. (What is read and received is in the tests of each kind of socket.)
#![allow(missing_docs)]

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::yield_now;
use chango_core::time::timeout;
use futures_lite::AsyncWriteExt;
use futures_lite::future::poll_once;

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// Bytes that tell where they belong.
fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

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

impl Flag {
    async fn wait(&self) {
        let woken = async {
            while !self.0.load(Ordering::Relaxed) {
                yield_now().await;
            }
        };
        timeout(NEVER, woken).await.expect("it is woken");
    }
}

/// The tests, for a kind of streams: `$pair` makes one and its other side.
macro_rules! tests {
    ($kind:ident, $pair:expr) => {
        mod $kind {
            use std::io::{ErrorKind, IoSlice, Read};
            use std::net::Shutdown;
            use std::sync::mpsc::channel;
            use std::thread;

            use socket2::SockRef;

            use super::*;

            #[test]
            fn a_write_that_is_given_up_has_sent_nothing() {
                for workers in [1, 2] {
                    runtime(workers).run(async {
                        let (ours, mut theirs) = $pair.await;
                        let sent = pattern(8 << 20);
                        let expected = sent.clone();
                        let (mut rest, mut turns) = (&sent[..], 0);
                        // Until one has to wait, as it does while nobody reads.
                        while let Some(written) = poll_once(ours.write(rest)).await {
                            rest = &rest[written.unwrap()..];
                        }
                        let reader = thread::spawn(move || {
                            let mut received = Vec::new();
                            theirs.read_to_end(&mut received).unwrap();
                            received
                        });
                        while !rest.is_empty() {
                            turns += 1;
                            let chunk = &rest[..rest.len().min(100_000)];
                            let (head, tail) = chunk.split_at(chunk.len() / 3);
                            let slices = [IoSlice::new(head), IoSlice::new(tail)];
                            // Given up after one poll, or after a moment, or kept until it is done.
                            let moment = Duration::from_micros(20);
                            let mut by_trait = &ours;
                            let written = match turns % 6 {
                                0 => poll_once(ours.write(chunk)).await,
                                1 => timeout(moment, ours.write(chunk)).await.ok(),
                                2 => poll_once(ours.write_vectored(&slices)).await,
                                3 => timeout(moment, ours.write_vectored(&slices)).await.ok(),
                                4 => poll_once(AsyncWriteExt::write(&mut by_trait, chunk)).await,
                                _ => Some(ours.write(chunk).await),
                            };
                            if let Some(written) = written {
                                rest = &rest[written.unwrap()..];
                            }
                        }
                        ours.shutdown(Shutdown::Write).unwrap();
                        assert!(reader.join().unwrap() == expected);
                    });
                }
            }

            #[test]
            fn a_write_of_all_that_is_given_up_has_sent_its_beginning() {
                for workers in [1, 2] {
                    runtime(workers).run(async {
                        let (ours, mut theirs) = $pair.await;
                        let sent = pattern(8 << 20);
                        // Or the system might take all of it by and by.
                        ours.set_send_buffer_size(1 << 16).unwrap();
                        SockRef::from(&theirs)
                            .set_recv_buffer_size(1 << 16)
                            .unwrap();
                        let (go_on, may_go_on) = channel();
                        let reader = thread::spawn(move || {
                            let mut received = Vec::new();
                            let mut some = theirs.by_ref().take(1 << 20);
                            some.read_to_end(&mut received).unwrap();
                            may_go_on.recv().unwrap();
                            theirs.read_to_end(&mut received).unwrap();
                            received
                        });
                        let late = timeout(Duration::from_millis(50), ours.write_all(&sent)).await;
                        assert!(late.is_err(), "nobody has read the rest");
                        go_on.send(()).unwrap();
                        // What comes next stands right behind it.
                        ours.write_all(b"next").await.unwrap();
                        ours.shutdown(Shutdown::Write).unwrap();
                        let received = reader.join().unwrap();
                        let beginning = received.strip_suffix(b"next").expect("the next bytes");
                        assert!(!beginning.is_empty() && sent.starts_with(beginning));
                    });
                }
            }

            #[test]
            fn a_writer_that_was_woken_and_is_given_up_leaves_the_room_to_the_next() {
                runtime(1).run(async {
                    let (ours, mut theirs) = $pair.await;
                    theirs.set_nonblocking(true).unwrap();
                    let chunk = vec![0; 1 << 20];
                    let mut taken = vec![0; 1 << 20];
                    for _ in 0..10 {
                        while poll_once(ours.write(&chunk)).await.is_some() {}
                        let mut first = Box::pin(ours.write(b"first"));
                        let mut second = pin!(ours.write(b"second"));
                        let (first_woken, waker) = flag();
                        let polled = first.as_mut().poll(&mut Context::from_waker(&waker));
                        assert!(polled.is_pending());
                        let (second_woken, waker) = flag();
                        let polled = second.as_mut().poll(&mut Context::from_waker(&waker));
                        assert!(polled.is_pending());
                        // All of it before the runtime looks, so that the room is one event.
                        let blocks = loop {
                            match theirs.read(&mut taken) {
                                Ok(read) => assert!(read > 0),
                                Err(error) => break error,
                            }
                        };
                        assert_eq!(blocks.kind(), ErrorKind::WouldBlock);
                        first_woken.wait().await;
                        drop(first);
                        second_woken.wait().await;
                        let written = timeout(NEVER, second).await.expect("there is room");
                        assert_eq!(written.unwrap(), 6);
                    }
                });
            }
        }
    };
}

tests!(tcp, async {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    (chango_core::net::TcpStream::from_std(ours).unwrap(), theirs)
});

#[cfg(unix)]
tests!(unix, async {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    (
        chango_core::net::UnixStream::from_std(ours).unwrap(),
        theirs,
    )
});
