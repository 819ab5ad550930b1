//! `UnixListener`: accepts connections, as `net::accept` has it.

use std::fmt;
use std::io;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::path::Path;
use std::time::Instant;

use futures_lite::{Stream, StreamExt};

use super::stream::UnixStream;
use crate::net::methods::{common_methods, listener_methods};
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::note::Position;

/// A socket that accepts connections at a path. (Go: `net.UnixListener`.)
///
/// Dropping it, or [`close`](UnixListener::close), ends the listening and, as in std, leaves the file at
/// the path: where one is, nobody can bind until it is removed.
///
/// # Examples
///
/// ```
/// use chango_core::net::{UnixListener, UnixStream};
/// use chango_core::runtime;
///
/// # let dir = std::env::temp_dir().join(format!("chango-doc-listener-{}", std::process::id()));
/// # std::fs::create_dir_all(&dir)?;
/// let path = dir.join("socket");
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let listener = UnixListener::bind(&path)?;
///     let client = UnixStream::connect(&path).await?;
///     let (server, _peer) = listener.accept().await?;
///
///     client.write_all(b"hello").await?;
///     let mut buffer = [0; 5];
///     server.read_exact(&mut buffer).await?;
///     assert_eq!(&buffer, b"hello");
///     Ok::<(), std::io::Error>(())
/// })?;
/// std::fs::remove_file(&path)?;
/// # std::fs::remove_dir_all(&dir)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixListener {
    socket: Socket<mio::net::UnixListener>,
}

impl UnixListener {
    /// Listens at `path`, where a file appears.
    ///
    /// # Errors
    ///
    /// The system's; `AddrInUse` if there is a file.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixListener;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-bind-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let runtime = runtime::Builder::new().build()?;
    /// let listener = runtime.block_on(async { UnixListener::bind(&path) })?;
    /// assert!(path.exists());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// Listens at `addr`, which may be an abstract one where the system has these.
    ///
    /// # Errors
    ///
    /// The system's; `AddrInUse` if it is taken.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::os::unix::net::SocketAddr;
    ///
    /// use chango_core::net::UnixListener;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-bind-addr-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let addr = SocketAddr::from_pathname(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let listener = runtime.block_on(async { UnixListener::bind_addr(&addr) })?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<Self> {
        let netpoll = current_netpoll("UnixListener::bind");
        let socket = Socket::new(mio::net::UnixListener::bind_addr(addr)?, &netpoll)?;
        Ok(Self { socket })
    }

    /// Waits for a connection: the stream and the address of the other side, which seldom has one.
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
    /// use chango_core::net::{UnixListener, UnixStream};
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-accept-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let runtime = runtime::Builder::new().build()?;
    /// runtime.block_on(async {
    ///     let listener = UnixListener::bind(&path)?;
    ///     let client = UnixStream::connect(&path).await?;
    ///     let (server, peer) = listener.accept().await?;
    ///     assert!(peer.is_unnamed());
    ///     drop((client, server));
    ///     Ok::<(), std::io::Error>(())
    /// })?;
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn accept(&self) -> impl Future<Output = io::Result<(UnixStream, SocketAddr)>> {
        self.accept_at(Location::caller())
    }

    async fn accept_at(&self, at: Position) -> io::Result<(UnixStream, SocketAddr)> {
        let accepted = self.socket.accept_at(at, |source| source.accept()).await;
        accepted.map(|(socket, peer)| (UnixStream { socket }, peer))
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
    /// use chango_core::net::UnixListener;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-listens-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let runtime = runtime::Builder::new().build()?;
    /// let listener = runtime.block_on(async { UnixListener::bind(&path) })?;
    /// assert_eq!(listener.local_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.local_addr())
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UnixListener");
        if let Ok(addr) = self.local_addr() {
            debug.field("addr", &addr);
        }
        debug.finish_non_exhaustive()
    }
}

common_methods!(
    UnixListener,
    std::os::unix::net::UnixListener,
    "# let path = std::env::temp_dir().join(format!(\"chango-doc-{}-{:?}\", std::process::id(), std::time::Instant::now()));
let theirs = std::os::unix::net::UnixListener::bind(&path)?;
# std::fs::remove_file(&path)?;"
);

listener_methods!(
    UnixListener,
    UnixStream,
    "# let path = std::env::temp_dir().join(format!(\"chango-doc-{}-{:?}\", std::process::id(), std::time::Instant::now()));
let theirs = std::os::unix::net::UnixListener::bind(&path)?;
# std::fs::remove_file(&path)?;"
);
