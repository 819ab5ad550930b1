//! `TcpListener` and `TcpStream`: std's, with async methods.

mod listener;
mod stream;

pub use self::listener::TcpListener;
pub use self::stream::TcpStream;
