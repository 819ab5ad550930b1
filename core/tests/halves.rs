//! The halves of streams, by situation, on TCP and on Unix streams whose other side is one of std's.
#![allow(missing_docs)]

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::timeout;
use futures_lite::future::{poll_once, zip};
use futures_lite::io::{AsyncBufReadExt, BufReader};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

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

/// Lets others run until they wait.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// The tests, for the streams of a module: `$pair` makes one and its other side.
macro_rules! tests {
    ($kind:ident, $pair:expr) => {
        mod $kind {
            use std::io::{Read, Write};
            use std::net::Shutdown;
            use std::thread;

            use chango_core::net::$kind::{
                OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf,
            };

            use super::*;

            #[test]
            fn halves_and_their_futures_can_move_between_threads() {
                fn send_sync<T: Send + Sync + Unpin + 'static>() {}
                fn send<T: Send>(_: T) {}
                send_sync::<ReadHalf<'static>>();
                send_sync::<WriteHalf<'static>>();
                send_sync::<OwnedReadHalf>();
                send_sync::<OwnedWriteHalf>();
                send_sync::<ReuniteError>();
                send(async {
                    let (ours, _theirs) = $pair.await;
                    let (reader, writer) = ours.split();
                    zip(reader.read(&mut [0]), writer.write_all(b""))
                        .await
                        .1
                        .unwrap();
                    let (reader, writer) = ours.into_split();
                    reader.read_to_end(&mut Vec::new()).await.unwrap();
                    writer.write_all(b"").await.unwrap();
                });
            }

            #[test]
            fn owned_halves_live_in_two_goroutines() {
                for workers in [1, 2] {
                    runtime(workers).run(async {
                        let (ours, mut theirs) = $pair.await;
                        let echo = thread::spawn(move || {
                            let mut other = theirs.try_clone().unwrap();
                            std::io::copy(&mut theirs, &mut other).unwrap();
                            other.shutdown(Shutdown::Write).unwrap();
                        });
                        let sent = pattern(4 << 20);
                        let (reader, writer) = ours.into_split();
                        let reads = spawn(async move {
                            let mut received = Vec::new();
                            reader.read_to_end(&mut received).await.map(|_| received)
                        });
                        // The end of the writing is that of the half.
                        let writes = spawn({
                            let sent = sent.clone();
                            async move { writer.write_all(&sent).await }
                        });
                        let ended = timeout(NEVER, zip(reads, writes)).await;
                        let (received, written) = ended.expect("both end");
                        written.unwrap().unwrap();
                        assert!(received.unwrap().unwrap() == sent);
                        echo.join().unwrap();
                    });
                }
            }

            #[test]
            fn borrowed_halves_work_in_one_goroutine_and_leave_the_stream_as_it_was() {
                runtime(1).run(async {
                    let (ours, mut theirs) = $pair.await;
                    let echo = thread::spawn(move || {
                        let mut other = theirs.try_clone().unwrap();
                        std::io::copy(&mut theirs, &mut other).unwrap();
                    });
                    let sent = pattern(1 << 20);
                    for _ in 0..2 {
                        let (reader, writer) = ours.split();
                        let mut received = vec![0; sent.len()];
                        let both = zip(reader.read_exact(&mut received), writer.write_all(&sent));
                        let (read, written) = timeout(NEVER, both).await.expect("both end");
                        read.unwrap();
                        written.unwrap();
                        assert!(received == sent);
                    }
                    // Dropped, a borrowed half has not ended the writing; this does.
                    ours.split().1.shutdown().unwrap();
                    assert_eq!(ours.read(&mut [0]).await.unwrap(), 0);
                    echo.join().unwrap();
                });
            }

            #[test]
            fn a_writer_that_is_dropped_ends_the_writing_and_not_the_reading() {
                runtime(1).run(async {
                    let (ours, mut theirs) = $pair.await;
                    let (reader, writer) = ours.into_split();
                    writer.write_all(b"last").await.unwrap();
                    drop(writer);
                    let mut received = Vec::new();
                    theirs.read_to_end(&mut received).unwrap();
                    assert_eq!(received, b"last");
                    theirs.write_all(b"answer").unwrap();
                    let mut answer = [0; 6];
                    reader.read_exact(&mut answer).await.unwrap();
                    assert_eq!(&answer, b"answer");
                });
            }

            #[test]
            fn a_writer_that_is_forgotten_leaves_the_writing_to_the_end_of_the_stream() {
                runtime(1).run(async {
                    let (ours, mut theirs) = $pair.await;
                    let (reader, writer) = ours.into_split();
                    writer.forget();
                    theirs.set_nonblocking(true).unwrap();
                    let error = theirs.read(&mut [0]).unwrap_err();
                    assert_eq!(error.kind(), ErrorKind::WouldBlock);
                    drop(reader);
                    theirs.set_nonblocking(false).unwrap();
                    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
                });
            }

            #[test]
            fn a_reader_that_is_dropped_leaves_the_writer_as_it_is() {
                runtime(1).run(async {
                    let (ours, mut theirs) = $pair.await;
                    let (reader, writer) = ours.into_split();
                    drop(reader);
                    writer.write_all(b"still").await.unwrap();
                    drop(writer);
                    let mut received = String::new();
                    theirs.read_to_string(&mut received).unwrap();
                    assert_eq!(received, "still");
                });
            }

            #[test]
            fn halves_come_back_as_the_stream_that_they_were() {
                runtime(1).run(async {
                    let (mut ours, mut theirs) = $pair.await;
                    for turn in 0..2 {
                        let (reader, writer) = ours.into_split();
                        ours = match turn {
                            0 => reader.reunite(writer).unwrap(),
                            _ => writer.reunite(reader).unwrap(),
                        };
                        // The writing has not ended.
                        ours.write_all(b"whole").await.unwrap();
                        let mut received = [0; 5];
                        theirs.read_exact(&mut received).unwrap();
                        assert_eq!(&received, b"whole");
                    }
                });
            }

            #[test]
            fn halves_of_two_streams_are_given_back_unharmed() {
                runtime(1).run(async {
                    let (first, mut peer_of_first) = $pair.await;
                    let (second, mut peer_of_second) = $pair.await;
                    let (first_reader, first_writer) = first.into_split();
                    let (second_reader, second_writer) = second.into_split();
                    let error = first_reader.reunite(second_writer).unwrap_err();
                    let error: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
                    assert_eq!(error.to_string(), "the halves are not of one stream");
                    let ReuniteError(first_reader, second_writer) = *error.downcast().unwrap();
                    let ReuniteError(second_reader, first_writer) =
                        first_writer.reunite(second_reader).unwrap_err();
                    let first = first_reader.reunite(first_writer).unwrap();
                    let second = second_reader.reunite(second_writer).unwrap();
                    first.write_all(b"1").await.unwrap();
                    second.write_all(b"2").await.unwrap();
                    let mut byte = [0];
                    peer_of_first.read_exact(&mut byte).unwrap();
                    assert_eq!(&byte, b"1");
                    peer_of_second.read_exact(&mut byte).unwrap();
                    assert_eq!(&byte, b"2");
                });
            }

            #[test]
            fn closing_by_one_half_wakes_who_waits_with_the_other() {
                for workers in [1, 2] {
                    runtime(workers).run(async {
                        let (ours, _theirs) = $pair.await;
                        let (reader, writer) = ours.into_split();
                        let reads = spawn(async move { reader.read(&mut [0]).await });
                        settle().await;
                        assert!(!reads.is_finished());
                        writer.close();
                        let error = timeout(NEVER, reads).await.unwrap().unwrap().unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::NotConnected);

                        let (ours, _theirs) = $pair.await;
                        let (reader, writer) = ours.into_split();
                        let writes = spawn(async move {
                            let chunk = vec![0; 1 << 20];
                            loop {
                                writer.write_all(&chunk).await?;
                            }
                            #[expect(unreachable_code, reason = "for the type of the block")]
                            Ok::<(), std::io::Error>(())
                        });
                        settle().await;
                        assert!(!writes.is_finished());
                        reader.close();
                        let error = timeout(NEVER, writes).await.unwrap().unwrap().unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::NotConnected);
                        assert!(reader.peer_addr().is_err() && reader.local_addr().is_err());
                    });
                }
            }

            #[test]
            fn each_half_has_its_deadline_which_is_set_while_another_one_waits() {
                runtime(2).run(async {
                    let (ours, mut theirs) = $pair.await;
                    let chunk = vec![0; 1 << 20];
                    {
                        let (reader, writer) = ours.split();
                        writer.set_write_deadline(Some(Instant::now()));
                        let error = writer.write(b"late").await.unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::TimedOut);
                        theirs.write_all(b"x").unwrap();
                        assert_eq!(reader.read(&mut [0]).await.unwrap(), 1);
                        writer.set_write_deadline(None);
                        reader.set_read_deadline(Some(Instant::now()));
                        let error = reader.read(&mut [0]).await.unwrap_err();
                        assert_eq!(error.kind(), ErrorKind::TimedOut);
                        while poll_once(writer.write(&chunk)).await.is_some() {}
                        reader.set_read_deadline(None);
                    }
                    let (reader, writer) = ours.into_split();
                    let (reader, writer) = (&reader, &writer);
                    let soon = async {
                        settle().await;
                        let soon = Instant::now() + Duration::from_millis(10);
                        reader.set_read_deadline(Some(soon));
                        writer.set_write_deadline(Some(soon));
                        soon
                    };
                    let mut byte = [0];
                    let both = zip(reader.read(&mut byte), writer.write(&chunk));
                    let ((read, written), soon) = timeout(NEVER, zip(both, soon)).await.unwrap();
                    assert!(Instant::now() >= soon);
                    assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
                    assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
                });
            }

            #[test]
            fn lines_are_read_and_answered_through_the_adapters_of_futures_lite() {
                for workers in [1, 2] {
                    runtime(workers).run(async {
                        let (ours, theirs) = $pair.await;
                        let (reader, mut writer) = ours.into_split();
                        let answers = spawn(async move {
                            let mut lines = BufReader::new(reader).lines();
                            while let Some(line) = lines.next().await {
                                let answer = format!("{}\n", line?.to_uppercase());
                                AsyncWriteExt::write_all(&mut writer, answer.as_bytes()).await?;
                            }
                            AsyncWriteExt::close(&mut writer).await
                        });
                        let client = thread::spawn(move || {
                            let mut theirs = theirs;
                            // Lines that come in pieces, and the last one without an end.
                            for piece in ["on", "e\ntw", "o\nthr", "ee\n\nfive"] {
                                theirs.write_all(piece.as_bytes()).unwrap();
                            }
                            theirs.shutdown(Shutdown::Write).unwrap();
                            let mut answers = String::new();
                            theirs.read_to_string(&mut answers).unwrap();
                            answers
                        });
                        timeout(NEVER, answers)
                            .await
                            .expect("it ends")
                            .unwrap()
                            .unwrap();
                        assert_eq!(client.join().unwrap(), "ONE\nTWO\nTHREE\n\nFIVE\n");
                    });
                }
            }

            #[test]
            fn whole_streams_and_borrowed_halves_are_read_by_lines_and_copied() {
                runtime(2).run(async {
                    let (ours, mut theirs) = $pair.await;
                    theirs.write_all(b"first\nsecond\n").unwrap();
                    let mut lines = BufReader::new(&ours).lines();
                    assert_eq!(lines.next().await.unwrap().unwrap(), "first");
                    assert_eq!(lines.next().await.unwrap().unwrap(), "second");
                    theirs.write_all(b"third\n").unwrap();
                    let (reader, _) = ours.split();
                    let mut lines = BufReader::new(reader).lines();
                    assert_eq!(lines.next().await.unwrap().unwrap(), "third");

                    let sent = pattern(1 << 20);
                    let client = thread::spawn({
                        let (sent, mut input) = (sent.clone(), theirs.try_clone().unwrap());
                        move || {
                            let writer = thread::spawn(move || {
                                input.write_all(&sent).unwrap();
                                input.shutdown(Shutdown::Write).unwrap();
                            });
                            let mut received = Vec::new();
                            theirs.read_to_end(&mut received).unwrap();
                            writer.join().unwrap();
                            received
                        }
                    });
                    let (reader, mut writer) = ours.split();
                    let copy = futures_lite::io::copy(reader, &mut writer);
                    let copied = timeout(NEVER, copy).await.expect("it ends").unwrap();
                    assert_eq!(copied, sent.len() as u64);
                    AsyncWriteExt::close(&mut writer).await.unwrap();
                    assert!(client.join().unwrap() == sent);
                });
            }

            #[test]
            fn a_reader_polled_by_hand_and_one_that_peeks_are_woken_by_the_same_bytes() {
                runtime(2).run(async {
                    let (ours, mut theirs) = $pair.await;
                    let peeks = ours.try_clone().unwrap().into_split().0;
                    let (mut reader, _writer) = ours.into_split();
                    let peeks = spawn(async move {
                        let mut byte = [0];
                        peeks.peek(&mut byte).await.map(|_| byte)
                    });
                    settle().await;
                    theirs.write_all(b"p").unwrap();
                    assert_eq!(
                        &timeout(NEVER, peeks).await.unwrap().unwrap().unwrap(),
                        b"p"
                    );
                    let reads = spawn(async move {
                        let mut two = [0; 2];
                        AsyncReadExt::read_exact(&mut reader, &mut two)
                            .await
                            .map(|()| two)
                    });
                    settle().await;
                    theirs.write_all(b"q").unwrap();
                    assert_eq!(
                        &timeout(NEVER, reads).await.unwrap().unwrap().unwrap(),
                        b"pq"
                    );
                });
            }

            #[test]
            fn the_stream_behind_a_half_is_at_hand() {
                runtime(1).run(async {
                    let (ours, _theirs) = $pair.await;
                    let local = format!("{:?}", ours.local_addr().unwrap());
                    let peer = format!("{:?}", ours.peer_addr().unwrap());
                    let (reader, writer) = ours.into_split();
                    assert!(reader.as_ref().take_error().unwrap().is_none());
                    assert!(std::ptr::eq(reader.as_ref(), writer.as_ref()));
                    assert_eq!(format!("{:?}", reader.local_addr().unwrap()), local);
                    assert_eq!(format!("{:?}", writer.peer_addr().unwrap()), peer);
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
