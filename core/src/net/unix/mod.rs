//! Sockets with a path instead of an address, for processes of one machine: std's, with async methods.

mod datagram;
mod listener;
mod stream;

pub use self::datagram::UnixDatagram;
pub use self::listener::UnixListener;
pub use self::stream::UnixStream;
