//! What a connection can be made of.

use std::io::{self, IoSlice};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use chango::hyper::{Executor, Io};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use chango::runtime::Builder;
use futures_lite::{AsyncRead, AsyncWrite, FutureExt};
use hyper::rt::{Executor as _, Read, ReadBuf, Write};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;

use crate::site::{BOTH, Client, Version, all, pattern, post, site, text};
use crate::until::until;
use crate::workers::{on, on_workers};

/// A stream that is none of ours, and that adds to the lengths it reads.
struct Foreign<S> {
    stream: S,
    more: usize,
}

impl<S: AsyncRead + Unpin> AsyncRead for Foreign<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        assert!(buffer.iter().all(|byte| *byte == 0));
        let read = Pin::new(&mut self.stream).poll_read(cx, buffer);
        read.map_ok(|read| read + self.more)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Foreign<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        // Never all of it.
        let len = buffer.len().min(777);
        Pin::new(&mut self.stream).poll_write(cx, &buffer[..len])
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}

async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let ours = TcpStream::connect(listener.local_addr().unwrap()).await;
    (ours.unwrap(), listener.accept().await.unwrap().0)
}

#[test]
fn any_stream_carries_large_bodies_both_ways() {
    on_workers(|| async {
        for version in BOTH {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            go! {
                let (stream, _) = listener.accept().await.unwrap();
                let io = Io::new(Foreign { stream, more: 0 });
                match version {
                    Version::One => {
                        http1::Builder::new().serve_connection(io, service_fn(site)).await
                    }
                    Version::Two => {
                        let http = http2::Builder::new(Executor::new());
                        http.serve_connection(io, service_fn(site)).await
                    }
                }
            };
            let mut client = Client::connect(version, address).await;
            let sent = pattern(2 << 20);
            let response = client.send(post("/echo", text(sent.clone()))).await;
            let got = all(response.unwrap().into_body()).await.unwrap();
            assert!(got == sent, "{version:?}: {} bytes came back", got.len());
        }
    });
}

#[test]
fn a_stream_that_claims_to_have_read_more_than_there_is_room_for_is_found_out() {
    on(2, async {
        let (stream, other) = pair().await;
        other.write_all(b"12345678").await.unwrap();
        let mut io = Io::new(Foreign { stream, more: 1 });
        let mut memory = [std::mem::MaybeUninit::uninit(); 8];
        let reading = std::future::poll_fn(|cx| {
            let mut buffer = ReadBuf::uninit(&mut memory);
            Pin::new(&mut io).poll_read(cx, buffer.unfilled())
        });
        assert!(AssertUnwindSafe(reading).catch_unwind().await.is_err());
    });
}

/// Reads once into a buffer of 16 bytes that has some already; what is in it then.
async fn read_after(before: &[u8], io: &mut (impl Read + Unpin)) -> Vec<u8> {
    let mut memory = [std::mem::MaybeUninit::uninit(); 16];
    let mut buffer = ReadBuf::uninit(&mut memory);
    buffer.unfilled().put_slice(before);
    std::future::poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, buffer.unfilled()))
        .await
        .unwrap();
    buffer.filled().to_vec()
}

#[test]
fn what_is_read_stands_behind_what_was_there_and_the_end_adds_nothing() {
    async fn check(io: &mut (impl Read + Unpin), other: TcpStream) {
        other.write_all(b"one").await.unwrap();
        assert_eq!(read_after(b"", io).await, b"one");
        other.write_all(b"and fourteen more").await.unwrap();
        assert_eq!(read_after(b"two ", io).await, b"two and fourteen");
        assert_eq!(read_after(b"", io).await, b" more");
        drop(other);
        assert_eq!(read_after(b"the end", io).await, b"the end");
    }
    on_workers(|| async {
        let (stream, other) = pair().await;
        check(&mut Io::new(&stream), other).await;
        let (stream, other) = pair().await;
        check(&mut Io::new(stream), other).await;
        let (stream, other) = pair().await;
        check(&mut Io::new(Foreign { stream, more: 0 }), other).await;
    });
}

/// Reads "abc" into memory that is full of `x`; what is in it then.
async fn read_over_x(io: &mut (impl Read + Unpin)) -> [u8; 6] {
    let mut memory = *b"xxxxxx";
    let mut buffer = ReadBuf::new(&mut memory);
    std::future::poll_fn(|cx| Pin::new(&mut *io).poll_read(cx, buffer.unfilled()))
        .await
        .unwrap();
    memory
}

#[test]
fn streams_of_ours_read_without_touching_memory_that_they_do_not_need() {
    on_workers(|| async {
        let (mut stream, other) = pair().await;
        other.write_all(b"abc").await.unwrap();
        assert_eq!(read_over_x(&mut Io::new(&stream)).await, *b"abcxxx");
        // What neither is one nor refers to one is like any other: it is given zeros to read over.
        other.write_all(b"abc").await.unwrap();
        assert_eq!(read_over_x(&mut Io::new(&mut stream)).await, *b"abc\0\0\0");
        other.write_all(b"abc").await.unwrap();
        assert_eq!(read_over_x(&mut Io::new(stream)).await, *b"abcxxx");
        #[cfg(unix)]
        {
            let (stream, other) = chango::net::UnixStream::pair().unwrap();
            other.write_all(b"abc").await.unwrap();
            assert_eq!(read_over_x(&mut Io::new(&stream)).await, *b"abcxxx");
            other.write_all(b"abc").await.unwrap();
            assert_eq!(read_over_x(&mut Io::new(stream)).await, *b"abcxxx");
        }
    });
}

async fn shut_down(io: &mut (impl Write + Unpin)) -> io::Result<()> {
    std::future::poll_fn(|cx| Pin::new(&mut *io).poll_shutdown(cx)).await
}

#[test]
fn shutting_down_ends_the_writing_only() {
    on_workers(|| async {
        let (stream, other) = pair().await;
        let mut io = Io::new(stream);
        shut_down(&mut io).await.unwrap();
        assert_eq!(other.read(&mut [0]).await.unwrap(), 0);
        other.write_all(b"heard").await.unwrap();
        assert_eq!(read_after(b"", &mut io).await, b"heard");
    });
}

#[test]
fn a_connection_that_is_gone_is_shut_down_already() {
    on_workers(|| async {
        let (stream, other) = pair().await;
        // It goes with something unread, so that the connection is reset.
        stream.write_all(b"unheard").await.unwrap();
        other.peek(&mut [0]).await.unwrap();
        drop(other);
        while stream.read(&mut [0]).await.is_ok() {}
        assert!(stream.shutdown(std::net::Shutdown::Write).is_err());
        shut_down(&mut Io::new(stream)).await.unwrap();
    });
}

#[test]
fn several_buffers_go_out_with_one_write_where_that_is_so() {
    on_workers(|| async {
        let (stream, other) = pair().await;
        let mut io = Io::new(stream);
        assert!(io.is_write_vectored() && Io::new(&other).is_write_vectored());
        let buffers = [IoSlice::new(b"head, "), IoSlice::new(b"body")];
        let written =
            std::future::poll_fn(|cx| Pin::new(&mut io).poll_write_vectored(cx, &buffers)).await;
        assert_eq!(written.unwrap(), 10);
        let mut got = [0; 10];
        other.read_exact(&mut got).await.unwrap();
        assert_eq!(&got, b"head, body");
        let stream = io.into_inner();
        assert!(!Io::new(Foreign { stream, more: 0 }).is_write_vectored());
    });
}

#[test]
fn a_goroutine_of_the_executor_is_known_by_where_that_was_made() {
    for workers in [1, 2, 8] {
        let runtime = Builder::new().workers(workers).build().unwrap();
        let handle = runtime.handle();
        runtime.run(async move {
            let executor = Executor::new();
            let made_at = format!("spawned at {}:{}", file!(), line!() - 1);
            let (tx, rx) = bounded::<()>(0);
            executor.execute(async move {
                co! { <-rx; }
            });
            let dump = || handle.dump().to_string();
            let waits = || dump().contains("chan receive");
            until("it waits", waits).await;
            assert!(dump().contains(&made_at), "{}", dump());
            drop(tx);
        });
    }
}
