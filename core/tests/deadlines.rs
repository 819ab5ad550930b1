//! The deadlines of sockets, by situation, on TCP streams whose other side is one of std's.

use std::io::{ErrorKind, Read, Write};
use std::net as std_net;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{TcpListener, TcpStream};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time;
use futures_lite::AsyncReadExt;
use futures_lite::future::poll_once;

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

const MOMENT: Duration = Duration::from_millis(10);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

async fn pair() -> (Arc<TcpStream>, std_net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = std_net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (ours, _) = listener.accept().await.unwrap();
    (Arc::new(ours), theirs)
}

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// A goroutine that reads one byte: what came of it.
fn reads(ours: &Arc<TcpStream>) -> chango_core::task::JoinHandle<Result<usize, ErrorKind>> {
    let ours = Arc::clone(ours);
    spawn(async move {
        let read = time::timeout(NEVER, ours.read(&mut [0])).await;
        read.expect("it ends").map_err(|error| error.kind())
    })
}

#[test]
fn a_read_ends_at_its_deadline_and_not_before() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, _theirs) = pair().await;
            let deadline = Instant::now() + MOMENT;
            ours.set_read_deadline(Some(deadline));
            let error = ours.read(&mut [0]).await.unwrap_err();
            assert!(Instant::now() >= deadline);
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("deadline"), "{error}");
        });
    }
}

#[test]
fn a_deadline_that_has_passed_refuses_what_would_not_wait_until_it_is_put_off() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair().await;
        theirs.write_all(b"x").unwrap();
        assert_eq!(ours.peek(&mut [0]).await.unwrap(), 1);
        ours.set_deadline(Some(Instant::now()));
        for error in [
            ours.read(&mut [0]).await.unwrap_err(),
            ours.peek(&mut [0]).await.unwrap_err(),
            ours.write(b"y").await.unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        ours.set_read_deadline(None);
        ours.set_write_deadline(Some(Instant::now() + NEVER));
        assert_eq!(ours.read(&mut [0]).await.unwrap(), 1);
        assert_eq!(ours.write(b"y").await.unwrap(), 1);
        theirs.read_exact(&mut [0]).unwrap();
    });
}

#[test]
fn each_direction_has_its_own() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        ours.set_write_deadline(Some(Instant::now()));
        let reader = reads(&ours);
        settle().await;
        assert!(!reader.is_finished());
        theirs.write_all(b"x").unwrap();
        assert_eq!(reader.await.unwrap(), Ok(1));
    });
}

#[test]
fn a_writer_without_room_ends_at_its_deadline() {
    runtime(1).run(async {
        let (ours, _theirs) = pair().await;
        let chunk = vec![0; 1 << 20];
        while poll_once(ours.write(&chunk)).await.is_some() {}
        ours.set_write_deadline(Some(Instant::now() + MOMENT));
        let error = ours.write_all(&chunk).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_deadline_is_set_while_another_one_waits() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            // From never to soon, from late to soon, and to what has passed.
            let changes = [
                (None, MOMENT),
                (Some(2 * NEVER), MOMENT),
                (Some(2 * NEVER), Duration::ZERO),
                (None, Duration::ZERO),
            ];
            for (before, after) in changes {
                let now = Instant::now();
                let (ours, _theirs) = pair().await;
                ours.set_read_deadline(before.map(|before| now + before));
                let reader = reads(&ours);
                settle().await;
                ours.set_read_deadline(Some(Instant::now() + after));
                assert_eq!(reader.await.unwrap(), Err(ErrorKind::TimedOut));
            }
        });
    }
}

#[test]
fn a_deadline_that_is_put_off_while_another_one_waits_comes_later() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair().await;
            ours.set_read_deadline(Some(Instant::now() + MOMENT));
            let reader = reads(&ours);
            settle().await;
            let last = Instant::now() + 5 * MOMENT;
            ours.set_read_deadline(Some(last));
            assert_eq!(reader.await.unwrap(), Err(ErrorKind::TimedOut));
            assert!(Instant::now() >= last);
            // Called off altogether.
            ours.set_read_deadline(Some(Instant::now() + MOMENT));
            let reader = reads(&ours);
            settle().await;
            ours.set_read_deadline(None);
            time::sleep(2 * MOMENT).await;
            assert!(!reader.is_finished());
            theirs.write_all(b"x").unwrap();
            assert_eq!(reader.await.unwrap(), Ok(1));
        });
    }
}

#[test]
fn all_who_wait_learn_of_the_deadline() {
    runtime(2).run(async {
        let (ours, _theirs) = pair().await;
        let readers: Vec<_> = (0..4).map(|_| reads(&ours)).collect();
        let polls = spawn({
            let ours = Arc::clone(&ours);
            async move { AsyncReadExt::read(&mut &*ours, &mut [0]).await }
        });
        settle().await;
        ours.set_read_deadline(Some(Instant::now() + MOMENT));
        for reader in readers {
            assert_eq!(reader.await.unwrap(), Err(ErrorKind::TimedOut));
        }
        let error = time::timeout(NEVER, polls).await.unwrap().unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_deadline_for_each_request_is_put_off_by_the_next() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair().await;
            let echo = thread::spawn(move || {
                let mut other = theirs.try_clone().unwrap();
                let mut theirs = theirs;
                let _ = std::io::copy(&mut theirs, &mut other);
            });
            let end = Instant::now() + 10 * MOMENT;
            while Instant::now() < end {
                ours.set_deadline(Some(Instant::now() + 500 * MOMENT));
                ours.write_all(b"x").await.unwrap();
                ours.read_exact(&mut [0]).await.unwrap();
            }
            ours.close();
            echo.join().unwrap();
        });
    }
}

#[test]
fn a_read_that_timed_out_has_taken_nothing() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        let mut sent = Vec::new();
        let mut received = Vec::new();
        for byte in 0..50 {
            ours.set_read_deadline(Some(Instant::now() + MOMENT / 50));
            assert!(ours.read_to_end(&mut received).await.is_err());
            theirs.write_all(&[byte, byte]).unwrap();
            sent.extend([byte, byte]);
            ours.set_read_deadline(Some(Instant::now() + NEVER));
            let mut two = [0; 2];
            ours.read_exact(&mut two).await.unwrap();
            received.extend(two);
        }
        assert_eq!(received, sent);
    });
}

#[test]
fn a_closed_socket_says_so_whatever_its_deadline() {
    runtime(1).run(async {
        let (ours, _theirs) = pair().await;
        ours.set_deadline(Some(Instant::now() + NEVER));
        let reader = reads(&ours);
        settle().await;
        ours.close();
        assert_eq!(reader.await.unwrap(), Err(ErrorKind::NotConnected));
        ours.set_deadline(Some(Instant::now()));
        let error = ours.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn an_accept_ends_at_its_deadline_and_goes_on_after_it() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            listener.set_deadline(Some(Instant::now() + MOMENT));
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            listener.set_deadline(None);
            let client = std_net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (_, peer) = listener.accept().await.unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        });
    }
}

#[test]
fn copies_and_what_goes_back_to_std_are_the_same_connection() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        let copy = ours.try_clone().unwrap();
        // Its own deadlines, and its own end.
        ours.set_read_deadline(Some(Instant::now()));
        theirs.write_all(b"ab").unwrap();
        copy.read_exact(&mut [0]).await.unwrap();
        ours.close();
        let mut last = [0];
        copy.read_exact(&mut last).await.unwrap();
        assert_eq!(&last, b"b");

        let mut back = copy.into_std().unwrap();
        let writer = thread::spawn(move || {
            theirs.write_all(b"back").unwrap();
            theirs
        });
        // It blocks, or this would say that it would.
        let mut bytes = [0; 4];
        back.read_exact(&mut bytes).unwrap();
        assert_eq!(&bytes, b"back");
        drop(writer.join().unwrap());
        let error = Arc::into_inner(ours).unwrap().into_std().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotConnected);
    });
}
