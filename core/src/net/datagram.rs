//! What sockets for messages have in common: `UdpSocket` and `UnixDatagram`.
//!
//! What must hold: of an operation that is dropped nothing has happened.

use std::io;

use super::kind::Messages;
use super::socket::{Direction, Socket};
use crate::note::Position;

/// The operations, begun by the program at `at`.
impl<S: Messages> Socket<S> {
    pub(super) async fn send_message_at(&self, message: &[u8], at: Position) -> io::Result<usize> {
        self.operate(Direction::Write, at, |source| {
            Messages::send(source, message)
        })
        .await
    }

    pub(super) async fn recv_message_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> io::Result<usize> {
        self.operate(Direction::Read, at, |source| Messages::recv(source, buffer))
            .await
    }

    pub(super) async fn peek_message_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> io::Result<usize> {
        self.operate(Direction::Read, at, |source| Messages::peek(source, buffer))
            .await
    }
}

/// The methods of a socket that is connected. `$setup` is the beginning of their examples: it makes
/// `runtime`, `socket`, and `peer`, one of std's that it is connected with.
macro_rules! datagram_methods {
    ($type:ident, $setup:literal) => {
        impl $type {
            /// Sends a message to the other side that the socket is connected with; how long it was.
            ///
            /// A message is sent as a whole or not at all; a dropped future has sent nothing.
            ///
            /// # Errors
            ///
            /// The system's, if the message is too long or the socket not connected for example;
            /// `NotConnected` once the socket is closed here or the runtime has shut down.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            ///
            /// assert_eq!(runtime.block_on(socket.send(b"hello"))?, 5);
            /// let mut buffer = [0; 64];
            /// assert_eq!(peer.recv(&mut buffer)?, 5);
            /// assert_eq!(&buffer[..5], b"hello");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn send(&self, message: &[u8]) -> impl Future<Output = io::Result<usize>> {
                self.socket.send_message_at(message, Location::caller())
            }

            /// Waits for a message and takes it; how long it was. What does not fit into the buffer is
            /// lost.
            ///
            /// Dropping the future loses no message.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the socket is closed here or the runtime has shut
            /// down.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            ///
            /// peer.send(b"hello")?;
            /// let mut buffer = [0; 64];
            /// let len = runtime.block_on(socket.recv(&mut buffer))?;
            /// assert_eq!(&buffer[..len], b"hello");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn recv(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
                self.socket.recv_message_at(buffer, Location::caller())
            }

            /// Waits for a message and copies it, without taking it away; how much that was.
            ///
            /// # Errors
            ///
            /// As for [`recv`](Self::recv).
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            ///
            /// peer.send(b"hello")?;
            /// for _ in 0..2 {
            ///     let mut buffer = [0; 64];
            ///     let len = runtime.block_on(socket.peek(&mut buffer))?;
            ///     assert_eq!(&buffer[..len], b"hello");
            /// }
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn peek(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
                self.socket.peek_message_at(buffer, Location::caller())
            }
        }
    };
}

pub(super) use datagram_methods;
