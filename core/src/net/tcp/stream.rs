//! `TcpStream`: a connection, read and written by `&self`.
//!
//! What is special to TCP; what streams have in common is in `net::stream`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{Shutdown, SocketAddr};
use std::panic::Location;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncWrite};

use super::connect;
use crate::net::ToSocketAddrs;
use crate::net::lookup::lookup_at;
use crate::net::methods::{common_methods, deadline_methods};
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::net::stream::stream_methods;
use crate::netpoll::Netpoll;
use crate::note::Position;
use crate::primitive::sync::Arc;
use crate::time;

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
/// See [`TcpListener`](crate::net::TcpListener).
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
    pub(super) socket: Socket<mio::net::TcpStream>,
}

impl TcpStream {
    /// Connects to `addr`.
    ///
    /// If it stands for several addresses, the one that connects first is taken, by the rules of Happy
    /// Eyeballs (RFC 8305): IPv6 and IPv4 take turns, in the order of the addresses otherwise, and the
    /// next attempt begins when the last one has not succeeded within 250 ms, or at once when one fails.
    ///
    /// Dropping the future ends all attempts.
    ///
    /// # Errors
    ///
    /// If no address can be reached, the error of the last attempt that was answered, or else of the last
    /// one; and the errors of [`lookup_host`](crate::net::lookup_host).
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
        Self::connect_at(addr, Location::caller())
    }

    async fn connect_at<A: ToSocketAddrs>(addr: A, at: Position) -> io::Result<Self> {
        let addrs = lookup_at(addr, at).await?.collect();
        connect::first(addrs, |addr| Self::connect_one(addr, at)).await
    }

    /// Connects to one address, within `timeout` from this call.
    ///
    /// Around [`connect`](TcpStream::connect), with names and several addresses,
    /// [`time::timeout`](crate::time::timeout) does the same.
    ///
    /// # Errors
    ///
    /// `TimedOut` if nobody has answered by then; `InvalidInput` for a timeout of zero, as in std; the
    /// system's.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use chango_core::net::TcpStream;
    /// use chango_core::runtime;
    ///
    /// let server = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let addr = server.local_addr()?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let connect = TcpStream::connect_timeout(&addr, Duration::from_secs(5));
    /// assert_eq!(runtime.block_on(connect)?.peer_addr()?, addr);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn connect_timeout(
        addr: &SocketAddr,
        timeout: Duration,
    ) -> impl Future<Output = io::Result<Self>> + use<> {
        let connect = Self::connect_one(*addr, Location::caller());
        let connect = time::timeout(timeout, connect);
        async move {
            if timeout.is_zero() {
                let text = "nobody can be connected to within no time";
                return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
            }
            connect.await?
        }
    }

    async fn connect_one(addr: SocketAddr, at: Position) -> io::Result<Self> {
        let netpoll = current_netpoll("TcpStream::connect");
        let stream = Self::new(mio::net::TcpStream::connect(addr)?, &netpoll)?;
        let connected = stream.socket.operate(Direction::Write, at, is_connected);
        connected.await?;
        Ok(stream)
    }

    /// A stream of mio's, registered with `netpoll`.
    pub(super) fn new(source: mio::net::TcpStream, netpoll: &Arc<Netpoll>) -> io::Result<Self> {
        let socket = Socket::new(source, netpoll)?;
        Ok(Self { socket })
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

common_methods!(
    TcpStream,
    std::net::TcpStream,
    "let server = std::net::TcpListener::bind(\"127.0.0.1:0\")?;
let theirs = std::net::TcpStream::connect(server.local_addr()?)?;"
);

deadline_methods!(
    TcpStream,
    "read",
    "write",
    "let server = std::net::TcpListener::bind(\"127.0.0.1:0\")?;
let theirs = std::net::TcpStream::connect(server.local_addr()?)?;"
);

stream_methods!(
    TcpStream,
    mio::net::TcpStream,
    "use chango_core::net::TcpStream;
use chango_core::runtime;

let server = std::net::TcpListener::bind(\"127.0.0.1:0\")?;
let runtime = runtime::Builder::new().build()?;
let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
let (mut peer, _) = server.accept()?;"
);
