//! Datagrams: messages, their bounds, and senders that wait for room.

use std::fs;
use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::unix::net as std_net;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::UnixDatagram;
use chango_core::spawn::spawn;
use chango_core::time::{self, timeout};

use crate::{MOMENT, NEVER, Place, pattern, poll_now, runtime, settle};

/// A socket of ours and its other side, a blocking one of std's. Inside a runtime.
fn messengers() -> (Arc<UnixDatagram>, std_net::UnixDatagram) {
    let (ours, theirs) = std_net::UnixDatagram::pair().unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    (Arc::new(UnixDatagram::from_std(ours).unwrap()), theirs)
}

#[test]
fn messages_keep_their_bounds_and_their_order() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            let echo = thread::spawn(move || {
                let mut buffer = [0; 64];
                for _ in 0..200 {
                    let len = theirs.recv(&mut buffer).unwrap();
                    theirs.send(&buffer[..len]).unwrap();
                }
            });
            let receiver = spawn({
                let ours = Arc::clone(&ours);
                async move {
                    let mut buffer = [0; 64];
                    for round in 0..200 {
                        let len = ours.recv(&mut buffer).await.unwrap();
                        assert_eq!(&buffer[..len], pattern(round % 60));
                    }
                }
            });
            for round in 0..200 {
                ours.send(&pattern(round % 60)).await.unwrap();
            }
            timeout(NEVER, receiver).await.expect("all arrive").unwrap();
            echo.join().unwrap();
        });
    }
}

#[test]
fn a_message_that_is_too_long_is_cut_off_and_the_next_one_is_whole() {
    runtime(1).run(async {
        let (ours, theirs) = messengers();
        theirs.send(b"first message").unwrap();
        theirs.send(b"second").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(ours.peek(&mut buffer[..6]).await.unwrap(), 6);
        assert_eq!(ours.recv(&mut buffer[..5]).await.unwrap(), 5);
        assert_eq!(&buffer[..6], b"first ");
        let (len, sender) = ours.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..len], b"second");
        assert!(sender.is_unnamed());
    });
}

#[test]
fn a_dropped_receive_loses_no_message() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            let mut buffer = [0; 8];
            for byte in 0..100 {
                {
                    let waits = pin!(ours.recv(&mut buffer));
                    assert!(poll_now(waits).is_pending());
                }
                theirs.send(&[byte]).unwrap();
                let len = timeout(NEVER, ours.recv(&mut buffer)).await.unwrap();
                assert_eq!((len.unwrap(), buffer[0]), (1, byte));
            }
        });
    }
}

#[test]
fn a_send_that_is_given_up_has_sent_nothing() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            // Until there is no room, since nobody receives.
            let mut sent = 0_u32;
            while let Ok(done) = timeout(MOMENT, ours.send(&sent.to_ne_bytes())).await {
                done.unwrap();
                sent += 1;
            }
            for moment in [Duration::ZERO, MOMENT] {
                let late = timeout(moment, ours.send(b"never")).await;
                assert!(late.is_err(), "nobody has received");
            }
            let mut message = [0; 8];
            for number in 0..sent {
                assert_eq!(theirs.recv(&mut message).unwrap(), 4);
                assert_eq!(message[..4], number.to_ne_bytes());
            }
            ours.send(b"next").await.unwrap();
            assert_eq!(theirs.recv(&mut message).unwrap(), 4);
            assert_eq!(&message[..4], b"next");
        });
    }
}

#[test]
fn messages_are_sent_to_paths() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (here, there) = (Place::new(), Place::new());
            let ours = UnixDatagram::bind(&here).unwrap();
            let theirs = std_net::UnixDatagram::bind(&there).unwrap();
            assert_eq!(ours.send_to(b"ping", &there).await.unwrap(), 4);
            let mut buffer = [0; 8];
            let (len, sender) = theirs.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], b"ping");
            theirs
                .send_to(b"pong", sender.as_pathname().unwrap())
                .unwrap();
            let (len, sender) = ours.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..len], b"pong");
            assert_eq!(sender.as_pathname(), Some(there.as_ref()));

            let unbound = UnixDatagram::unbound().unwrap();
            let error = unbound.send(b"to nobody").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
            unbound.connect(&here).unwrap();
            unbound.send(b"hello").await.unwrap();
            assert_eq!(ours.recv(&mut buffer).await.unwrap(), 5);
            fs::remove_file(&there).unwrap();
            let error = ours.send_to(b"ping", &there).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn messages_are_sent_to_a_name_that_is_no_file() {
    use std::os::linux::net::SocketAddrExt;

    runtime(1).run(async {
        let name = format!("chango-messages-{}", std::process::id());
        let addr = std_net::SocketAddr::from_abstract_name(&name).unwrap();
        let ours = UnixDatagram::bind_addr(&addr).unwrap();
        let theirs = std_net::UnixDatagram::unbound().unwrap();
        theirs.send_to_addr(b"hello", &addr).unwrap();
        let (len, sender) = ours.recv_from(&mut [0; 8]).await.unwrap();
        assert!(len == 5 && sender.is_unnamed());
        let local = ours.local_addr().unwrap();
        assert_eq!(local.as_abstract_name(), Some(name.as_bytes()));
    });
}

/// A receiver whose queue is full of the messages of another sender, and how many these are.
fn full_receiver() -> (Place, std_net::UnixDatagram, usize) {
    let place = Place::new();
    let theirs = std_net::UnixDatagram::bind(&place).unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    let other = std_net::UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    let mut filled = 0;
    while other.send_to(b"other", &place).is_ok() {
        filled += 1;
    }
    (place, theirs, filled)
}

#[test]
fn who_finds_the_other_side_full_of_messages_of_others_waits_until_there_is_room() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (place, theirs, filled) = full_receiver();
            let path = place.0.clone();
            let ours = UnixDatagram::unbound().unwrap();
            let sender = spawn(async move { ours.send_to(b"ours", path).await });
            // Until the events are over that attempts to send cause by themselves: on Linux there is none
            // for the room that is made later.
            time::sleep(2 * MOMENT).await;
            assert!(!sender.is_finished());
            let mut buffer = [0; 8];
            for _ in 0..filled {
                assert_eq!(theirs.recv(&mut buffer).unwrap(), 5);
            }
            let sent = timeout(NEVER, sender).await.expect("room came").unwrap();
            assert_eq!(sent.unwrap(), 4);
            assert_eq!(theirs.recv(&mut buffer).unwrap(), 4);
        });
    }
}

#[test]
fn who_waits_for_room_at_the_other_side_does_not_keep_trying() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    runtime.block_on(async {
        let (place, _theirs, _filled) = full_receiver();
        let path = place.0.clone();
        let ours = UnixDatagram::unbound().unwrap();
        let sender = spawn(async move { ours.send_to(b"ours", path).await });
        let before = handle.metrics().file_events();
        time::sleep(20 * MOMENT).await;
        // An attempt that fails is an event: on Linux, thousands if each is made for the one before.
        let events = handle.metrics().file_events() - before;
        assert!(events < 100, "{events} events");
        assert!(!sender.is_finished());
        sender.abort();
    });
}

#[test]
fn who_waits_for_room_at_the_other_side_ends_at_the_deadline_and_when_the_socket_is_closed() {
    runtime(1).run(async {
        let (place, _theirs, _filled) = full_receiver();
        let ours = Arc::new(UnixDatagram::unbound().unwrap());
        let deadline = Instant::now() + MOMENT;
        ours.set_write_deadline(Some(deadline));
        let error = timeout(NEVER, ours.send_to(b"ours", &place)).await.unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(Instant::now() >= deadline);
        ours.set_write_deadline(None);
        let sender = spawn({
            let (ours, path) = (Arc::clone(&ours), place.0.clone());
            async move { ours.send_to(b"ours", path).await }
        });
        settle().await;
        assert!(!sender.is_finished());
        ours.close();
        let error = timeout(NEVER, sender).await.unwrap().unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn a_sender_waits_for_a_slow_receiver() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            let sender = spawn({
                let ours = Arc::clone(&ours);
                async move {
                    let message = vec![7; 1_000];
                    for _ in 0..2_000 {
                        ours.send(&message).await.unwrap();
                    }
                }
            });
            settle().await;
            assert!(!sender.is_finished(), "nobody has received");
            let receiver = thread::spawn(move || {
                let mut buffer = [0; 2_000];
                for _ in 0..2_000 {
                    assert_eq!(theirs.recv(&mut buffer).unwrap(), 1_000);
                }
            });
            timeout(NEVER, sender).await.expect("room came").unwrap();
            receiver.join().unwrap();
        });
    }
}

#[test]
fn a_messenger_ends_at_its_deadline_and_when_it_is_closed() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, _theirs) = messengers();
            ours.set_read_deadline(Some(Instant::now() + MOMENT));
            let ended = timeout(NEVER, ours.recv(&mut [0])).await.expect("in time");
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
            ours.set_read_deadline(None);
            let waits = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.recv_from(&mut [0]).await }
            });
            settle().await;
            ours.close();
            let ended = timeout(NEVER, waits).await.expect("woken").unwrap();
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotConnected);
        });
    }
}

#[test]
fn the_receiving_of_messages_can_be_ended_without_the_sending() {
    runtime(1).run(async {
        let (ours, theirs) = messengers();
        ours.shutdown(Shutdown::Read).unwrap();
        assert!(theirs.send(b"x").is_err());
        ours.send(b"the other way").await.unwrap();
        let copy = ours.try_clone().unwrap().into_std().unwrap();
        copy.send(b"and by std").unwrap();
        assert_eq!(theirs.recv(&mut [0; 32]).unwrap(), 13);
        assert_eq!(theirs.recv(&mut [0; 32]).unwrap(), 10);
    });
}
