//! The cases of Go's net package that concern deadlines, and sockets other than TCP's.

use std::io::ErrorKind;
use std::sync::Arc;

use chango::net::{TcpListener, TcpStream, UdpSocket};
use chango::prelude::*;

use crate::workers::on_workers;

const MOMENT: Duration = Duration::from_millis(5);

async fn pair() -> (Arc<TcpStream>, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap())
        .await
        .unwrap();
    (Arc::new(client), listener.accept().await.unwrap().0)
}

/// TestAcceptTimeout: a deadline in the past refuses at once, also a connection that is there; one in
/// the future ends the waiting; without one it accepts.
#[test]
fn an_accept_has_a_deadline() {
    on_workers(|| async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        listener.set_deadline(Some(Instant::now()));
        for _ in 0..2 {
            let error = listener.accept().await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        listener.set_deadline(None);
        let (_, peer) = listener.accept().await.unwrap();
        assert_eq!(peer, client.local_addr().unwrap());
        listener.set_deadline(Some(Instant::now() + MOMENT));
        let error = listener.accept().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

/// TestReadTimeout and TestReadTimeoutMustReturn: the read ends, and the bytes that come later are read
/// by the next one.
#[test]
fn a_read_that_timed_out_can_be_made_again() {
    on_workers(|| async {
        let (client, server) = pair().await;
        for _ in 0..3 {
            client.set_read_deadline(Some(Instant::now() + MOMENT));
            let error = client.read(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
        }
        server.write_all(b"late").await.unwrap();
        client.set_read_deadline(Some(Instant::now() + 1_000 * MOMENT));
        let mut buffer = [0; 4];
        client.read_exact(&mut buffer).await.unwrap();
        assert_eq!(&buffer, b"late");
    });
}

/// TestWriteTimeout: who writes to one who does not read is ended.
#[test]
fn a_write_has_a_deadline() {
    on_workers(|| async {
        let (client, _server) = pair().await;
        client.set_write_deadline(Some(Instant::now() + 4 * MOMENT));
        let error = client.write_all(&vec![0; 64 << 20]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
    });
}

/// TestConcurrentSetDeadline and TestReadTimeoutUnblocksRead: a deadline that another goroutine sets ends
/// a read that waits, beside a channel in a select.
#[test]
fn another_goroutine_sets_the_deadline_of_one_that_waits() {
    on_workers(|| async {
        co! {
            let (client, _server) = pair().await;
            let (_tx, rx) = bounded::<()>(0);
            let reader = go! { clone client;
                let mut byte = [0];
                select! {
                    read = client.read(&mut byte) => read.map_err(|error| error.kind()),
                    <-rx => Ok(0),
                }
            };
            let setters: Vec<_> = (0..8).map(|_| go! { clone client;
                for _ in 0..20 {
                    client.set_deadline(Some(Instant::now() + 1_000 * MOMENT));
                    client.set_read_deadline(None);
                    chango::task::yield_now().await;
                }
            }).collect();
            for setter in setters { (<-setter).unwrap(); }
            client.set_read_deadline(Some(Instant::now()));
            assert_eq!((<-reader).unwrap(), Err(ErrorKind::TimedOut));
        }
    });
}

/// TestUDPConnSpecificMethods and TestPacketConn: to an address, and connected.
#[test]
fn packets_go_to_addresses_and_between_connected_sockets() {
    on_workers(|| async {
        co! {
            let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = server.local_addr().unwrap();
            let echo = go! {
                let mut buffer = [0; 64];
                loop {
                    let (len, client) = server.recv_from(&mut buffer).await.unwrap();
                    server.send_to(&buffer[..len], client).await.unwrap();
                    if len == 0 { break; }
                }
            };
            let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let mut buffer = [0; 64];
            client.send_to(b"to an address", address).await.unwrap();
            let (len, sender) = client.recv_from(&mut buffer).await.unwrap();
            assert_eq!((&buffer[..len], sender), (&b"to an address"[..], address));
            client.connect(address).await.unwrap();
            client.send(b"connected").await.unwrap();
            let len = client.recv(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..len], b"connected");
            // TestUDPZeroBytePayload
            client.send(b"").await.unwrap();
            assert_eq!(client.recv(&mut buffer).await.unwrap(), 0);
            (<-echo).unwrap();
        }
    });
}

/// TestReadFromTimeout: a packet that comes after it is there for the next one.
#[test]
fn a_packet_is_waited_for_until_the_deadline() {
    on_workers(|| async {
        let receiver = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        receiver.set_read_deadline(Some(Instant::now() + MOMENT));
        let error = receiver.recv_from(&mut [0]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let address = receiver.local_addr().unwrap();
        sender.send_to(b"x", address).await.unwrap();
        receiver.set_read_deadline(None);
        assert_eq!(receiver.recv_from(&mut [0]).await.unwrap().0, 1);
    });
}

/// TestUnixConnLocalAndRemoteNames, TestUnixgramWrite and TestUnixListenerClose.
#[cfg(unix)]
#[test]
fn unix_sockets_are_streams_listeners_and_packets() {
    use chango::net::{UnixDatagram, UnixListener, UnixStream};

    on_workers(|| async {
        co! {
            let name = format!("chango-golang-{}", std::process::id());
            let dir = std::env::temp_dir().join(name);
            std::fs::create_dir_all(&dir).unwrap();
            let path = dir.join("stream");
            let listener = Arc::new(UnixListener::bind(&path).unwrap());
            let (served, is_served) = bounded(0);
            let server = go! { clone listener;
                let (stream, _) = listener.accept().await.unwrap();
                let mut all = Vec::new();
                stream.read_to_end(&mut all).await.unwrap();
                served <- all;
                listener.accept().await.map(drop).map_err(|error| error.kind())
            };
            let client = UnixStream::connect(&path).await.unwrap();
            assert_eq!(client.peer_addr().unwrap().as_pathname(), Some(&*path));
            client.write_all(b"all").await.unwrap();
            drop(client);
            assert_eq!(<-is_served, Some(b"all".to_vec()));
            listener.close();
            assert_eq!((<-server).unwrap(), Err(ErrorKind::NotConnected));

            let (ours, theirs) = UnixDatagram::pair().unwrap();
            ours.send(b"one").await.unwrap();
            ours.send(b"three").await.unwrap();
            let mut buffer = [0; 16];
            assert_eq!(theirs.recv(&mut buffer).await.unwrap(), 3);
            assert_eq!(theirs.recv(&mut buffer).await.unwrap(), 5);
            std::fs::remove_dir_all(&dir).unwrap();
        }
    });
}
