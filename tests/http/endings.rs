//! How connections end: at a timeout, at the wish of the server, at an error.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream as StdStream};
use std::pin::pin;
use std::sync::Arc;

use chango::hyper::{Executor, Io, Timer};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use hyper::Response;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;

use crate::site::{BOTH, Client, Version, serve, site, text};
use crate::until::until;
use crate::workers::on_workers;

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(30);

#[test]
fn who_does_not_finish_the_head_is_cut_off_and_who_does_is_not() {
    on_workers(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let serving = go! {
            let mut ends = Vec::new();
            for _ in 0..2 {
                let (stream, _) = listener.accept().await.unwrap();
                ends.push(go! {
                    let mut http = http1::Builder::new();
                    http.timer(Timer::new()).header_read_timeout(Duration::from_millis(300));
                    // Longer than the head may take.
                    let slowly = service_fn(|request| async {
                        sleep(Duration::from_millis(600)).await;
                        site(request).await
                    });
                    let start = Instant::now();
                    let end = http.serve_connection(Io::new(stream), slowly).await;
                    (start.elapsed(), end)
                });
            }
            ends
        };
        let mut idle = StdStream::connect(address).unwrap();
        idle.write_all(b"GET /hello HTTP/1.1\r\nhost:").unwrap();
        let mut busy = StdStream::connect(address).unwrap();
        busy.write_all(b"GET /hello HTTP/1.1\r\nhost: site\r\n\r\n")
            .unwrap();
        let mut ends = serving.await.unwrap().into_iter();

        let (took, end) = ends.next().unwrap().await.unwrap();
        assert!(end.unwrap_err().is_timeout());
        assert!(
            (Duration::from_millis(300)..NEVER).contains(&took),
            "{took:?}"
        );
        assert_eq!(idle.read_to_end(&mut Vec::new()).unwrap(), 0);

        // The answer comes, and the next head, which never does, has its time counted anew.
        let mut answer = Vec::new();
        busy.read_to_end(&mut answer).unwrap();
        assert!(
            answer.ends_with(b"hello"),
            "{}",
            String::from_utf8_lossy(&answer)
        );
        let (took, _) = ends.next().unwrap().await.unwrap();
        assert!(
            (Duration::from_millis(900)..NEVER).contains(&took),
            "{took:?}"
        );
    });
}

/// Serves one connection until something comes from `quit`, and then no new requests.
async fn until_told(
    version: Version,
    stream: TcpStream,
    quit: Receiver<()>,
    started: Sender<()>,
    gate: Receiver<()>,
) -> hyper::Result<()> {
    let service = service_fn(move |request| {
        let (started, gate) = (started.clone(), gate.clone());
        async move {
            co! {
                let _ = started.send(()).await;
                <-gate;
            }
            site(request).await
        }
    });
    let io = Io::new(stream);
    match version {
        Version::One => {
            let mut connection = pin!(http1::Builder::new().serve_connection(io, service));
            select! {
                end = connection.as_mut() => return end,
                <-quit => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        }
        Version::Two => {
            let http = http2::Builder::new(Executor::new());
            let mut connection = pin!(http.serve_connection(io, service));
            select! {
                end = connection.as_mut() => return end,
                <-quit => connection.as_mut().graceful_shutdown(),
            }
            connection.await
        }
    }
}

#[test]
fn requests_in_flight_end_when_the_server_is_told_to() {
    on_workers(|| async {
        for version in BOTH {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let (quit_tx, quit) = bounded::<()>(0);
            let (started_tx, started) = bounded::<()>(0);
            let (gate_tx, gate) = bounded::<()>(0);
            let serving = go! {
                let mut connections = Vec::new();
                for _ in 0..2 {
                    let (stream, _) = listener.accept().await.unwrap();
                    let (quit, started, gate) = (quit.clone(), started_tx.clone(), gate.clone());
                    connections.push(go!(until_told(version, stream, quit, started, gate)));
                }
                drop(listener);
                for connection in connections { (<-connection).unwrap().unwrap(); }
            };
            // One that has asked for nothing, and one that waits for its answer.
            let mut idle = Client::connect(version, address).await;
            let mut busy = Client::connect(version, address).await;
            let answer = go! {
                let answer = busy.get("/count/1000").await.unwrap();
                (answer, busy)
            };
            co! { <-started; }
            drop(quit_tx);
            let refused = || StdStream::connect(address).is_err();
            until("new connections are refused", refused).await;
            assert!(!answer.is_finished());
            drop(gate_tx);
            let (answer, mut busy) = answer.await.unwrap();
            assert!(answer.ends_with(b"line 1000\n"), "{version:?}");
            serving.await.unwrap();
            assert!(busy.get("/hello").await.is_err(), "{version:?}");
            assert!(idle.get("/hello").await.is_err(), "{version:?}");
        }
    });
}

#[test]
fn a_deadline_of_the_stream_ends_a_connection_that_is_served() {
    on_workers(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut client = StdStream::connect(listener.local_addr().unwrap()).unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        client
            .write_all(b"GET / HTTP/1.1\r\nhost: site\r\n\r\n")
            .unwrap();
        // From inside, by reference to the stream that hyper has.
        let stream = Arc::new(stream);
        let shared = Arc::clone(&stream);
        let service = service_fn(move |_| {
            shared.set_read_deadline(Some(Instant::now() + Duration::from_millis(50)));
            async { Ok::<_, hyper::Error>(Response::new(text("the last one"))) }
        });
        let http = http1::Builder::new();
        let start = Instant::now();
        // hyper may call that an error or not: nothing was asked for any more.
        let _ = http.serve_connection(Io::new(&*stream), service).await;
        let took = start.elapsed();
        assert!(
            (Duration::from_millis(50)..NEVER).contains(&took),
            "{took:?}"
        );
        drop(stream);
        let mut answer = String::new();
        client.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("the last one"), "{answer}");
    });
}

#[test]
fn a_service_that_panics_ends_its_connection_or_stream_and_no_other() {
    on_workers(|| async {
        for version in BOTH {
            let address = serve(version, site).await;
            let mut other = Client::connect(version, address).await;
            let mut client = Client::connect(version, address).await;
            for client in [&mut client, &mut other] {
                assert_eq!(client.get("/hello").await.unwrap(), b"hello");
            }
            assert!(client.get("/panic").await.is_err(), "{version:?}");
            let after = client.get("/hello").await;
            // A service of HTTP/1 is part of its connection, and one of HTTP/2 a goroutine by itself.
            assert_eq!(
                after.is_ok(),
                version == Version::Two,
                "{version:?}: {after:?}"
            );
            assert_eq!(other.get("/hello").await.unwrap(), b"hello");
            let mut new = Client::connect(version, address).await;
            assert_eq!(new.get("/hello").await.unwrap(), b"hello");
        }
    });
}

#[test]
fn what_is_no_http_harms_only_its_own_connection() {
    on_workers(|| async {
        for version in BOTH {
            let address = serve(version, site).await;
            let mut client = Client::connect(version, address).await;
            assert_eq!(client.get("/hello").await.unwrap(), b"hello");
            for nonsense in [
                &b"\0\0\0\0"[..],
                &[b'x'; 1 << 20],
                b"GET / HTTP/9.9\r\n\r\n",
                b"",
            ] {
                let mut other = StdStream::connect(address).unwrap();
                // It may be closed before all was written.
                let _ = other.write_all(nonsense);
                let _ = other.shutdown(Shutdown::Write);
                let _ = other.read_to_end(&mut Vec::new());
            }
            assert_eq!(client.get("/hello").await.unwrap(), b"hello");
        }
    });
}
