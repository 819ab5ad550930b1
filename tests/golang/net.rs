//! The cases of Go's net package that concern streams: who waits, who is woken, what a close does.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::sync::Arc;

use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;

use crate::workers::on_workers;

async fn listener() -> (TcpListener, std::net::SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// Two ends of one connection.
async fn pair() -> (TcpStream, TcpStream) {
    let (listener, address) = listener().await;
    let client = go!(TcpStream::connect(address));
    let (server, peer) = listener.accept().await.unwrap();
    let client = client.await.unwrap().unwrap();
    assert_eq!(client.local_addr().unwrap(), peer);
    (client, server)
}

/// TestTCPStress and TestStreamConnServer: a request and its answer, again and again.
#[test]
fn a_thousand_round_trips() {
    on_workers(|| async {
        co! {
            let (client, server) = pair().await;
            let echo = go! {
                let mut byte = [0; 8];
                while server.read_exact(&mut byte).await.is_ok() {
                    server.write_all(&byte).await.unwrap();
                }
            };
            for i in 0..1_000_u64 {
                client.write_all(&i.to_le_bytes()).await.unwrap();
                let mut answer = [0; 8];
                client.read_exact(&mut answer).await.unwrap();
                assert_eq!(u64::from_le_bytes(answer), i);
            }
            drop(client);
            (<-echo).unwrap();
        }
    });
}

/// TestTCPConcurrentAccept: several goroutines accept on one listener, and each connection is
/// accepted once.
#[test]
fn several_goroutines_accept_on_one_listener() {
    on_workers(|| async {
        co! {
            let (listener, address) = listener().await;
            let listener = Arc::new(listener);
            let acceptors: Vec<_> = (0..10).map(|_| go! { clone listener;
                let mut accepted = 0;
                while listener.accept().await.is_ok() { accepted += 1; }
                accepted
            }).collect();
            let clients: Vec<_> = (0..50).map(|_| go! {
                let stream = TcpStream::connect(address).await.unwrap();
                // The end of the stream says that it was accepted, and dropped.
                assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
            }).collect();
            for client in clients { (<-client).unwrap(); }
            listener.close();
            let mut accepted = 0;
            for acceptor in acceptors { accepted += (<-acceptor).unwrap(); }
            assert_eq!(accepted, 50);
        }
    });
}

/// TestListenerClose and TestAcceptAfterClose: close wakes who accepts, and later calls fail.
#[test]
fn a_closed_listener_accepts_no_more() {
    on_workers(|| async {
        co! {
            let (listener, address) = listener().await;
            let listener = Arc::new(listener);
            let waiting = go! { clone listener; listener.accept().await.is_err() };
            chango::task::yield_now().await;
            listener.close();
            assert!((<-waiting).unwrap());
            assert!(listener.accept().await.is_err());
            drop(listener);
            assert!(TcpStream::connect(address).await.is_err());
        }
    });
}

/// TestConnClose and TestCloseUnblocksRead: close wakes who reads on the same stream.
#[test]
fn close_wakes_a_blocked_reader() {
    on_workers(|| async {
        co! {
            let (client, _server) = pair().await;
            let client = Arc::new(client);
            let reader = go! { clone client; client.read(&mut [0]).await };
            chango::task::yield_now().await;
            client.close();
            assert!((<-reader).unwrap().is_err());
            assert!(client.read(&mut [0]).await.is_err());
            assert!(client.write(&[0]).await.is_err());
        }
    });
}

/// TestCloseUnblocksWrite: a writer whose peer does not read waits, and close wakes it.
#[test]
fn close_wakes_a_blocked_writer() {
    on_workers(|| async {
        co! {
            let (client, _server) = pair().await;
            let client = Arc::new(client);
            let (full_tx, full) = bounded(1);
            let writer = go! { clone client;
                let piece = vec![0; 1 << 20];
                loop {
                    select! {
                        written = client.write(&piece) => if let Err(error) = written {
                            break error.kind();
                        },
                        <-after(Duration::from_millis(50)) => { let _ = full_tx.try_send(()); }
                    }
                }
            };
            let _ = <-full;
            client.close();
            assert_ne!((<-writer).unwrap(), io::ErrorKind::WouldBlock);
        }
    });
}

/// TestCloseWrite: after a half-close the other half goes on.
#[test]
fn a_half_closed_stream_still_reads() {
    on_workers(|| async {
        co! {
            let (client, server) = pair().await;
            let serving = go! {
                let mut all = Vec::new();
                server.read_to_end(&mut all).await.unwrap();
                server.write_all(&all).await.unwrap();
            };
            client.write_all(b"all there is").await.unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            assert_eq!(answer, b"all there is");
            (<-serving).unwrap();
        }
    });
}

/// TestReadWrite of large data: more than any buffer holds goes both ways at once.
#[test]
fn megabytes_go_both_ways_at_once() {
    const SIZE: usize = 4 << 20;
    fn data(seed: usize) -> Vec<u8> {
        (0..SIZE).map(|i| (i * 31 + i / 251 + seed) as u8).collect()
    }
    on_workers(|| async {
        co! {
            let (client, server) = pair().await;
            let mut goroutines = Vec::new();
            for (seed, end) in [client, server].into_iter().enumerate() {
                let end = Arc::new(end);
                goroutines.push(go! { clone end;
                    end.write_all(&data(seed)).await.unwrap();
                    end.shutdown(Shutdown::Write).unwrap();
                });
                goroutines.push(go! {
                    let mut all = Vec::new();
                    end.read_to_end(&mut all).await.unwrap();
                    assert!(all == data(1 - seed), "what came is not what was sent");
                });
            }
            for goroutine in goroutines { (<-goroutine).unwrap(); }
        }
    });
}

/// TestDialError: nobody listens there, and the error says so.
#[test]
fn a_refused_connection_is_an_error() {
    on_workers(|| async {
        let (listener, address) = listener().await;
        drop(listener);
        let error = TcpStream::connect(address).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    });
}

/// TestTCPServer against any client: here one of std, on a plain thread.
#[test]
fn a_plain_client_is_served() {
    on_workers(|| async {
        co! {
            let (listener, address) = listener().await;
            let client = std::thread::spawn(move || {
                let mut stream = std::net::TcpStream::connect(address).unwrap();
                stream.write_all(b"plain").unwrap();
                stream.shutdown(Shutdown::Write).unwrap();
                let mut answer = String::new();
                stream.read_to_string(&mut answer).unwrap();
                answer
            });
            let (stream, _) = listener.accept().await.unwrap();
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await.unwrap();
            all.reverse();
            stream.write_all(&all).await.unwrap();
            drop(stream);
            assert_eq!(client.join().unwrap(), "nialp");
        }
    });
}

/// TestLookupHost: names and numbers.
#[test]
fn localhost_is_found() {
    on_workers(|| async {
        let mut found = chango::net::lookup_host("localhost:80").await.unwrap();
        assert!(found.all(|address| address.ip().is_loopback() && address.port() == 80));
        let numeric: Vec<_> = chango::net::lookup_host("192.0.2.7:9")
            .await
            .unwrap()
            .collect();
        assert_eq!(numeric, ["192.0.2.7:9".parse().unwrap()]);
        assert!(chango::net::lookup_host("no port").await.is_err());
    });
}
