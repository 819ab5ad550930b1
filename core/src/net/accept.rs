//! Accepting connections, whatever they are.
//!
//! What must hold: an `accept` ends with an error only where the listener itself is broken or
//! closed. A connection that went away before it was accepted is passed over, and where the system
//! has no descriptor left the listener waits a little and goes on.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use futures_lite::{Stream, stream};

use super::kind::Kind;
use super::socket::{Direction, Socket};
use crate::netpoll::Step;
use crate::note::{At, Position};
use crate::time::{Sleep, sleep_at};

/// How long an `accept` waits first when there is no descriptor for the connection.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// How long it waits at most; a listener that is closed meanwhile is noticed that late.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

impl<S: Kind> Socket<S> {
    /// Waits for a connection, which `accept` takes: its socket and the address of the other side. It
    /// was begun at `at`.
    pub(super) async fn accept_at<T: Kind, A>(
        &self,
        at: Position,
        accept: impl Fn(&S) -> io::Result<(T, A)>,
    ) -> io::Result<(Socket<T>, A)> {
        let mut pause = FIRST_PAUSE;
        loop {
            match self.take_up(self.operate(Direction::Read, at, &accept).await) {
                Ok(accepted) => return Ok(accepted),
                Err(Fault::Connection) => continue,
                Err(Fault::Shortage) => sleep_at(pause, at).await,
                Err(Fault::Listener(error)) => return Err(error),
            }
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// The connections as they come. Who waits for the next has no ticket: the stream may lie unpolled between two
    /// of them, and would keep to itself that it was woken.
    pub(super) fn incoming_at<T: Kind, A>(
        &self,
        at: Position,
        accept: impl Fn(&S) -> io::Result<(T, A)> + Send,
    ) -> impl Stream<Item = io::Result<Socket<T>>> + Send {
        let mut pause = FIRST_PAUSE;
        let mut resting: Option<Pin<Box<Sleep>>> = None;
        stream::poll_fn(move |cx| {
            loop {
                if let Some(sleep) = &mut resting {
                    ready!(sleep.as_mut().poll(cx));
                    resting = None;
                }
                let accept = |source: &S| accept(source).map(Step::last);
                let accepted = self.poll_operate(Direction::Read, true, At::Here(at), cx, accept);
                match self.take_up(ready!(accepted)) {
                    Ok((socket, _)) => {
                        pause = FIRST_PAUSE;
                        return Poll::Ready(Some(Ok(socket)));
                    }
                    Err(Fault::Connection) => {}
                    Err(Fault::Shortage) => {
                        resting = Some(Box::pin(sleep_at(pause, at)));
                        pause = LONGEST_PAUSE.min(pause * 2);
                    }
                    Err(Fault::Listener(error)) => return Poll::Ready(Some(Err(error))),
                }
            }
        })
    }

    /// What an `accept` has come to: the socket, or whose fault it is that there is none.
    fn take_up<T: Kind, A>(&self, accepted: io::Result<(T, A)>) -> Result<(Socket<T>, A), Fault> {
        let (source, peer) = accepted.map_err(fault)?;
        match Socket::new(source, self.netpoll()) {
            Ok(socket) => Ok((socket, peer)),
            // The runtime has shut down.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => {
                Err(Fault::Listener(error))
            }
            // There is no room for it in the system's poll, and it is given up.
            Err(_) => Err(Fault::Shortage),
        }
    }
}

/// Whose fault an error of `accept` is.
enum Fault {
    /// That of the connection, which is gone.
    Connection,
    /// The system's, which is out of something that comes back.
    Shortage,
    /// That of the listener, which ends the operation.
    Listener(io::Error),
}

fn fault(error: io::Error) -> Fault {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable,
        OutOfMemory,
    };
    // No kind of std's stands for "too many open files": 23 and 24, in the system and in the
    // process, on every Unix; on Windows 10024. None of them is another error of `accept` elsewhere.
    const TOO_MANY_FILES: [i32; 3] = [23, 24, 10024];
    match error.kind() {
        // Linux hands errors of the network that the new connection met over to `accept`.
        ConnectionAborted | ConnectionReset | HostUnreachable | NetworkDown
        | NetworkUnreachable => Fault::Connection,
        OutOfMemory => Fault::Shortage,
        _ if error
            .raw_os_error()
            .is_some_and(|code| TOO_MANY_FILES.contains(&code)) =>
        {
            Fault::Shortage
        }
        _ => Fault::Listener(error),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::net;
    use std::panic::Location;
    use std::pin::pin;
    use std::sync::Mutex;
    use std::time::Instant;

    use futures_lite::StreamExt;

    use super::*;
    use crate::net::socket::current_netpoll;
    use crate::runtime::Builder;
    use crate::time::timeout;

    /// Later than this is never.
    const NEVER: Duration = Duration::from_secs(20);

    /// What comes of an `accept` to which the system gives these errors before there is a connection, and
    /// how many of them were left.
    fn accept(errors: &[io::Error]) -> (io::Result<()>, usize) {
        let both = [false, true].map(|streams| accept_or_next(errors, streams));
        let [(one, left), (next, rest)] = both;
        assert_eq!(
            (one.is_ok(), left),
            (next.is_ok(), rest),
            "{one:?}, {next:?}"
        );
        (one, left)
    }

    /// The same, of an `accept` or of the next one of a stream of connections.
    fn accept_or_next(errors: &[io::Error], streams: bool) -> (io::Result<()>, usize) {
        let runtime = Builder::new().workers(1).build().unwrap();
        runtime.block_on(async {
            let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.set_nonblocking(true).unwrap();
            let _client = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let listener = mio::net::TcpListener::from_std(listener);
            let socket = Socket::new(listener, &current_netpoll("a test")).unwrap();
            let left = Mutex::new(errors.iter());
            let accept = |source: &mio::net::TcpListener| match left.lock().unwrap().next() {
                Some(error) => Err(match error.raw_os_error() {
                    Some(code) => io::Error::from_raw_os_error(code),
                    None => error.kind().into(),
                }),
                None => source.accept(),
            };
            let accepted = async {
                if streams {
                    let mut incoming = pin!(socket.incoming_at(Location::caller(), accept));
                    incoming.next().await.expect("it has no end").map(drop)
                } else {
                    socket.accept_at(Location::caller(), accept).await.map(drop)
                }
            };
            let accepted = timeout(NEVER, accepted).await.expect("it ends");
            (accepted, left.into_inner().unwrap().len())
        })
    }

    #[test]
    fn what_is_wrong_with_a_connection_or_with_the_system_does_not_end_an_accept() {
        use io::ErrorKind::{
            ConnectionAborted, ConnectionReset, HostUnreachable, Interrupted, NetworkDown,
            NetworkUnreachable, OutOfMemory,
        };
        for kind in [
            ConnectionAborted,
            ConnectionReset,
            HostUnreachable,
            NetworkDown,
            NetworkUnreachable,
            OutOfMemory,
            Interrupted,
        ] {
            let errors: [io::Error; 2] = [kind.into(), kind.into()];
            let (accepted, left) = accept(&errors);
            assert!(accepted.is_ok() && left == 0, "{kind:?}: {accepted:?}");
        }
        // Too many files, in the process and in the system.
        let errors = [24, 23].map(io::Error::from_raw_os_error);
        let (accepted, left) = accept(&errors);
        assert!(accepted.is_ok() && left == 0, "{accepted:?}");
    }

    #[test]
    fn what_is_wrong_with_the_listener_ends_it() {
        for kind in [io::ErrorKind::InvalidInput, io::ErrorKind::PermissionDenied] {
            let errors: [io::Error; 2] = [kind.into(), kind.into()];
            let (accepted, left) = accept(&errors);
            assert_eq!((accepted.unwrap_err().kind(), left), (kind, 1));
        }
    }

    #[test]
    fn where_files_are_short_a_listener_rests_between_its_attempts() {
        for streams in [false, true] {
            let errors: Vec<_> = (0..6).map(|_| io::Error::from_raw_os_error(24)).collect();
            let start = Instant::now();
            let (accepted, left) = accept_or_next(&errors, streams);
            assert!(accepted.is_ok() && left == 0, "{accepted:?}");
            let rests = [1, 2, 4, 8, 16, 20].map(|times| FIRST_PAUSE * times);
            assert!(start.elapsed() >= rests.iter().sum(), "it has not rested");
        }
    }
}
