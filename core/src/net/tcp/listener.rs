//! `TcpListener`: accepts connections, as `net::accept` has it.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::time::Instant;

use futures_lite::{Stream, StreamExt};
use socket2::{Domain, Protocol, Type};

use super::stream::TcpStream;
use crate::net::ToSocketAddrs;
use crate::net::lookup::try_each;
use crate::net::methods::{common_methods, listener_methods};
use crate::net::socket::{Direction, Socket};
use crate::note::Position;

/// A socket that accepts TCP connections. (Go: `net.Listener`.)
///
/// Dropping it, or [`close`](TcpListener::close), frees the port.
///
/// # Examples
///
/// ```
/// use chango_core::net::{TcpListener, TcpStream};
/// use chango_core::runtime;
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let client = TcpStream::connect(listener.local_addr()?).await?;
///     let (server, peer) = listener.accept().await?;
///     assert_eq!(peer, client.local_addr()?);
///
///     client.write_all(b"hello").await?;
///     let mut buffer = [0; 5];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"hello");
///     Ok::<(), std::io::Error>(())
/// })
/// # ?; Ok::<(), std::io::Error>(())
/// ```
pub struct TcpListener {
    pub(super) socket: Socket<mio::net::TcpListener>,
}

impl TcpListener {
    /// Listens at `addr`; port 0 takes one that is free. If `addr` stands for several addresses,
    /// the first at which it works.
    ///
    /// The queue of connections that nobody has accepted yet is as long as the system allows. On
    /// Unix, as in std, the address can be used again at once after a program has ended.
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
    /// use chango_core::net::TcpListener;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    /// assert_ne!(listener.local_addr()?.port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> impl Future<Output = io::Result<Self>> {
        try_each(addr, Location::caller(), Self::bind_one)
    }

    fn bind_one(addr: SocketAddr) -> io::Result<Self> {
        let socket =
            socket2::Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
        // On Windows this would let others take the port over.
        #[cfg(unix)]
        socket.set_reuse_address(true)?;
        socket.bind(&addr.into())?;
        // The system cuts it down to its own maximum.
        socket.listen(i32::MAX)?;
        Self::from_std(socket.into())
    }

    /// Waits for a connection: the stream and the address of the other side.
    ///
    /// Several goroutines may accept from one listener. A connection that goes away while it waits
    /// to be accepted is passed over. When the process has no descriptor left, the connection stays
    /// where it is, and `accept` tries again after a short pause, up to a tenth of a second.
    ///
    /// Dropping the future loses no connection.
    ///
    /// # Errors
    ///
    /// `NotConnected` once the listener is closed or the runtime has shut down; the system's, if
    /// the listener is broken.
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
    ///     assert_eq!(server.peer_addr()?, peer);
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(TcpStream, SocketAddr)>> {
        self.accept_at(Location::caller())
    }

    async fn accept_at(&self, at: Position) -> io::Result<(TcpStream, SocketAddr)> {
        let accepted = self.socket.accept_at(at, |source| source.accept()).await;
        accepted.map(|(socket, peer)| (TcpStream { socket }, peer))
    }

    /// The address at which it listens.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the listener is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpListener;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    /// assert!(listener.local_addr()?.ip().is_loopback());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.local_addr())
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TcpListener");
        if let Ok(addr) = self.local_addr() {
            debug.field("addr", &addr);
        }
        debug.finish_non_exhaustive()
    }
}

common_methods!(
    TcpListener,
    std::net::TcpListener,
    "let theirs = std::net::TcpListener::bind(\"127.0.0.1:0\")?;"
);

listener_methods!(
    TcpListener,
    TcpStream,
    "let theirs = std::net::TcpListener::bind(\"127.0.0.1:0\")?;"
);
