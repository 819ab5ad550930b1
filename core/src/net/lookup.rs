//! `lookup_host`: the system's resolver, away from the workers.
//!
//! The resolver blocks, for seconds if it has to, so it gets a thread of its own for each lookup.
//! What must hold: numeric addresses never start one, and a lookup whose future was dropped ends by
//! itself and wakes nobody.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};
use std::{fmt, thread, vec};

use super::addr::{Target, ToSocketAddrs};
use crate::coop;
use crate::note::{self, At, Position, Reason};
use crate::primitive::{Mutex, Rank};
use crate::util::foreign_waker::ForeignWaker;

/// The addresses behind a host name, in the order in which the system wants them tried.
///
/// The port is taken over into each. Numeric addresses need no lookup and are ready at once.
/// Dropping the future ends the wait.
///
/// # Errors
///
/// The resolver's, if there is no such name or no answer; `InvalidInput` for a text that is no
/// address; the system's, if it has no thread left for the lookup.
///
/// # Examples
///
/// ```
/// use chango_core::{net, runtime};
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let mut addresses = net::lookup_host("localhost:80").await?;
///     assert!(addresses.all(|address| address.ip().is_loopback() && address.port() == 80));
///     Ok::<(), std::io::Error>(())
/// })
/// # ?; Ok::<(), std::io::Error>(())
/// ```
#[track_caller]
pub fn lookup_host<A: ToSocketAddrs>(
    host: A,
) -> impl Future<Output = io::Result<vec::IntoIter<SocketAddr>>> {
    lookup_at(host, Location::caller())
}

/// The same, begun at `at`.
pub(super) async fn lookup_at<A: ToSocketAddrs>(
    host: A,
    at: Position,
) -> io::Result<vec::IntoIter<SocketAddr>> {
    match host.resolve() {
        Target::Known(addresses) => Ok(addresses.into_iter()),
        Target::Name(name, port) => Ok(Lookup::start(name, port, at)?.await?.into_iter()),
        Target::Invalid(error) => Err(error),
    }
}

/// Tries `f`, which does not wait, with each address until one succeeds; the last error if none does. It
/// was begun at `at`.
pub(super) async fn try_each<A: ToSocketAddrs, T>(
    addr: A,
    at: Position,
    f: impl FnMut(SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for tried in lookup_at(addr, at).await?.map(f) {
        match tried {
            Ok(value) => return Ok(value),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(no_address))
}

/// The error where there are no addresses.
pub(super) fn no_address() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "there is no address to try")
}

/// A lookup that is going on in its thread.
struct Lookup {
    answer: Arc<Mutex<Answer>>,
    at: Position,
}

struct Answer {
    result: Option<io::Result<Vec<SocketAddr>>>,
    waker: Option<ForeignWaker>,
}

/// How many lookups have threads. Not through `primitive`: a model has no statics.
static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);

/// A lookup until its thread has woken who waits for it.
struct UnderWay(());

impl UnderWay {
    fn new() -> Self {
        UNDER_WAY.fetch_add(1, Ordering::SeqCst);
        Self(())
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Whether a lookup is under way in this process, that will wake somebody.
pub(crate) fn looks_up() -> bool {
    UNDER_WAY.load(Ordering::SeqCst) > 0
}

impl Lookup {
    fn start(name: String, port: u16, at: Position) -> io::Result<Self> {
        let answer = Mutex::new(
            Rank::Leaf,
            Answer {
                result: None,
                waker: None,
            },
        );
        let answer = Arc::new(answer);
        let lookup = Self {
            answer: Arc::clone(&answer),
            at,
        };
        let under_way = UnderWay::new();
        thread::Builder::new()
            .name("chango-lookup".to_owned())
            .spawn(move || {
                let _under_way = under_way;
                let result = (name.as_str(), port)
                    .to_socket_addrs()
                    .map(Iterator::collect);
                let waker = {
                    let mut answer = answer.lock();
                    answer.result = Some(result);
                    answer.waker.take()
                };
                if let Some(waker) = waker {
                    waker.wake();
                }
            })?;
        Ok(lookup)
    }
}

impl Future for Lookup {
    type Output = io::Result<Vec<SocketAddr>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let waker = ForeignWaker::of(cx.waker());
        // What is left over of wakers is dropped once the lock is open.
        let (ready, _rest) = {
            let mut answer = self.answer.lock();
            match answer.result {
                None => (false, answer.waker.replace(waker)),
                Some(_) => (true, Some(waker)),
            }
        };
        if !ready {
            note::waits(Reason::IoWait, At::Here(self.at));
            return Poll::Pending;
        }
        ready!(coop::poll_proceed(cx));
        // Only this future takes the result; without one it was polled after it was ready.
        let result = self.answer.lock().result.take();
        Poll::Ready(result.unwrap_or_else(|| Err(io::Error::other("the lookup is over"))))
    }
}

impl Drop for Lookup {
    fn drop(&mut self) {
        let waker = self.answer.lock().waker.take();
        drop(waker);
    }
}

impl fmt::Debug for Lookup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookup").finish_non_exhaustive()
    }
}
