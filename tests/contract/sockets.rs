//! Sockets as arms of a `select!`: beside channels, deadlines and each other, with nothing lost where
//! another arm was taken.

use std::future::{pending, ready};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use chango::net::{TcpListener, TcpStream, UdpSocket};
use chango::prelude::*;
use chango::task;

use crate::until::until;
use crate::workers::on_workers;

const MS: Duration = Duration::from_millis(1);

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Two streams that are connected with each other.
async fn pair() -> (TcpStream, TcpStream) {
    let (listener, addr) = listen().await;
    let client = TcpStream::connect(addr).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

/// A waker, and whether it was woken.
fn flag() -> (Arc<Flag>, Waker) {
    let flag = Arc::new(Flag(AtomicBool::new(false)));
    (Arc::clone(&flag), Waker::from(flag))
}

struct Flag(AtomicBool);

impl Flag {
    fn is_up(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn an_accept_that_was_woken_and_loses_its_select_keeps_no_connection_from_others() {
    on_workers(|| async {
        let (listener, addr) = listen().await;
        let (stop_tx, stop) = bounded::<()>(0);
        // It waits first, and goes on waiting in the body of the arm that wins.
        let mut selects = pin!(async {
            co! {
                select! {
                    biased;
                    <-stop => pending().await,
                    _ = listener.accept() => {},
                }
            }
        });
        let (woken, waker) = flag();
        let polled = selects.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let mut accepts = pin!(listener.accept());
        let (next, waker) = flag();
        let polled = accepts.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        let _client = std::net::TcpStream::connect(addr).unwrap();
        until("the select is woken", || woken.is_up()).await;
        assert!(!next.is_up());
        drop(stop_tx);
        let polled = selects.as_mut().poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        assert!(next.is_up(), "there is a connection");
        timeout(NEVER, accepts).await.unwrap().unwrap();
    });
}

/// What came, in a select that has an arm for each.
#[derive(Debug, PartialEq)]
enum Came {
    Bytes(Vec<u8>),
    Connection(SocketAddr),
    Message(Option<u32>),
    Sent,
    Alarm,
    Stop,
}

#[test]
fn a_read_an_accept_a_message_to_and_fro_and_an_alarm_are_arms_of_one_select() {
    on_workers(|| async {
        let (client, server) = pair().await;
        let (listener, addr) = listen().await;
        let (tx, rx) = bounded::<u32>(1);
        let (answers_tx, answers) = bounded::<u32>(0);
        let (stop_tx, stop) = bounded::<()>(0);
        let (came_tx, came) = unbounded::<Came>();
        let mut alarm = NEVER;
        co! {
            let selects = go! {
                let mut buffer = [0; 16];
                loop {
                    let now = select! {
                        n = server.read(&mut buffer) => Came::Bytes(buffer[..n.unwrap()].to_vec()),
                        accepted = listener.accept() => Came::Connection(accepted.unwrap().1),
                        v = <-rx => Came::Message(v),
                        answers_tx <- 7 => Came::Sent,
                        <-after(alarm) => Came::Alarm,
                        <-stop => Came::Stop,
                    };
                    let last = now == Came::Stop;
                    if now == Came::Sent {
                        alarm = MS;
                    } else {
                        alarm = NEVER;
                    }
                    came_tx <- now;
                    if last {
                        return;
                    }
                }
            };
            for round in 0..50 {
                client.write_all(b"bytes").await.unwrap();
                assert_eq!(<-came, Some(Came::Bytes(b"bytes".to_vec())));
                let caller = TcpStream::connect(addr).await.unwrap();
                let from = caller.local_addr().unwrap();
                assert_eq!(<-came, Some(Came::Connection(from)));
                tx <- round;
                assert_eq!(<-came, Some(Came::Message(Some(round))));
                assert_eq!(<-answers, Some(7));
                assert_eq!(<-came, Some(Came::Sent));
                assert_eq!(<-came, Some(Came::Alarm));
            }
            drop(stop_tx);
            assert_eq!(<-came, Some(Came::Stop));
            selects.await.unwrap();
        }
    });
}

#[test]
fn a_read_that_lost_has_taken_no_byte_and_a_receive_that_lost_no_message() {
    const CHUNKS: u32 = 1_500;
    on_workers(|| async {
        let (client, server) = pair().await;
        let (reader, _writer) = server.into_split();
        let (tx, rx) = bounded::<u32>(1);
        let writes = go! {
            for number in 0..CHUNKS {
                client.write_all(&number.to_ne_bytes()).await.unwrap();
                if number % 7 == 0 {
                    task::yield_now().await;
                }
            }
        };
        let sends = go! {
            for number in 0..CHUNKS {
                tx <- number;
                if number % 5 == 0 {
                    task::yield_now().await;
                }
            }
        };
        let (mut bytes, mut messages, mut turns) = (Vec::new(), 0, 0_u32);
        let (mut open, mut ended) = (true, false);
        // Not a divisor of what is written: a read takes parts of numbers.
        let mut buffer = [0; 7];
        while open || !ended {
            turns += 1;
            select! {
                n = reader.read(&mut buffer), if !ended => match n.unwrap() {
                    // The writer has gone.
                    0 => ended = true,
                    n => bytes.extend_from_slice(&buffer[..n]),
                },
                v = <-rx, if open => match v {
                    Some(number) => {
                        assert_eq!(number, messages);
                        messages += 1;
                    }
                    None => open = false,
                },
                <-after(Duration::from_micros(5)) => {},
                // Others are ready, or will be: this one is at once.
                _ = ready(()), if turns.is_multiple_of(3) => task::yield_now().await,
            }
        }
        writes.await.unwrap();
        sends.await.unwrap();
        assert_eq!((bytes.len(), messages), (4 * CHUNKS as usize, CHUNKS));
        let numbers = bytes
            .chunks(4)
            .map(|chunk| u32::from_ne_bytes(chunk.try_into().unwrap()));
        assert!(numbers.eq(0..CHUNKS));
    });
}

#[test]
fn an_accept_that_lost_has_taken_no_connection() {
    const CONNECTIONS: usize = 300;
    on_workers(|| async {
        let (listener, addr) = listen().await;
        let (tx, rx) = bounded::<usize>(0);
        let connects = go! {
            let mut clients = Vec::new();
            for number in 0..CONNECTIONS {
                let client = TcpStream::connect(addr).await.unwrap();
                client.write_all(&[number as u8]).await.unwrap();
                clients.push(client);
                tx <- number;
            }
            clients
        };
        let (mut accepted, mut received) = (Vec::new(), 0);
        let mut turns = 0_u32;
        while received < CONNECTIONS {
            turns += 1;
            select! {
                one = listener.accept() => accepted.push(one.unwrap()),
                Some(number) = <-rx => {
                    assert_eq!(number, received);
                    received += 1;
                },
                <-after(Duration::from_micros(10)) => {},
                _ = ready(()), if turns.is_multiple_of(3) => task::yield_now().await,
            }
        }
        let clients = connects.await.unwrap();
        while accepted.len() < CONNECTIONS {
            let one = timeout(NEVER, listener.accept()).await;
            accepted.push(one.expect("none is lost").unwrap());
        }
        // Each was accepted once, in the order in which they came, and is whole.
        for (number, ((server, peer), client)) in accepted.iter().zip(&clients).enumerate() {
            assert_eq!(*peer, client.local_addr().unwrap());
            let mut byte = [0];
            server.read_exact(&mut byte).await.unwrap();
            assert_eq!(usize::from(byte[0]), number % 256);
        }
    });
}

#[test]
fn a_datagram_whose_receive_lost_is_received_by_the_next() {
    on_workers(|| async {
        let (ours, theirs) = (
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
            UdpSocket::bind("127.0.0.1:0").await.unwrap(),
        );
        theirs.connect(ours.local_addr().unwrap()).await.unwrap();
        let (tx, rx) = bounded::<u32>(1);
        let mut buffer = [0; 8];
        for number in 0..300_u32 {
            theirs.send(&number.to_ne_bytes()).await.unwrap();
            tx.send(number).await.unwrap();
            // Both are ready, or will be; each is taken once, in any order.
            let (mut datagram, mut message) = (false, false);
            while !(datagram && message) {
                select! {
                    n = ours.recv(&mut buffer), if !datagram => {
                        assert_eq!(n.unwrap(), 4);
                        assert_eq!(buffer[..4], number.to_ne_bytes());
                        datagram = true;
                    },
                    v = <-rx, if !message => {
                        assert_eq!(v, Some(number));
                        message = true;
                    },
                }
            }
        }
    });
}

#[test]
fn a_deadline_ends_the_arm_of_its_socket_with_an_error() {
    on_workers(|| async {
        let (client, server) = pair().await;
        let (listener, _addr) = listen().await;
        let (_tx, rx) = bounded::<()>(0);
        let deadline = Instant::now() + 5 * MS;
        client.set_read_deadline(Some(deadline));
        let mut byte = [0];
        let error = select! {
            n = client.read(&mut byte) => n.unwrap_err(),
            <-rx => unreachable!("nobody sends"),
            <-after(NEVER) => unreachable!("the deadline is earlier"),
        };
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(Instant::now() >= deadline);
        // It is set while a select waits, of a goroutine of its own.
        client.set_read_deadline(None);
        let client = Arc::new(client);
        let selects = go! {
            clone client;
            let mut byte = [0];
            select! {
                n = client.read(&mut byte) => n.unwrap_err().kind(),
                _ = listener.accept() => unreachable!("nobody connects"),
                <-rx => unreachable!("nobody sends"),
            }
        };
        for _ in 0..20 {
            task::yield_now().await;
        }
        client.set_read_deadline(Some(Instant::now() + 5 * MS));
        assert_eq!(selects.await.unwrap(), ErrorKind::TimedOut);
        // The deadline that has passed takes nothing away.
        server.write_all(b"x").await.unwrap();
        client.set_read_deadline(None);
        assert_eq!(client.read(&mut [0]).await.unwrap(), 1);
    });
}

#[test]
fn closing_a_socket_ends_a_select_that_waits_for_it() {
    on_workers(|| async {
        for closes_listener in [true, false] {
            let (listener, _addr) = listen().await;
            let (client, _server) = pair().await;
            let (listener, client) = (Arc::new(listener), Arc::new(client));
            let selects = go! {
                clone listener, client;
                let mut byte = [0];
                select! {
                    n = client.read(&mut byte) => (n.unwrap_err().kind(), "read"),
                    accepted = listener.accept() => (accepted.unwrap_err().kind(), "accept"),
                    <-after(NEVER) => unreachable!("one is closed"),
                }
            };
            for _ in 0..20 {
                task::yield_now().await;
            }
            assert!(!selects.is_finished());
            let which = if closes_listener {
                listener.close();
                "accept"
            } else {
                client.close();
                "read"
            };
            assert_eq!(selects.await.unwrap(), (ErrorKind::NotConnected, which));
        }
    });
}

#[test]
fn a_write_that_lost_has_sent_nothing() {
    const BYTES: usize = 4 << 20;
    on_workers(|| async {
        let (client, server) = pair().await;
        let sent: Vec<_> = (0..BYTES).map(|at| (at / 251 + at) as u8).collect();
        let (tx, rx) = bounded::<u32>(1);
        let (stop_tx, stop) = bounded::<()>(0);
        let sends = go! {
            for number in 0..u32::MAX {
                select! {
                    tx <- number => {},
                    <-stop => return number,
                }
            }
            unreachable!("it takes too long")
        };
        let reads = go! {
            let mut received = Vec::new();
            server.read_to_end(&mut received).await.unwrap();
            received
        };
        let (mut rest, mut messages, mut turns) = (&sent[..], 0, 0_u32);
        while !rest.is_empty() {
            turns += 1;
            select! {
                // What is ready and does not win has not been begun.
                n = client.write(&rest[..rest.len().min(30_000)]) => rest = &rest[n.unwrap()..],
                Some(number) = <-rx => {
                    assert_eq!(number, messages);
                    messages += 1;
                },
                <-after(Duration::from_micros(5)) => {},
                _ = ready(()), if turns.is_multiple_of(3) => task::yield_now().await,
            }
        }
        drop(client);
        assert!(reads.await.unwrap() == sent);
        drop(stop_tx);
        // The last one may be on its way.
        let begun = sends.await.unwrap();
        assert!(
            (messages..=messages + 2).contains(&begun),
            "{messages} of {begun}"
        );
    });
}
