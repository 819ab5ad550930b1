//! Accepting connections, whatever they are.
//!
//! What must hold: an `accept` ends with an error only where the listener itself is broken or
//! closed. A connection that went away before it was accepted is passed over, and where the system
//! has no descriptor left the listener waits a little and goes on.

use std::io;
use std::time::Duration;

use super::kind::Kind;
use super::socket::{Direction, Socket};
use crate::note::Position;
use crate::time::sleep_at;

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
            match self.operate(Direction::Read, at, &accept).await {
                Ok((source, peer)) => return Ok((Socket::new(source, self.netpoll())?, peer)),
                Err(error) => match fault(&error) {
                    Fault::Connection => {}
                    Fault::Shortage => {
                        sleep_at(pause, at).await;
                        pause = LONGEST_PAUSE.min(pause * 2);
                    }
                    Fault::Listener => return Err(error),
                },
            }
        }
    }
}

/// Whose fault an error of `accept` is.
enum Fault {
    /// That of the connection, which is gone.
    Connection,
    /// The system's, which is out of something that comes back.
    Shortage,
    /// That of the listener.
    Listener,
}

fn fault(error: &io::Error) -> Fault {
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
        _ => Fault::Listener,
    }
}
