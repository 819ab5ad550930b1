//! Connecting to whatever has several addresses: Happy Eyeballs, as RFC 8305 has it.
//!
//! What must hold:
//!
//! * the families take turns, so that a way that is broken for one of them costs one head start and not one
//!   for each of its addresses;
//! * the next attempt begins when the last one has had its head start, or at once when one fails. Those
//!   that go on are not given up for it: whichever connects first has won;
//! * the attempts are part of one future, which has closed their sockets when it is over or dropped;
//! * one address takes no timer and no memory.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use crate::net::lookup::no_address;
use crate::time::timeout;

/// How long an attempt goes on before the next one begins beside it; what RFC 8305 recommends.
const HEAD_START: Duration = Duration::from_millis(250);

/// What the first attempt that succeeds gives, each begun by `begin`; the most telling error if none does.
pub(super) async fn first<T, F>(
    addrs: Vec<SocketAddr>,
    mut begin: impl FnMut(SocketAddr) -> F,
) -> io::Result<T>
where
    F: Future<Output = io::Result<T>>,
{
    if let [addr] = *addrs {
        return begin(addr).await;
    }
    let mut waiting = by_turns(addrs).into_iter();
    let mut attempts = Attempts(Vec::new());
    let mut failure = None;
    loop {
        match waiting.next() {
            Some(addr) => attempts.0.push(Box::pin(begin(addr))),
            None if attempts.0.is_empty() => return Err(failure.unwrap_or_else(no_address)),
            None => {}
        }
        let ended = match waiting.len() {
            0 => Some(attempts.next().await),
            _ => timeout(HEAD_START, attempts.next()).await.ok(),
        };
        match ended {
            Some(Ok(value)) => return Ok(value),
            Some(Err(error)) => failure = Some(more_telling(failure, error)),
            None => {}
        }
    }
}

/// The attempts that go on, the oldest first.
struct Attempts<F>(Vec<Pin<Box<F>>>);

impl<T, F: Future<Output = io::Result<T>>> Attempts<F> {
    /// Waits until one ends, and takes it out. There has to be one.
    async fn next(&mut self) -> io::Result<T> {
        poll_fn(|cx| {
            for (at, attempt) in self.0.iter_mut().enumerate() {
                if let Poll::Ready(result) = attempt.as_mut().poll(cx) {
                    // Its socket is closed if it has failed.
                    drop(self.0.remove(at));
                    return Poll::Ready(result);
                }
            }
            Poll::Pending
        })
        .await
    }
}

/// The addresses in the order in which they are tried: in that in which they came, but the families take
/// turns, and that of the first one begins.
fn by_turns(addrs: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let mut turns = Vec::with_capacity(addrs.len());
    let begins = addrs.first().map(SocketAddr::is_ipv4);
    let (mine, others): (Vec<_>, Vec<_>) = addrs
        .into_iter()
        .partition(|addr| Some(addr.is_ipv4()) == begins);
    let (mut mine, mut others) = (mine.into_iter(), others.into_iter());
    loop {
        let turn = [mine.next(), others.next()];
        if turn == [None, None] {
            return turns;
        }
        turns.extend(turn.into_iter().flatten());
    }
}

/// The one of two errors, of which `new` came later, that says more: what came back from elsewhere says more
/// than that this machine has no way there, as it is for one family where there is only the other.
fn more_telling(old: Option<io::Error>, new: io::Error) -> io::Error {
    let from_elsewhere = |error: &io::Error| {
        use ErrorKind::{ConnectionRefused, ConnectionReset, HostUnreachable, TimedOut};
        let kinds = [
            ConnectionRefused,
            ConnectionReset,
            HostUnreachable,
            TimedOut,
        ];
        kinds.contains(&error.kind())
    };
    match old {
        Some(old) if from_elsewhere(&old) && !from_elsewhere(&new) => old,
        _ => new,
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use std::cell::RefCell;
    use std::future::{pending, ready};
    use std::net::{Ipv4Addr, Ipv6Addr};
    use std::time::Instant;

    use super::*;
    use crate::runtime::Builder;
    use crate::time::sleep;

    /// Later than this is never.
    const NEVER: Duration = Duration::from_secs(20);

    fn v4(port: u16) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, port).into()
    }

    fn v6(port: u16) -> SocketAddr {
        (Ipv6Addr::LOCALHOST, port).into()
    }

    /// What comes of `first` where an attempt for an address is the future that `of` gives.
    fn race<F: Future<Output = io::Result<u16>>>(
        addrs: Vec<SocketAddr>,
        of: impl Fn(u16) -> F,
    ) -> io::Result<u16> {
        let runtime = Builder::new().workers(1).build().unwrap();
        let race = first(addrs, |addr| of(addr.port()));
        runtime.block_on(async { timeout(NEVER, race).await.expect("it ends") })
    }

    #[test]
    fn families_take_turns_and_that_of_the_first_address_begins() {
        assert_eq!(by_turns(vec![]), []);
        assert_eq!(by_turns(vec![v4(1)]), [v4(1)]);
        assert_eq!(by_turns(vec![v4(2), v4(1)]), [v4(2), v4(1)]);
        assert_eq!(
            by_turns(vec![v6(1), v6(2), v6(3), v4(4), v4(5)]),
            [v6(1), v4(4), v6(2), v4(5), v6(3)]
        );
        assert_eq!(
            by_turns(vec![v4(1), v6(2), v6(3), v6(4)]),
            [v4(1), v6(2), v6(3), v6(4)]
        );
        assert_eq!(by_turns(vec![v4(1), v4(2), v6(3)]), [v4(1), v6(3), v4(2)]);
    }

    #[test]
    fn what_comes_back_from_elsewhere_says_more_than_that_there_is_no_way_there() {
        use ErrorKind::{AddrNotAvailable, ConnectionRefused, NetworkUnreachable, TimedOut};
        for (errors, expected) in [
            (&[NetworkUnreachable][..], NetworkUnreachable),
            (&[NetworkUnreachable, AddrNotAvailable], AddrNotAvailable),
            (&[NetworkUnreachable, ConnectionRefused], ConnectionRefused),
            (&[ConnectionRefused, NetworkUnreachable], ConnectionRefused),
            (&[ConnectionRefused, TimedOut], TimedOut),
        ] {
            let ports = (0..errors.len()).map(|port| v4(port as u16)).collect();
            let error = race(ports, |port| ready(Err(errors[usize::from(port)].into())));
            assert_eq!(error.unwrap_err().kind(), expected, "{errors:?}");
        }
    }

    #[test]
    fn each_attempt_has_its_head_start_and_goes_on_beside_the_next() {
        let begun = RefCell::new(Vec::new());
        let start = Instant::now();
        let won = race(vec![v6(1), v6(2), v4(3), v4(4)], |port| {
            begun.borrow_mut().push((port, start.elapsed()));
            async move {
                match port {
                    // Longer than its own head start, and done before that of the third is over.
                    1 => sleep(HEAD_START * 5 / 2).await,
                    _ => pending().await,
                }
                Ok(port)
            }
        });
        assert_eq!(won.unwrap(), 1);
        let begun = begun.into_inner();
        let ports: Vec<_> = begun.iter().map(|&(port, _)| port).collect();
        // On a machine that stood still the fourth may have begun as well.
        assert_eq!(ports[..3], [1, 3, 2]);
        for (turn, &(_, at)) in (0..).zip(&begun) {
            assert!(at >= HEAD_START * turn, "{begun:?}");
        }
    }

    #[test]
    fn the_next_attempt_begins_at_once_when_one_fails() {
        // With head starts this would take 25 seconds.
        let ports = (1..=100).map(v4).collect();
        let start = Instant::now();
        let won = race(ports, |port| async move {
            match port {
                100 => Ok(port),
                // Fails a little later, while it is waited for.
                50 => {
                    sleep(Duration::from_millis(1)).await;
                    Err(ErrorKind::ConnectionRefused.into())
                }
                _ => Err(ErrorKind::ConnectionRefused.into()),
            }
        });
        assert_eq!(won.unwrap(), 100);
        assert!(start.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn nobody_who_has_failed_is_asked_again() {
        // An async block that is polled after its end panics.
        let error = race(vec![v4(1), v4(2), v4(3)], |port| async move {
            sleep(HEAD_START / u32::from(port)).await;
            Err::<u16, _>(io::Error::other(port.to_string()))
        });
        assert_eq!(error.unwrap_err().kind(), ErrorKind::Other);
    }
}
