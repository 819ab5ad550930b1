//! The waiting futures: how a send and a receive wait, and what becomes of the value if they stop.

pub(crate) mod recv;
pub(crate) mod send;

pub use self::recv::RecvFuture;
pub use self::send::SendFuture;
