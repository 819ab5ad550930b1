//! What a dump says of those who wait in a way that needs more than the facade has.
#![allow(missing_docs)]

use std::future::poll_fn;
use std::net::{Ipv4Addr, SocketAddr};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{TcpStream, lookup_host};
use chango_core::runtime::{Builder, Reason, Runtime};
use chango_core::time::{self, Wait};
use socket2::{Domain, Socket, Type};

/// Where the first goroutine waits that does, when one does for this reason.
fn waits_at(runtime: &Runtime, reason: Reason) -> Option<(String, u32)> {
    let begun = Instant::now();
    loop {
        let dump = runtime.handle().dump();
        let mut waits = dump.goroutines().iter().filter_map(|one| one.wait());
        if let Some(wait) = waits.find(|wait| wait.reason() == reason) {
            return wait.at().map(|at| (at.file().to_owned(), at.line()));
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{dump}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A listener that lets only the first who connect through, and its address.
fn reluctant() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    socket.bind(&any.into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, addr)
}

#[test]
fn a_connect_that_nobody_answers_says_where_it_was_begun() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (_listener, addr) = reluctant();
    for _ in 0..8 {
        runtime.spawn(async move {
            // Kept, so that it keeps its place with the listener.
            let _stream = TcpStream::connect(addr).await.unwrap();
            std::future::pending::<()>().await;
        });
    }
    let line = line!() - 4;
    let at = waits_at(&runtime, Reason::IoWait);
    assert_eq!(at, Some((file!().to_owned(), line)));
}

#[test]
fn a_connect_to_several_who_do_not_answer_waits_for_them_and_not_for_its_timer() {
    let runtime = Builder::new().workers(1).build().unwrap();
    let (_listener, addr) = reluctant();
    let _in_its_queue = std::net::TcpStream::connect(addr).unwrap();
    runtime.spawn(async move {
        let _ = TcpStream::connect([addr; 3]).await;
    });
    let line = line!() - 2;
    let at = waits_at(&runtime, Reason::IoWait);
    assert_eq!(at, Some((file!().to_owned(), line)));
}

#[test]
fn a_lookup_says_where_it_was_begun() {
    let runtime = Builder::new().workers(1).build().unwrap();
    runtime.spawn(async move {
        loop {
            let _ = lookup_host("localhost:80").await;
        }
    });
    let line = line!() - 3;
    let at = waits_at(&runtime, Reason::IoWait);
    assert_eq!(at, Some((file!().to_owned(), line)));
}

#[test]
fn a_future_that_polls_an_alarm_by_hand_waits_where_it_does() {
    for ticks in [false, true] {
        let runtime = Builder::new().workers(1).build().unwrap();
        let long = Duration::from_secs(3600);
        runtime.spawn(async move {
            let (timer, ticker) = (time::after(long), time::tick(long));
            let mut wait = Box::pin(Wait::new());
            poll_fn(|cx| {
                // SAFETY: here and below: what is polled was there before `wait`, goes after it, and is
                // not moved.
                let ticked = ticks && unsafe { ticker.poll_fired(cx, wait.as_mut()) }.is_ready();
                // SAFETY: as above.
                let fired = !ticks && unsafe { timer.poll_fired(cx, wait.as_mut()) }.is_ready();
                if ticked || fired {
                    Poll::Ready(())
                } else {
                    Poll::Pending
                }
            })
            .await;
        });
        let line = if ticks { line!() - 11 } else { line!() - 9 };
        let at = waits_at(&runtime, Reason::SleepWait);
        assert_eq!(at, Some((file!().to_owned(), line)));
    }
}
