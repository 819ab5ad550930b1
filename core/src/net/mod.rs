//! Sockets as goroutines see them: one goroutine a connection, in blocking style.
//!
//! std's sockets with async methods, over the netpoller. What must hold for every operation:
//!
//! * it is tried first and waits only if it would block; an interrupted system call is made again;
//! * the future of a read or write that is dropped has taken or sent nothing that it did not report,
//!   where its docs do not say otherwise;
//! * `read`, `write` and the rest take `&self`: a socket can be shared, and closed from anywhere.
//!   Closing it gives the descriptor back at once and ends the waiting of others with an error of
//!   kind [`NotConnected`](std::io::ErrorKind::NotConnected);
//! * `set_read_deadline` and `set_write_deadline` are Go's: a moment, from which on operations of that
//!   direction end with an error of kind [`TimedOut`](std::io::ErrorKind::TimedOut), whoever waits.
//!
//! Options are set by methods of their own; for those that have none, or that come before `bind`, the socket is made
//! by socket2 and taken over by `from_std`.
//!
//! A socket is a pointer; what it leads to takes 160 bytes beside what the system keeps, and 16 in the
//! netpoller. With the goroutine that waits for it, whose size depends on what it does, a connection of an echo
//! server takes some half a KiB.
//!
//! A socket belongs to the runtime in which it was made. When that runtime has shut down, what would
//! wait gives an error instead.

mod addr;
mod lookup;

mod deadline;
mod kind;
mod methods;
mod socket;

mod accept;
mod halves;
mod stream;
pub mod tcp;

mod datagram;
mod udp;

#[cfg(unix)]
pub mod unix;

pub use self::addr::ToSocketAddrs;
pub(crate) use self::lookup::looks_up;
pub use self::lookup::lookup_host;
pub use self::tcp::listener::TcpListener;
pub use self::tcp::stream::TcpStream;
pub use self::udp::UdpSocket;
#[cfg(unix)]
pub use self::unix::datagram::UnixDatagram;
#[cfg(unix)]
pub use self::unix::listener::UnixListener;
#[cfg(unix)]
pub use self::unix::stream::UnixStream;
