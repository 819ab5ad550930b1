//! Sockets with a path instead of an address, for processes of one machine: std's, with async methods. The
//! halves of a `UnixStream`.

pub(super) mod datagram;
mod halves;
pub(super) mod listener;
pub(super) mod stream;

pub use self::halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
