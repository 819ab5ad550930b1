//! Unix sockets against std's blocking ones, by situation.
#![cfg(unix)]

mod datagrams;
mod listeners;
mod streams;

use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use chango_core::net::{UnixDatagram, UnixListener, UnixStream};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::yield_now;
use futures_lite::future::block_on;

/// Later than this is never.
pub(crate) const NEVER: Duration = Duration::from_secs(20);

pub(crate) const MOMENT: Duration = Duration::from_millis(10);

pub(crate) fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// A path where no file is yet, in a directory that goes with it.
pub(crate) struct Place(pub(crate) PathBuf);

impl Place {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chango-unix-{}-{count}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self(dir.join("socket"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

impl AsRef<Path> for Place {
    fn as_ref(&self) -> &Path {
        &self.0
    }
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

pub(crate) async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[test]
fn sockets_and_their_futures_can_move_between_threads() {
    fn send_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: T) {}
    send_sync::<UnixListener>();
    send_sync::<UnixStream>();
    send_sync::<UnixDatagram>();
    send(UnixStream::connect("nowhere"));
    send(async {
        let (stream, _) = UnixListener::bind("").unwrap().accept().await.unwrap();
        stream.read(&mut [0]).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        stream.write_all(b"").await.unwrap();
        let (socket, _) = UnixDatagram::pair().unwrap();
        socket.send_to(b"", "nowhere").await.unwrap();
        socket.recv_from(&mut [0]).await.unwrap();
    });
}

#[test]
fn a_socket_outside_every_runtime_panics_and_leaves_no_file() {
    let place = Place::new();
    for make in [
        (|place: &Place| drop(UnixListener::bind(place))) as fn(&Place),
        |place| drop(UnixDatagram::bind(place)),
        |_| drop(UnixStream::pair()),
        |place| drop(block_on(UnixStream::connect(place))),
    ] {
        let panic = std::panic::catch_unwind(|| make(&place)).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(
            message.contains("run!") && message.contains("Handle::enter"),
            "{message}"
        );
        assert!(!place.as_ref().exists());
    }
}
