//! `TcpListener` and `TcpStream`: std's, with async methods. The halves of a `TcpStream`.

mod connect;
mod halves;
pub(super) mod listener;
mod options;
pub(super) mod stream;

pub use self::halves::{OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
