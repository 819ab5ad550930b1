//! UDP against std's blocking sockets, by situation.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::net::{self as std_net, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::UdpSocket;
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::timeout;
use futures_lite::future::{block_on, poll_once};

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

const MOMENT: Duration = Duration::from_millis(10);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

async fn bind() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

/// A blocking one, which gives up some time.
fn theirs() -> (std_net::UdpSocket, SocketAddr) {
    let socket = std_net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(NEVER)).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

/// Ours and theirs, connected with each other.
async fn pair() -> (Arc<UdpSocket>, std_net::UdpSocket) {
    let ((ours, ours_at), (theirs, theirs_at)) = (bind().await, theirs());
    ours.connect(theirs_at).await.unwrap();
    theirs.connect(ours_at).unwrap();
    assert_eq!(ours.peer_addr().unwrap(), theirs_at);
    (Arc::new(ours), theirs)
}

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// Polls once with a waker that does nothing.
fn poll_now<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn sockets_and_their_futures_can_move_between_threads() {
    fn send_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: T) {}
    send_sync::<UdpSocket>();
    send(UdpSocket::bind("localhost:0"));
    send(async {
        let (socket, addr) = bind().await;
        let mut buffer = [0];
        socket.connect("localhost:1").await.unwrap();
        socket
            .send_to(b"", ("localhost", addr.port()))
            .await
            .unwrap();
        socket.recv_from(&mut buffer).await.unwrap();
        socket.recv(&mut buffer).await.unwrap();
    });
}

#[test]
fn an_echo_server_serves_blocking_clients() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (socket, addr) = runtime.block_on(bind());
        let server = runtime.spawn(async move {
            let mut buffer = vec![0; 2048];
            loop {
                let (len, sender) = socket.recv_from(&mut buffer).await.unwrap();
                buffer[..len].reverse();
                assert_eq!(socket.send_to(&buffer[..len], sender).await.unwrap(), len);
            }
        });
        thread::scope(|scope| {
            for client in 0..8_u8 {
                scope.spawn(move || {
                    let (socket, _) = theirs();
                    for round in 0..100 {
                        socket.send_to(&[client, round, 1], addr).unwrap();
                        let mut buffer = [0; 8];
                        let (len, sender) = socket.recv_from(&mut buffer).unwrap();
                        assert_eq!((&buffer[..len], sender), (&[1, round, client][..], addr));
                    }
                });
            }
        });
        server.abort();
    }
}

#[test]
fn one_who_waits_is_woken_by_a_message() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair().await;
            for byte in 0..50 {
                let waits = spawn({
                    let ours = Arc::clone(&ours);
                    async move {
                        let mut buffer = [0; 8];
                        let len = ours.recv(&mut buffer).await.unwrap();
                        (len, buffer[0])
                    }
                });
                settle().await;
                assert!(!waits.is_finished());
                theirs.send(&[byte, byte]).unwrap();
                assert_eq!(timeout(NEVER, waits).await.unwrap().unwrap(), (2, byte));
            }
        });
    }
}

#[test]
fn two_goroutines_send_and_receive_on_one_socket() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair().await;
            let echo = thread::spawn(move || {
                let mut buffer = [0; 64];
                loop {
                    let len = theirs.recv(&mut buffer).unwrap();
                    theirs.send(&buffer[..len]).unwrap();
                    if len == 0 {
                        break;
                    }
                }
            });
            let copy = ours.try_clone().unwrap();
            let receiver = spawn(async move {
                let mut buffer = [0; 64];
                for round in 0..200_u8 {
                    let len = copy.recv(&mut buffer).await.unwrap();
                    assert_eq!(&buffer[..len], [round]);
                }
                assert_eq!(copy.recv(&mut buffer).await.unwrap(), 0);
            });
            for round in 0..200_u8 {
                assert_eq!(ours.send(&[round]).await.unwrap(), 1);
            }
            // An empty message is a message.
            assert_eq!(ours.send(&[]).await.unwrap(), 0);
            timeout(NEVER, receiver).await.expect("all arrive").unwrap();
            echo.join().unwrap();
        });
    }
}

#[test]
fn each_message_goes_to_one_of_those_who_wait() {
    runtime(2).run(async {
        let (ours, theirs) = pair().await;
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let ours = Arc::clone(&ours);
                spawn(async move {
                    let mut got = Vec::new();
                    let mut buffer = [0; 8];
                    loop {
                        match ours.recv(&mut buffer).await {
                            Ok(_) if buffer[0] == u8::MAX => return got,
                            Ok(_) => got.push(buffer[0]),
                            Err(error) => panic!("{error}"),
                        }
                    }
                })
            })
            .collect();
        settle().await;
        for byte in (0..100).chain([u8::MAX; 4]) {
            theirs.send(&[byte]).unwrap();
        }
        let mut all = Vec::new();
        for receiver in receivers {
            all.extend(
                timeout(NEVER, receiver)
                    .await
                    .expect("it was told")
                    .unwrap(),
            );
        }
        assert_eq!(all.len(), 100);
        assert_eq!(BTreeSet::from_iter(all).len(), 100);
    });
}

#[test]
fn a_dropped_receive_loses_no_message() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair().await;
            let mut buffer = [0; 8];
            for byte in 0..100 {
                {
                    let waits = std::pin::pin!(ours.recv(&mut buffer));
                    assert!(poll_now(waits).is_pending());
                }
                theirs.send(&[byte]).unwrap();
                if byte % 2 == 0 {
                    // Perhaps it is ready, and then it is given up all the same or has it.
                    match poll_once(ours.recv_from(&mut buffer)).await {
                        Some(received) => {
                            received.unwrap();
                            assert_eq!(buffer[0], byte);
                            continue;
                        }
                        None => settle().await,
                    }
                }
                assert_eq!(
                    timeout(NEVER, ours.recv(&mut buffer))
                        .await
                        .unwrap()
                        .unwrap(),
                    1
                );
                assert_eq!(buffer[0], byte);
            }
        });
    }
}

#[test]
fn a_message_that_is_too_long_is_cut_off_and_the_next_one_is_whole() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        theirs.send(b"first message").unwrap();
        theirs.send(b"second").unwrap();
        let mut buffer = [0; 5];
        assert_eq!(ours.recv(&mut buffer).await.unwrap(), 5);
        assert_eq!(&buffer, b"first");
        let mut buffer = [0; 64];
        let (len, sender) = ours.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..len], b"second");
        assert_eq!(sender, theirs.local_addr().unwrap());
        // One that no datagram can hold is refused, and does no harm.
        assert!(ours.send(&vec![0; 1 << 17]).await.is_err());
        assert_eq!(ours.send(b"fits").await.unwrap(), 4);
        assert_eq!(theirs.recv(&mut buffer).unwrap(), 4);
    });
}

#[test]
fn peeking_leaves_the_message_there() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        theirs.send(b"peek").unwrap();
        let mut buffer = [0; 16];
        for _ in 0..3 {
            assert_eq!(ours.peek(&mut buffer).await.unwrap(), 4);
            let (len, sender) = ours.peek_from(&mut buffer).await.unwrap();
            assert_eq!((len, sender), (4, theirs.local_addr().unwrap()));
        }
        assert_eq!(ours.recv(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"peek");
        assert!(poll_once(ours.recv(&mut buffer)).await.is_none());
    });
}

#[test]
fn a_connected_socket_hears_only_the_other_side() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        let (stranger, _) = self::theirs();
        stranger
            .send_to(b"stranger", ours.local_addr().unwrap())
            .unwrap();
        theirs.send(b"friend").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(ours.recv(&mut buffer).await.unwrap(), 6);
        assert_eq!(&buffer[..6], b"friend");
    });
}

#[test]
fn names_are_looked_up() {
    runtime(1).run(async {
        let by_name = UdpSocket::bind("localhost:0").await.unwrap();
        assert!(by_name.local_addr().unwrap().ip().is_loopback());
        let ((ours, _), (other, _)) = (bind().await, bind().await);
        let port = other.local_addr().unwrap().port();
        let to = ("127.0.0.1", port);
        assert_eq!(ours.send_to(b"hello", to).await.unwrap(), 5);
        assert_eq!(other.recv(&mut [0; 8]).await.unwrap(), 5);
        ours.connect(("localhost", port)).await.unwrap();
        assert_eq!(ours.peer_addr().unwrap().port(), port);
        let none: [SocketAddr; 0] = [];
        let error = other.send_to(b"", none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn every_address_is_tried() {
    runtime(1).run(async {
        let ((ours, _), (_other, at)) = (bind().await, bind().await);
        // No IPv4 socket gets there.
        let elsewhere: SocketAddr = "[::1]:9".parse().unwrap();
        assert!(ours.connect(elsewhere).await.is_err());
        ours.connect([elsewhere, at]).await.unwrap();
        assert_eq!(ours.peer_addr().unwrap(), at);
    });
}

#[test]
fn a_receive_ends_at_its_deadline_also_when_it_is_set_while_it_waits() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair().await;
            let deadline = Instant::now() + MOMENT;
            ours.set_read_deadline(Some(deadline));
            let ended = timeout(NEVER, ours.recv(&mut [0])).await.expect("in time");
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
            assert!(Instant::now() >= deadline);
            ours.set_deadline(None);
            let waits = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.recv_from(&mut [0]).await }
            });
            settle().await;
            ours.set_deadline(Some(Instant::now() + MOMENT));
            let ended = timeout(NEVER, waits).await.expect("in time").unwrap();
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
            let late = ours.send(b"late").await.unwrap_err();
            assert_eq!(late.kind(), ErrorKind::TimedOut);
            // It can be put off, and nothing was sent before.
            ours.set_deadline(Some(Instant::now() + NEVER));
            ours.send(b"now").await.unwrap();
            let mut buffer = [0; 8];
            assert_eq!(theirs.recv(&mut buffer).unwrap(), 3);
        });
    }
}

#[test]
fn closing_wakes_all_who_receive_and_frees_the_port() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, addr) = bind().await;
            let ours = Arc::new(ours);
            let receivers: Vec<_> = (0..3)
                .map(|_| {
                    let ours = Arc::clone(&ours);
                    spawn(async move { ours.recv_from(&mut [0]).await })
                })
                .collect();
            settle().await;
            ours.close();
            ours.close();
            for receiver in receivers {
                let ended = timeout(NEVER, receiver).await.expect("woken").unwrap();
                let error = ended.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NotConnected);
                assert!(
                    error.to_string().contains("closed by this program"),
                    "{error}"
                );
            }
            let error = ours.send_to(b"", addr).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
            std_net::UdpSocket::bind(addr).unwrap();
        });
    }
}

#[test]
fn options_are_set_and_read() {
    runtime(1).run(async {
        let (ours, addr) = bind().await;
        assert!(!ours.broadcast().unwrap());
        ours.set_broadcast(true).unwrap();
        assert!(ours.broadcast().unwrap());
        ours.set_ttl(42).unwrap();
        assert_eq!(ours.ttl().unwrap(), 42);
        ours.set_multicast_loop_v4(false).unwrap();
        assert!(!ours.multicast_loop_v4().unwrap());
        ours.set_multicast_ttl_v4(7).unwrap();
        assert_eq!(ours.multicast_ttl_v4().unwrap(), 7);
        assert!(ours.take_error().unwrap().is_none());
        assert!(format!("{ours:?}").contains(&addr.port().to_string()));
        // A copy is the same socket.
        let copy = ours.try_clone().unwrap();
        assert_eq!(copy.ttl().unwrap(), 42);
    });
}

#[test]
fn a_member_of_a_group_gets_what_is_sent_to_it() {
    runtime(1).run(async {
        let group = Ipv4Addr::new(224, 0, 0, 213);
        let ours = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).await.unwrap();
        if ours
            .join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
            .is_err()
        {
            // There are machines whose interfaces know of no groups.
            return;
        }
        let port = ours.local_addr().unwrap().port();
        let sender = socket2::SockRef::from(&theirs().0).try_clone().unwrap();
        sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
        let to = SocketAddr::from((group, port));
        if sender.send_to(b"all", &to.into()).is_err() {
            return;
        }
        let mut buffer = [0; 8];
        assert_eq!(
            timeout(NEVER, ours.recv(&mut buffer))
                .await
                .unwrap()
                .unwrap(),
            3
        );
        ours.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
            .unwrap();
        // Who has left cannot leave again.
        assert!(
            ours.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)
                .is_err()
        );
    });
}

#[test]
fn nobody_is_there() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        drop(theirs);
        // The first message finds that out, and what comes after it says so.
        let ended = timeout(NEVER, async {
            loop {
                if let Err(error) = ours.send(b"anybody?").await {
                    break error;
                }
                if let Some(Err(error)) = poll_once(ours.recv(&mut [0])).await {
                    break error;
                }
                yield_now().await;
            }
        });
        let error = ended.await.expect("the system says so");
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_socket_of_std_comes_and_goes_back_and_blocks_again() {
    let runtime = runtime(1);
    let (ours, theirs) = runtime.block_on(pair());
    let ours = Arc::into_inner(ours).unwrap().into_std().unwrap();
    let sender = thread::spawn(move || {
        theirs.send(b"there").unwrap();
        theirs
    });
    // It waits, or this would say that it would.
    let mut buffer = [0; 8];
    assert_eq!(ours.recv(&mut buffer).unwrap(), 5);
    let theirs = sender.join().unwrap();
    runtime.run(async move {
        let ours = UdpSocket::from_std(ours).unwrap();
        let waits = spawn(async move { ours.recv(&mut [0; 8]).await });
        settle().await;
        theirs.send(b"and back").unwrap();
        assert_eq!(timeout(NEVER, waits).await.unwrap().unwrap().unwrap(), 8);
    });
}

#[test]
fn a_socket_whose_runtime_is_gone_gives_an_error_where_it_would_wait() {
    let runtime = runtime(1);
    let (ours, theirs) = runtime.block_on(pair());
    drop(runtime);
    theirs.send(b"x").unwrap();
    assert_eq!(block_on(ours.recv(&mut [0])).unwrap(), 1);
    let error = block_on(ours.recv(&mut [0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(error.to_string().contains("shut down"), "{error}");
}
