//! Streams: bytes to and fro, their ends and their deadlines.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::unix::net as std_net;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;
use std::time::Instant;

use chango_core::net::{UnixListener, UnixStream};
use chango_core::spawn::spawn;
use chango_core::time::{self, timeout};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::{MOMENT, NEVER, Place, pattern, poll_now, runtime, settle};

/// A stream of ours and its other side, a blocking one of std's. Inside a runtime.
fn pair() -> (Arc<UnixStream>, std_net::UnixStream) {
    let (ours, theirs) = std_net::UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    (Arc::new(UnixStream::from_std(ours).unwrap()), theirs)
}

#[test]
fn a_read_into_memory_that_holds_nothing_gives_what_came_and_waits_for_more() {
    runtime(2).block_on(async {
        let (ours, mut theirs) = pair();
        let mut buffer = [MaybeUninit::uninit(); 8];
        let mut read = Vec::new();
        for text in ["some", " and much more than there is room for", "!"] {
            let poll = ours.poll_read_uninit(&mut Context::from_waker(Waker::noop()), &mut buffer);
            assert!(poll.is_pending(), "{poll:?}");
            theirs.write_all(text.as_bytes()).unwrap();
            let mut came = 0;
            while came < text.len() {
                let poll = |cx: &mut Context<'_>| ours.poll_read_uninit(cx, &mut buffer);
                let len = poll_fn(poll).await.unwrap();
                assert!((1..=buffer.len()).contains(&len));
                // SAFETY: what was read.
                read.extend(
                    buffer[..len]
                        .iter()
                        .map(|byte| unsafe { byte.assume_init() }),
                );
                came += len;
            }
        }
        assert_eq!(read, b"some and much more than there is room for!");
        drop(theirs);
        let end = poll_fn(|cx| ours.poll_read_uninit(cx, &mut buffer)).await;
        assert_eq!(end.unwrap(), 0);
    });
}

#[test]
fn a_mebibyte_goes_through_a_slow_reader_and_none_of_it_before_it_reads() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let sent = pattern(1 << 20);
            let writer = spawn({
                let (ours, sent) = (Arc::clone(&ours), sent.clone());
                async move {
                    ours.write_all(&sent).await.unwrap();
                    ours.shutdown(Shutdown::Write).unwrap();
                }
            });
            settle().await;
            assert!(!writer.is_finished(), "nobody has read");
            let reader = thread::spawn(move || {
                let mut received = Vec::new();
                let mut buffer = [0; 5_000];
                loop {
                    match theirs.read(&mut buffer).unwrap() {
                        0 => return received,
                        read => received.extend_from_slice(&buffer[..read]),
                    }
                }
            });
            timeout(NEVER, writer).await.expect("room came").unwrap();
            assert!(reader.join().unwrap() == sent);
        });
    }
}

#[test]
fn halves_live_in_two_goroutines() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let echo = thread::spawn(move || {
                let mut other = theirs.try_clone().unwrap();
                io::copy(&mut theirs, &mut other).unwrap();
                other.shutdown(Shutdown::Write).unwrap();
            });
            let sent = pattern(1 << 20);
            let copy = ours.try_clone().unwrap();
            let writer = spawn({
                let sent = sent.clone();
                async move {
                    copy.write_all(&sent).await.unwrap();
                    // For all who share it, also through the other descriptor.
                    copy.shutdown(Shutdown::Write).unwrap();
                }
            });
            let mut received = Vec::new();
            let read = timeout(NEVER, ours.read_to_end(&mut received));
            assert_eq!(read.await.expect("it ends").unwrap(), sent.len());
            assert!(received == sent);
            writer.await.unwrap();
            echo.join().unwrap();
        });
    }
}

#[test]
fn a_dropped_read_loses_no_byte() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let mut received = Vec::new();
            let mut buffer = [0; 8];
            for byte in 0..100 {
                {
                    let waits = pin!(ours.read(&mut buffer));
                    assert!(poll_now(waits).is_pending());
                }
                theirs.write_all(&[byte]).unwrap();
                // It may be ready at once, and then it is given up before it is told, or has it.
                let read = match poll_once(ours.read(&mut buffer)).await {
                    Some(read) => read,
                    None => timeout(NEVER, ours.read(&mut buffer)).await.unwrap(),
                };
                received.extend_from_slice(&buffer[..read.unwrap()]);
            }
            assert_eq!(received, (0..100).collect::<Vec<_>>());
        });
    }
}

#[test]
fn the_end_of_the_other_side_is_a_read_of_nothing() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair();
            let waits = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.read(&mut [0; 8]).await }
            });
            settle().await;
            theirs.shutdown(Shutdown::Write).unwrap();
            assert_eq!(timeout(NEVER, waits).await.unwrap().unwrap().unwrap(), 0);
            let error = ours.read_exact(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            // Half closed: the other way is open.
            ours.write_all(b"still").await.unwrap();
            let mut theirs = theirs;
            theirs.read_exact(&mut [0; 5]).unwrap();
            drop(theirs);
            let error = ours.write_all(b"nobody").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
    }
}

#[test]
fn peeking_leaves_the_bytes_there() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair();
        let waits = spawn({
            let ours = Arc::clone(&ours);
            async move { ours.peek(&mut [0; 16]).await }
        });
        settle().await;
        theirs.write_all(b"peek").unwrap();
        assert_eq!(timeout(NEVER, waits).await.unwrap().unwrap().unwrap(), 4);
        let mut buffer = [0; 16];
        assert_eq!(ours.peek(&mut buffer[..2]).await.unwrap(), 2);
        assert_eq!(ours.peek(&mut buffer[..0]).await.unwrap(), 0);
        assert_eq!(ours.peek(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..5], b"peek\0");
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"peek");
    });
}

#[test]
fn several_buffers_go_in_one_call() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair();
        let slices = [
            IoSlice::new(b"one"),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        assert_eq!(ours.write_vectored(&slices).await.unwrap(), 6);
        let mut all = [0; 6];
        theirs.read_exact(&mut all).unwrap();
        assert_eq!(&all, b"onetwo");
        theirs.write_all(&all).unwrap();
        let (mut first, mut second) = ([0; 4], [0; 16]);
        let mut slices = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(ours.read_vectored(&mut slices).await.unwrap(), 6);
        assert_eq!((&first, &second[..2]), (b"onet", &b"wo"[..]));
    });
}

#[test]
fn the_adapters_of_futures_lite_work() {
    runtime(2).run(async {
        let (ours, theirs) = pair();
        let mut theirs = UnixStream::from_std(theirs).unwrap();
        let sent = pattern(300_000);
        let expected = sent.clone();
        let writer = spawn(async move {
            AsyncWriteExt::write_all(&mut theirs, &sent).await.unwrap();
            AsyncWriteExt::flush(&mut theirs).await.unwrap();
            AsyncWriteExt::close(&mut theirs).await.unwrap();
        });
        let mut received = Vec::new();
        let mut reader = futures_lite::io::BufReader::new(&*ours);
        AsyncReadExt::read_to_end(&mut reader, &mut received)
            .await
            .unwrap();
        assert!(received == expected);
        writer.await.unwrap();
    });
}

#[test]
fn deadlines_end_what_waits() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            ours.set_read_deadline(Some(Instant::now() + MOMENT));
            let read = timeout(NEVER, ours.read(&mut [0])).await.expect("in time");
            assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
            let polled = AsyncReadExt::read(&mut &*ours, &mut [0]).await;
            assert_eq!(polled.unwrap_err().kind(), ErrorKind::TimedOut);
            // The other direction has none; and then it is set while somebody waits.
            let chunk = vec![0; 1 << 20];
            while poll_once(ours.write(&chunk)).await.is_some() {}
            let writer = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.write_all(&chunk).await }
            });
            settle().await;
            assert!(!writer.is_finished());
            ours.set_write_deadline(Some(Instant::now() + MOMENT));
            let written = timeout(NEVER, writer).await.expect("in time").unwrap();
            assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
            // Called off, it reads again.
            ours.set_deadline(None);
            theirs.write_all(b"x").unwrap();
            assert_eq!(ours.read(&mut [0]).await.unwrap(), 1);
        });
    }
}

#[test]
fn closing_a_stream_wakes_who_reads_and_who_writes() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let reader = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.read(&mut [0]).await.map(drop) }
            });
            let chunk = vec![1; 1 << 20];
            while poll_once(ours.write(&chunk)).await.is_some() {}
            let writer = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.write_all(&chunk).await }
            });
            settle().await;
            ours.close();
            for ended in [reader, writer] {
                let ended = timeout(NEVER, ended).await.expect("woken").unwrap();
                let error = ended.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NotConnected);
                assert!(
                    error.to_string().contains("closed by this program"),
                    "{error}"
                );
            }
            // The descriptor is closed at once: the other side sees the end of the stream.
            theirs.read_to_end(&mut Vec::new()).unwrap();
        });
    }
}

#[test]
fn a_pair_and_what_comes_from_std_and_goes_back() {
    runtime(1).run(async {
        let (left, right) = UnixStream::pair().unwrap();
        let waits = spawn(async move {
            let mut buffer = [0; 4];
            right
                .read_exact(&mut buffer)
                .await
                .map(|()| (right, buffer))
        });
        settle().await;
        left.write_all(b"over").await.unwrap();
        let (right, buffer) = timeout(NEVER, waits).await.unwrap().unwrap().unwrap();
        assert_eq!(&buffer, b"over");
        assert!(format!("{right:?}").contains("UnixStream"));

        let mut right = right.into_std().unwrap();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4];
            // It waits, or this would say that it would.
            right.read_exact(&mut buffer).map(|()| buffer)
        });
        time::sleep(MOMENT).await;
        left.write_all(b"back").await.unwrap();
        assert_eq!(&reader.join().unwrap().unwrap(), b"back");

        let place = Place::new();
        let listener = UnixListener::bind(&place).unwrap().into_std().unwrap();
        let client = std_net::UnixStream::connect(&place).unwrap();
        drop((listener.accept().unwrap(), client));
    });
}

#[test]
fn a_socket_whose_runtime_is_gone_gives_an_error_where_it_would_wait() {
    let runtime = runtime(1);
    let (ours, mut theirs) = runtime.block_on(async { pair() });
    drop(runtime);
    theirs.write_all(b"x").unwrap();
    assert_eq!(block_on(ours.read(&mut [0])).unwrap(), 1);
    let error = block_on(ours.read(&mut [0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(error.to_string().contains("shut down"), "{error}");
}
