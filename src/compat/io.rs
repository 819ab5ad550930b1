//! `Io`: a stream of one world, with the traits of the other.
//!
//! What must hold: nothing is buffered here, so none of the two loses a byte when a read or write is dropped;
//! a wrapped stream sees no memory that is not initialised, and what it says to have read is held against
//! the room that there was.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use ::tokio::io as tokio_io;
use ::tokio::io::ReadBuf;

/// A stream of chango's as one of tokio's, and the other way round.
///
/// Around what has `AsyncRead`, `AsyncBufRead` and `AsyncWrite` of `futures` (which are those of `futures-lite`),
/// as [`TcpStream`](crate::net::TcpStream) and `UnixStream` do, it has those of tokio, and
/// around what has those of tokio it has those of `futures`. `AsyncWriteExt::shutdown` is `close`, that is, the end of the
/// writing. Vectored writes are passed on.
///
/// A stream belongs to the runtime in which it was made and is woken by it, wherever it is used: a task of
/// tokio's may read from one of chango's. One of tokio's needs its context only where it is made.
///
/// # Examples
///
/// What is written for tokio, on a connection of chango's:
///
/// ```
/// use chango::compat::Io;
/// use chango::net::{TcpListener, TcpStream};
/// use chango::prelude::*;
/// use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
///
/// # #[chango::main]
/// # async fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0").await?;
/// let mut client = Io::new(TcpStream::connect(listener.local_addr()?).await?);
/// let (server, _) = listener.accept().await?;
///
/// client.write_all(b"hello\n").await?;
/// let mut line = String::new();
/// BufReader::new(Io::new(server)).read_line(&mut line).await?;
/// assert_eq!(line, "hello\n");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Io<T>(T);

impl<T> Io<T> {
    /// Wraps a stream; the other methods give it back.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango::compat::Io;
    ///
    /// let mut io = Io::new(&b"bytes"[..]);
    /// *io.get_mut() = b"others";
    /// assert_eq!(io.get_ref(), b"others");
    /// assert_eq!(io.into_inner(), b"others");
    /// ```
    pub const fn new(stream: T) -> Self {
        Self(stream)
    }

    /// The stream.
    pub const fn get_ref(&self) -> &T {
        &self.0
    }

    /// The stream.
    pub const fn get_mut(&mut self) -> &mut T {
        &mut self.0
    }

    /// The stream, unwrapped.
    pub fn into_inner(self) -> T {
        self.0
    }

    fn pinned(self: Pin<&mut Self>) -> Pin<&mut T> {
        // SAFETY: the stream is pinned with the whole: there is no `Drop`, only an `Io` of an `Unpin` stream is
        // `Unpin`, and what moves it out takes an `Io` that is not pinned.
        unsafe { self.map_unchecked_mut(|this| &mut this.0) }
    }
}

impl<T: futures_lite::AsyncRead> tokio_io::AsyncRead for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // Zeroed where it is not initialised yet: the stream may look at it.
        let room = buffer.initialize_unfilled();
        let length = room.len();
        let read = ready!(self.pinned().poll_read(cx, room))?;
        assert!(read <= length, "a stream that has read more than it could");
        buffer.advance(read);
        Poll::Ready(Ok(()))
    }
}

impl<T: futures_lite::AsyncBufRead> tokio_io::AsyncBufRead for Io<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.pinned().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.pinned().consume(amount);
    }
}

impl<T: futures_lite::AsyncWrite> tokio_io::AsyncWrite for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pinned().poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pinned().poll_write_vectored(cx, buffers)
    }

    /// The traits of `futures` do not say. All sockets can, and a stream that cannot writes the first buffer.
    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(self.pinned().poll_close(cx)) {
            // The other side has ended the connection already. tokio's own streams say the same.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            result => Poll::Ready(result),
        }
    }
}

impl<T: tokio_io::AsyncRead> futures_lite::AsyncRead for Io<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let length = buffer.len();
        let mut room = ReadBuf::new(buffer);
        ready!(self.pinned().poll_read(cx, &mut room))?;
        let read = room.filled().len();
        // It may have put another buffer in the place of this one.
        assert!(read <= length, "a stream that has read more than it could");
        Poll::Ready(Ok(read))
    }
}

impl<T: tokio_io::AsyncBufRead> futures_lite::AsyncBufRead for Io<T> {
    fn poll_fill_buf(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        self.pinned().poll_fill_buf(cx)
    }

    fn consume(self: Pin<&mut Self>, amount: usize) {
        self.pinned().consume(amount);
    }
}

impl<T: tokio_io::AsyncWrite> futures_lite::AsyncWrite for Io<T> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.pinned().poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.pinned().poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_flush(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.pinned().poll_shutdown(cx)
    }
}
