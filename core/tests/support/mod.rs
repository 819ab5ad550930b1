//! A runtime and a connection, one end of it std's, for the tests of TCP.

use std::future::Future;
use std::net::{self as std_net, Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chango_core::net::{TcpListener, TcpStream};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::yield_now;

/// Later than this is never.
pub(crate) const NEVER: Duration = Duration::from_secs(20);

pub(crate) fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// A stream of ours and its other side, a blocking one of std's.
pub(crate) async fn pair() -> (TcpStream, std_net::TcpStream) {
    let (listener, addr) = listen().await;
    let theirs = std_net::TcpStream::connect(addr).unwrap();
    let (ours, peer) = listener.accept().await.unwrap();
    assert_eq!(peer, theirs.local_addr().unwrap());
    (ours, theirs)
}

/// Bytes that tell where they belong.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

/// Polls once with a waker that does nothing.
pub(crate) fn poll_now<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Waits until `future` has been polled to the point where it waits, and beyond that for nothing.
pub(crate) async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}
