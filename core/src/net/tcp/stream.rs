//! `TcpStream`: a connection, read and written by `&self`.
//!
//! What must hold: of a `read`, `peek` or `write` that is dropped nothing has happened; of the
//! operations made of several of these, what their docs say.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{self, Shutdown, SocketAddr};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_lite::{AsyncRead, AsyncWrite};

use crate::net::ToSocketAddrs;
use crate::net::lookup::for_each;
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::netpoll::Netpoll;
use crate::note::Position;
use crate::primitive::sync::Arc;

/// How much `read_to_end` reads at once.
const CHUNK: usize = 16 * 1024;

/// A TCP connection. (Go: `net.TCPConn`.)
///
/// All methods take `&self`, so a stream can be shared: one goroutine may read while another
/// writes. Operations of the same direction at the same time are safe, but what each of them gets is
/// anyone's guess. The stream also has `AsyncRead` and `AsyncWrite`, as has `&TcpStream`.
///
/// Dropping it, or [`close`](TcpStream::close), closes the connection.
///
/// # Examples
///
/// See [`TcpListener`](super::TcpListener).
///
/// # Examples
///
/// ```
/// use chango_core::net::{TcpListener, TcpStream};
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, peer) = listener.accept().await?;
///     assert_eq!(peer, client.local_addr()?);
///     client.write_all(b"ping").await?;
///     let mut bytes = [0; 4];
///     server.read_exact(&mut bytes).await?;
///     assert_eq!(&bytes, b"ping");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TcpStream {
    socket: Socket<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to `addr`. If it stands for several addresses, they are tried one after the other.
    ///
    /// # Errors
    ///
    /// The system's for the last address tried, and those of [`lookup_host`](crate::net::lookup_host).
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// assert_eq!(stream.peer_addr()?, server.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(addr: A) -> impl Future<Output = io::Result<Self>> {
        let at = Location::caller();
        for_each(addr, at, async move |addr| {
            Self::connect_one(addr, at).await
        })
    }

    async fn connect_one(addr: SocketAddr, at: Position) -> io::Result<Self> {
        let netpoll = current_netpoll("TcpStream::connect");
        let stream = Self::new(mio::net::TcpStream::connect(addr)?, &netpoll)?;
        let connected = stream.socket.operate(Direction::Write, at, is_connected);
        connected.await?;
        Ok(stream)
    }

    /// Takes over a stream of std's.
    ///
    /// # Errors
    ///
    /// The system's, if the socket cannot be made one that does not block.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let handle = runtime.handle();
    /// let _entered = handle.enter();
    /// let stream = std::net::TcpStream::connect(server.local_addr()?)?;
    /// let stream = TcpStream::from_std(stream)?;
    /// # drop(stream);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn from_std(stream: net::TcpStream) -> io::Result<Self> {
        let netpoll = current_netpoll("a TcpStream");
        stream.set_nonblocking(true)?;
        let source = mio::net::TcpStream::from_std(stream);
        Self::new(source, &netpoll)
    }

    /// A stream of mio's, registered with `netpoll`.
    pub(super) fn new(source: mio::net::TcpStream, netpoll: &Arc<Netpoll>) -> io::Result<Self> {
        let socket = Socket::new(source, netpoll)?;
        Ok(Self { socket })
    }

    /// Waits for bytes and reads what is there, at most `buffer.len()`. Zero: the other side has
    /// ended its writing, or the buffer is empty.
    ///
    /// Dropping the future loses no byte.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed here or the runtime has shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// peer.write_all(b"hello")?;
    /// let mut buffer = [0; 64];
    /// let read = runtime.block_on(stream.read(&mut buffer))?;
    /// assert_eq!(&buffer[..read], b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        self.read_at(buffer, Location::caller())
    }

    async fn read_at(&self, buffer: &mut [u8], at: Position) -> io::Result<usize> {
        self.socket
            .operate(Direction::Read, at, |mut source| source.read(buffer))
            .await
    }

    /// Reads until the buffer is full.
    ///
    /// A dropped future has read a part of it, and does not say how much.
    ///
    /// # Errors
    ///
    /// `UnexpectedEof` if the other side ends its writing before; else as for
    /// [`read`](TcpStream::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// peer.write_all(b"hello")?;
    /// let mut buffer = [0; 4];
    /// runtime.block_on(stream.read_exact(&mut buffer))?;
    /// assert_eq!(&buffer, b"hell");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn read_exact(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> {
        self.read_exact_at(buffer, Location::caller())
    }

    async fn read_exact_at(&self, mut buffer: &mut [u8], at: Position) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.read_at(buffer, at).await? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => buffer = &mut buffer[read..],
            }
        }
        Ok(())
    }

    /// Reads until the other side ends its writing, and adds it to `buffer`; how much that was.
    ///
    /// What a dropped future has read is in the buffer.
    ///
    /// # Errors
    ///
    /// As for [`read`](TcpStream::read); what was read before is in the buffer.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// peer.write_all(b"hello")?;
    /// drop(peer);
    /// let mut buffer = Vec::new();
    /// runtime.block_on(stream.read_to_end(&mut buffer))?;
    /// assert_eq!(buffer, b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn read_to_end(&self, buffer: &mut Vec<u8>) -> impl Future<Output = io::Result<usize>> {
        self.read_to_end_at(buffer, Location::caller())
    }

    async fn read_to_end_at(&self, buffer: &mut Vec<u8>, at: Position) -> io::Result<usize> {
        let start = buffer.len();
        // By way of a chunk: read straight into the buffer, a future that is dropped in between
        // would leave room behind what was read that holds nothing.
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.read_at(&mut chunk, at).await? {
                0 => return Ok(buffer.len() - start),
                read => buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }

    /// Waits for bytes and copies what is there, without taking it away.
    ///
    /// # Errors
    ///
    /// As for [`read`](TcpStream::read).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Write;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// peer.write_all(b"hello")?;
    /// let mut first = [0];
    /// runtime.block_on(stream.peek(&mut first))?;
    /// assert_eq!(&first, b"h");
    /// runtime.block_on(stream.read_exact(&mut first))?;
    /// assert_eq!(&first, b"h");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn peek(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
        self.peek_at(buffer, Location::caller())
    }

    async fn peek_at(&self, buffer: &mut [u8], at: Position) -> io::Result<usize> {
        self.socket
            .operate(Direction::Read, at, |source| source.peek(buffer))
            .await
    }

    /// Waits for room and writes what fits of `buffer`; how much that was.
    ///
    /// A dropped future has written nothing.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed here or the runtime has shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// let written = runtime.block_on(stream.write(b"hello"))?;
    /// let mut buffer = vec![0; written];
    /// peer.read_exact(&mut buffer)?;
    /// assert!(b"hello".starts_with(&buffer));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn write(&self, buffer: &[u8]) -> impl Future<Output = io::Result<usize>> {
        self.write_at(buffer, Location::caller())
    }

    async fn write_at(&self, buffer: &[u8], at: Position) -> io::Result<usize> {
        self.socket
            .operate(Direction::Write, at, |mut source| source.write(buffer))
            .await
    }

    /// Writes all of `buffer`.
    ///
    /// A dropped future has written a part of it, and does not say how much.
    ///
    /// # Errors
    ///
    /// As for [`write`](TcpStream::write).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::Read;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// runtime.block_on(stream.write_all(b"hello"))?;
    /// let mut buffer = [0; 5];
    /// peer.read_exact(&mut buffer)?;
    /// assert_eq!(&buffer, b"hello");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn write_all(&self, buffer: &[u8]) -> impl Future<Output = io::Result<()>> {
        self.write_all_at(buffer, Location::caller())
    }

    async fn write_all_at(&self, mut buffer: &[u8], at: Position) -> io::Result<()> {
        while !buffer.is_empty() {
            match self.write_at(buffer, at).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                written => buffer = &buffer[written..],
            }
        }
        Ok(())
    }

    /// Does nothing: what is written is handed to the system at once.
    ///
    /// # Errors
    ///
    /// None; there for generic code.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// runtime.block_on(stream.flush())?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub async fn flush(&self) -> io::Result<()> {
        Ok(())
    }

    /// Ends the reading, the writing or both, for all who share the stream. After the writing has
    /// ended the other side reads to the end.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use std::net::Shutdown;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (mut peer, _) = server.accept()?;
    ///
    /// stream.shutdown(Shutdown::Write)?;
    /// assert_eq!(peer.read(&mut [0])?, 0);
    /// peer.write_all(b"still here")?;
    /// let mut buffer = Vec::new();
    /// drop(peer);
    /// runtime.block_on(stream.read_to_end(&mut buffer))?;
    /// assert_eq!(buffer, b"still here");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.with(|source| source.shutdown(how))
    }

    /// Closes the connection, for all who share the stream: whoever waits for it gets an error of
    /// kind `NotConnected`. To close it twice does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// stream.close();
    /// let error = runtime.block_on(stream.read(&mut [0])).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// let (_, peer) = server.accept()?;
    /// assert_eq!(stream.local_addr()?, peer);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.local_addr())
    }

    /// The address of the other side.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// assert_eq!(stream.peer_addr()?, server.local_addr()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.peer_addr())
    }

    /// Whether small writes are sent at once (`TCP_NODELAY`), instead of waiting for more while
    /// something is on its way. It is off at first, as in std.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// stream.set_nodelay(true)?;
    /// assert!(stream.nodelay()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.with(|source| source.set_nodelay(nodelay))
    }

    /// What [`set_nodelay`](TcpStream::set_nodelay) set.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
    /// assert!(!stream.nodelay()?);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.with(|source| source.nodelay())
    }
}

/// Whether a stream that was told to connect has done so.
fn is_connected(source: &mio::net::TcpStream) -> io::Result<()> {
    if let Some(error) = source.take_error()? {
        return Err(error);
    }
    match source.peer_addr() {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotConnected => {
            Err(io::ErrorKind::WouldBlock.into())
        }
        Err(error) => Err(error),
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TcpStream");
        if let Ok(addr) = self.local_addr() {
            debug.field("addr", &addr);
        }
        if let Ok(peer) = self.peer_addr() {
            debug.field("peer", &peer);
        }
        debug.finish_non_exhaustive()
    }
}

impl AsyncRead for &TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.socket
            .poll_operate(Direction::Read, cx, |mut source| source.read(buffer))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        self.socket.poll_operate(Direction::Read, cx, |mut source| {
            source.read_vectored(buffers)
        })
    }
}

impl AsyncWrite for &TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.socket
            .poll_operate(Direction::Write, cx, |mut source| source.write(buffer))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.socket
            .poll_operate(Direction::Write, cx, |mut source| {
                source.write_vectored(buffers)
            })
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// Ends the writing.
    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.shutdown(Shutdown::Write))
    }
}

impl AsyncRead for TcpStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read(cx, buffer)
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_read_vectored(cx, buffers)
    }
}

impl AsyncWrite for TcpStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut &*self).poll_write_vectored(cx, buffers)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_flush(cx)
    }

    /// Ends the writing.
    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut &*self).poll_close(cx)
    }
}
