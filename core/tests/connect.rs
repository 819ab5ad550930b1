//! Connecting, by situation: several addresses, some of which refuse and some of which never answer.
#![allow(missing_docs)]

use std::io::ErrorKind;
use std::net::{self as std_net, IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use chango_core::net::TcpStream;
use chango_core::runtime::{Builder, Handle};
use chango_core::spawn::spawn;
use chango_core::time::{sleep, timeout};
use socket2::{Domain, Socket, Type};

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

fn listen() -> (std_net::TcpListener, SocketAddr) {
    let listener = std_net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// An address at which nobody listens, and which nobody else gets meanwhile.
struct Refuses {
    _bound: Socket,
    addr: SocketAddr,
}

impl Refuses {
    fn new() -> Self {
        let bound = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        bound.bind(&any.into()).unwrap();
        let addr = bound.local_addr().unwrap().as_socket().unwrap();
        Self {
            _bound: bound,
            addr,
        }
    }
}

/// A listener that answers nobody, since its queue, of one place, is full.
struct Silent {
    listener: Socket,
    addr: SocketAddr,
    _in_its_queue: std_net::TcpStream,
}

impl Silent {
    fn new() -> Self {
        let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        listener.bind(&any.into()).unwrap();
        listener.listen(0).unwrap();
        let addr = listener.local_addr().unwrap().as_socket().unwrap();
        let first = std_net::TcpStream::connect(addr).unwrap();
        Self {
            listener,
            addr,
            _in_its_queue: first,
        }
    }

    /// From now on it answers the next one.
    fn makes_room(&self) {
        drop(self.listener.accept().unwrap());
    }
}

/// Runs a test, which gets a handle of its runtime.
fn run(workers: usize, test: impl AsyncFnOnce(Handle)) {
    let runtime = Builder::new().workers(workers).build().unwrap();
    runtime.block_on(test(runtime.handle()));
}

/// Waits until so many sockets are open.
async fn until_open(handle: &Handle, sockets: usize) {
    let start = Instant::now();
    while handle.metrics().files() != sockets {
        assert!(
            start.elapsed() < NEVER,
            "in vain waited for {sockets} sockets"
        );
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn who_does_not_answer_keeps_nobody_waiting_and_is_given_up_when_another_one_does() {
    for workers in [1, 2] {
        run(workers, async |handle| {
            let (silent, (_listener, addr)) = (Silent::new(), listen());
            let connect = TcpStream::connect([silent.addr, addr]);
            let stream = timeout(NEVER, connect).await.expect("it connects").unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addr);
            assert_eq!(handle.metrics().files(), 1);
        });
    }
}

#[test]
fn who_answers_late_wins_over_those_who_began_later_and_do_not() {
    run(2, async |handle| {
        let (late, never) = (Silent::new(), Silent::new());
        let addrs = [late.addr, never.addr];
        let connect = spawn(async move { TcpStream::connect(addrs).await });
        until_open(&handle, 2).await;
        // The system asks again after a second.
        late.makes_room();
        let stream = timeout(NEVER, connect).await.expect("it connects");
        let stream = stream.unwrap().unwrap();
        assert_eq!(stream.peer_addr().unwrap(), late.addr);
        assert_eq!(handle.metrics().files(), 1);
    });
}

#[test]
fn a_connect_that_is_given_up_closes_all_its_sockets() {
    run(1, async |handle| {
        let silent = [Silent::new(), Silent::new(), Silent::new()];
        let addrs = silent.each_ref().map(|silent| silent.addr);
        let connect = spawn(async move { TcpStream::connect(addrs).await.map(drop) });
        until_open(&handle, addrs.len()).await;
        connect.abort();
        assert!(connect.await.unwrap_err().is_aborted());
        assert_eq!(handle.metrics().files(), 0);
    });
}

#[test]
fn who_refuses_keeps_nobody_waiting() {
    run(1, async |_| {
        // With a head start for each this would take 25 seconds.
        let refuse: Vec<_> = (0..100).map(|_| Refuses::new()).collect();
        let mut addrs: Vec<_> = refuse.iter().map(|one| one.addr).collect();
        let (_listener, addr) = listen();
        addrs.push(addr);
        let start = Instant::now();
        let stream = TcpStream::connect(&*addrs).await.unwrap();
        assert!(start.elapsed() < Duration::from_secs(10));
        assert_eq!(stream.peer_addr().unwrap(), addr);
    });
}

#[test]
fn where_nobody_can_be_reached_the_error_says_why() {
    run(1, async |handle| {
        let refuses = Refuses::new();
        let error = TcpStream::connect([refuses.addr; 2]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        // The network is no host: the system refuses by itself, and that is not what is told.
        let nowhere = SocketAddr::from((Ipv4Addr::BROADCAST, 1));
        let alone = TcpStream::connect(nowhere).await.unwrap_err();
        assert_ne!(alone.kind(), ErrorKind::ConnectionRefused);
        for addrs in [[refuses.addr, nowhere], [nowhere, refuses.addr]] {
            let error = TcpStream::connect(addrs).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionRefused, "{addrs:?}");
        }
        assert_eq!(handle.metrics().files(), 0);
    });
}

#[test]
fn one_family_is_enough() {
    if std_net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_err() {
        eprintln!("there is no IPv6 here");
        return;
    }
    run(1, async |_| {
        for family in [
            IpAddr::from(Ipv4Addr::LOCALHOST),
            Ipv6Addr::LOCALHOST.into(),
        ] {
            let listener = std_net::TcpListener::bind((family, 0)).unwrap();
            let addr: SocketAddr = listener.local_addr().unwrap();
            let port = addr.port();
            let both = [
                SocketAddr::from((Ipv6Addr::LOCALHOST, port)),
                SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
            ];
            let stream = TcpStream::connect(both).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addr);
        }
    });
}

#[test]
fn a_connect_with_a_timeout_ends_by_then_and_says_so() {
    run(1, async |handle| {
        let silent = Silent::new();
        let start = Instant::now();
        let patience = Duration::from_millis(20);
        let connect = TcpStream::connect_timeout(&silent.addr, patience);
        let error = timeout(NEVER, connect).await.unwrap().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(start.elapsed() >= patience);
        assert_eq!(handle.metrics().files(), 0);

        let (_listener, addr) = listen();
        let error = TcpStream::connect_timeout(&addr, Duration::ZERO).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::InvalidInput);
        let refuses = Refuses::new();
        let error = TcpStream::connect_timeout(&refuses.addr, NEVER).await;
        assert_eq!(error.unwrap_err().kind(), ErrorKind::ConnectionRefused);
        let stream = TcpStream::connect_timeout(&addr, Duration::MAX).await;
        assert_eq!(stream.unwrap().peer_addr().unwrap(), addr);
    });
}

#[test]
fn the_futures_can_move_between_threads() {
    fn send<T: Send>(_: T) {}
    send(TcpStream::connect("localhost:1"));
    send(TcpStream::connect([listen().1; 2]));
    // The address is not borrowed for longer than the call.
    let kept = {
        let addr = listen().1;
        TcpStream::connect_timeout(&addr, NEVER)
    };
    send(kept);
}
