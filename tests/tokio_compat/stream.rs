//! `Io`: streams of chango's where tokio's are wanted, and the other way round.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use chango::compat::{self, Io, with_tokio};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use futures_lite::{AsyncReadExt as _, AsyncWriteExt as _, io as lite};
use tokio::io::{self as tokio_io, AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::io::{AsyncWrite as _, ReadBuf};

use crate::workers::on_workers;

/// Both sides of a connection.
async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap());
    let client = client.await.unwrap();
    (client, listener.accept().await.unwrap().0)
}

#[test]
fn what_is_written_for_tokio_speaks_over_a_connection_of_changos() {
    on_workers(|| async {
        let (client, server) = pair().await;
        let echo = go! {
            let (from, mut to) = tokio_io::split(Io::new(server));
            let mut lines = tokio_io::BufReader::new(from).lines();
            while let Some(line) = lines.next_line().await.unwrap() {
                to.write_all(format!("{line}!\n").as_bytes()).await.unwrap();
            }
            to.shutdown().await.unwrap();
        };
        let mut client = Io::new(client);
        client.write_all(b"one\ntwo\n").await.unwrap();
        // The end of the writing, and not of the reading.
        client.shutdown().await.unwrap();
        let mut back = String::new();
        client.read_to_string(&mut back).await.unwrap();
        assert_eq!(back, "one!\ntwo!\n");
        echo.await.unwrap();
    });
}

#[test]
fn the_writing_of_a_connection_that_was_reset_ends_without_an_error() {
    on_workers(|| async {
        let (client, server) = pair().await;
        server.set_linger(Some(Duration::ZERO)).unwrap();
        drop(server);
        let mut client = Io::new(client);
        let error = client.read(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
        client.shutdown().await.unwrap();
    });
}

#[test]
fn a_task_of_tokios_reads_and_writes_a_connection_of_changos() {
    on_workers(|| async {
        let (client, server) = pair().await;
        let task = compat::handle().spawn(async move {
            let (mut from, mut to) = tokio_io::split(Io::new(server));
            tokio_io::copy(&mut from, &mut to).await.unwrap();
            to.shutdown().await.unwrap();
        });
        let sent = vec![7; 1_000_000];
        let (from, to) = (Io::new(client.try_clone().unwrap()), client);
        let writes = go! {
            clone sent;
            to.write_all(&sent).await.unwrap();
            to.shutdown(std::net::Shutdown::Write).unwrap();
        };
        let mut back = Vec::new();
        { from }.read_to_end(&mut back).await.unwrap();
        assert_eq!(back, sent);
        writes.await.unwrap();
        task.await.unwrap();
    });
}

#[test]
fn a_connection_of_tokios_has_the_traits_of_futures() {
    on_workers(|| async {
        let (client, server) = with_tokio(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let client = tokio::net::TcpStream::connect(listener.local_addr().unwrap());
            (client.await.unwrap(), listener.accept().await.unwrap().0)
        })
        .await;
        let echo = go! {
            let (from, to) = lite::split(Io::new(server));
            lite::copy(from, to).await.unwrap();
        };
        let (mut from, mut to) = lite::split(Io::new(client));
        let sent = vec![7; 1_000_000];
        let writes = go! {
            clone sent;
            to.write_all(&sent).await.unwrap();
            to.close().await.unwrap();
        };
        let mut back = Vec::new();
        from.read_to_end(&mut back).await.unwrap();
        assert_eq!(back, sent);
        writes.await.unwrap();
        echo.await.unwrap();
    });
}

#[cfg(unix)]
#[test]
fn unix_streams_are_wrapped_as_well() {
    on_workers(|| async {
        let (left, right) = chango::net::UnixStream::pair().unwrap();
        let (mut left, mut right) = (Io::new(left), Io::new(right));
        left.write_all(b"over").await.unwrap();
        drop(left);
        let mut text = String::new();
        right.read_to_string(&mut text).await.unwrap();
        assert_eq!(text, "over");
    });
}

#[test]
fn what_has_a_buffer_is_read_by_lines_both_ways() {
    on_workers(|| async {
        const LINES: [&str; 4] = ["one\n", "two\n", "and three", ""];
        for tokios in [false, true] {
            let (client, server) = pair().await;
            let writes = go! {
                client.write_all(LINES.concat().as_bytes()).await.unwrap();
            };
            let mut by_tokio = Io::new(lite::BufReader::new(server.try_clone().unwrap()));
            let mut by_futures = Io::new(tokio_io::BufReader::new(Io::new(server)));
            for expected in LINES {
                let mut line = String::new();
                let read = match tokios {
                    true => tokio_io::AsyncBufReadExt::read_line(&mut by_tokio, &mut line).await,
                    false => lite::AsyncBufReadExt::read_line(&mut by_futures, &mut line).await,
                };
                assert_eq!((read.unwrap(), line.as_str()), (expected.len(), expected));
            }
            writes.await.unwrap();
        }
    });
}

#[test]
fn a_read_that_is_dropped_loses_no_byte() {
    on_workers(|| async {
        let (client, server) = pair().await;
        let writes = go! {
            for number in 0..200_u8 {
                client.write_all(&[number]).await.unwrap();
                sleep(Duration::from_micros(300)).await;
            }
        };
        let (mut server, mut got) = (Io::new(server), Vec::new());
        while got.len() < 200 {
            let mut room = [0; 3];
            if let Ok(read) = timeout(Duration::from_micros(200), server.read(&mut room)).await {
                got.extend_from_slice(&room[..read.unwrap()]);
            }
        }
        assert!((0..200).eq(got));
        writes.await.unwrap();
    });
}

/// A stream of both worlds. What it is given to read into it looks at, and it counts its calls.
#[derive(Default)]
struct Odd {
    /// How much it says that it has read.
    claims: usize,
    plain: usize,
    vectored: usize,
    ended: bool,
}

fn cx() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

impl lite::AsyncRead for Odd {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        assert!(room.iter().all(|&byte| byte == 0), "it is not initialised");
        room.fill(b'!');
        Poll::Ready(Ok(self.claims))
    }
}

impl lite::AsyncWrite for Odd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.plain += 1;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        all: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.vectored += 1;
        Poll::Ready(Ok(all.iter().map(|one| one.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ended = true;
        Poll::Ready(Ok(()))
    }
}

/// The same as one of tokio's.
struct TokioOdd(Odd);

impl tokio_io::AsyncRead for TokioOdd {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Nothing forbids to give another buffer back.
        let other = Box::leak(Box::new([0; 64]));
        *room = ReadBuf::new(other);
        room.advance(self.0.claims);
        Poll::Ready(Ok(()))
    }
}

impl tokio_io::AsyncWrite for TokioOdd {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.0.plain += 1;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        all: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.0.vectored += 1;
        Poll::Ready(Ok(all.iter().map(|one| one.len()).sum()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.0.ended = true;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn what_is_not_initialised_is_zeroed_before_a_stream_sees_it_and_only_what_was_read_counts() {
    let mut memory = [std::mem::MaybeUninit::new(0xee_u8); 16];
    let mut room = ReadBuf::uninit(&mut memory);
    room.put_slice(b"before");
    let mut stream = Io::new(Odd {
        claims: 4,
        ..Odd::default()
    });
    let polled = tokio_io::AsyncRead::poll_read(Pin::new(&mut stream), &mut cx(), &mut room);
    assert!(matches!(polled, Poll::Ready(Ok(()))));
    assert_eq!(room.filled(), b"before!!!!");
    assert_eq!(room.remaining(), 6);
}

#[test]
#[should_panic(expected = "read more than it could")]
fn a_stream_that_says_to_have_read_too_much_is_not_believed() {
    let mut memory = [0; 16];
    let mut room = ReadBuf::new(&mut memory);
    let mut stream = Io::new(Odd {
        claims: 17,
        ..Odd::default()
    });
    let _ = tokio_io::AsyncRead::poll_read(Pin::new(&mut stream), &mut cx(), &mut room);
}

#[test]
#[should_panic(expected = "read more than it could")]
fn a_stream_of_tokios_that_says_to_have_read_too_much_is_not_believed() {
    let mut stream = Io::new(TokioOdd(Odd {
        claims: 17,
        ..Odd::default()
    }));
    let _ = lite::AsyncRead::poll_read(Pin::new(&mut stream), &mut cx(), &mut [0; 16]);
}

#[test]
fn vectored_writes_and_the_end_are_passed_on_both_ways() {
    let slices = [IoSlice::new(b"one"), IoSlice::new(b"two")];
    let mut stream = Io::new(Odd::default());
    assert!(stream.is_write_vectored());
    let polled =
        tokio_io::AsyncWrite::poll_write_vectored(Pin::new(&mut stream), &mut cx(), &slices);
    assert!(matches!(polled, Poll::Ready(Ok(6))));
    let _ = tokio_io::AsyncWrite::poll_shutdown(Pin::new(&mut stream), &mut cx());
    let odd = stream.into_inner();
    assert_eq!((odd.plain, odd.vectored, odd.ended), (0, 1, true));

    let mut stream = Io::new(TokioOdd(Odd::default()));
    let polled = lite::AsyncWrite::poll_write_vectored(Pin::new(&mut stream), &mut cx(), &slices);
    assert!(matches!(polled, Poll::Ready(Ok(6))));
    let _ = lite::AsyncWrite::poll_close(Pin::new(&mut stream), &mut cx());
    let odd = &stream.get_ref().0;
    assert_eq!((odd.plain, odd.vectored, odd.ended), (0, 1, true));
}

#[test]
fn wrapped_twice_a_stream_is_itself_again() {
    on_workers(|| async {
        let (client, server) = pair().await;
        let mut client = Io::new(Io::new(client));
        lite::AsyncWriteExt::write_all(&mut client, b"there and back")
            .await
            .unwrap();
        lite::AsyncWriteExt::close(&mut client).await.unwrap();
        let mut text = String::new();
        let mut server = Io::new(Io::new(server));
        lite::AsyncReadExt::read_to_string(&mut server, &mut text)
            .await
            .unwrap();
        assert_eq!(text, "there and back");
    });
}
