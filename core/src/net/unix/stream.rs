//! `UnixStream`: a connection, read and written by `&self`.
//!
//! What is special to Unix sockets; what streams have in common is in `net::stream`.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_lite::{AsyncRead, AsyncWrite};

use crate::net::kind::Kind;
use crate::net::methods::{buffer_methods, common_methods, deadline_methods, option_methods};
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::net::stream::stream_methods;
use crate::note::Position;
use crate::time::sleep_at;

/// How long a `connect` waits first when the listener's queue is full, and how long at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A connection between processes of one machine. (Go: `net.UnixConn`.)
///
/// All methods take `&self`, so a stream can be shared: one goroutine may read while another
/// writes. Operations of the same direction at the same time are safe, but what each of them gets is
/// anyone's guess. The stream also has `AsyncRead` and `AsyncWrite`, as has `&UnixStream`.
///
/// Dropping it, or [`close`](UnixStream::close), closes the connection.
///
/// # Examples
///
/// ```
/// use chango_core::net::UnixStream;
///
/// let runtime = chango_core::runtime::Builder::new().workers(1).build()?;
/// runtime.block_on(async {
///     let (client, server) = UnixStream::pair()?;
///     client.write_all(b"ping").await?;
///     let mut bytes = [0; 4];
///     server.read_exact(&mut bytes).await?;
///     assert_eq!(&bytes, b"ping");
///     Ok::<(), std::io::Error>(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct UnixStream {
    pub(super) socket: Socket<mio::net::UnixStream>,
}

impl UnixStream {
    /// Connects to whoever listens at `path`.
    ///
    /// Where the queue of the listener is full, it waits and tries again after short pauses.
    ///
    /// # Errors
    ///
    /// The system's: `NotFound` if there is no file, `ConnectionRefused` if nobody listens.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixStream;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-connect-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let server = std::os::unix::net::UnixListener::bind(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(UnixStream::connect(&path))?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn connect<P: AsRef<Path>>(path: P) -> impl Future<Output = io::Result<Self>> {
        let addr = SocketAddr::from_pathname(path);
        let at = Location::caller();
        async move { Self::connect_at(&addr?, at).await }
    }

    /// Connects to whoever listens at `addr`, which may be an abstract one where the system has these.
    ///
    /// # Errors
    ///
    /// As for [`connect`](UnixStream::connect).
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixStream;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-connect-addr-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let server = std::os::unix::net::UnixListener::bind(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(UnixStream::connect_addr(&server.local_addr()?))?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn connect_addr(addr: &SocketAddr) -> impl Future<Output = io::Result<Self>> {
        Self::connect_at(addr, Location::caller())
    }

    async fn connect_at(addr: &SocketAddr, at: Position) -> io::Result<Self> {
        let netpoll = current_netpoll("UnixStream::connect");
        let mut pause = FIRST_PAUSE;
        loop {
            match mio::net::UnixStream::connect_addr(addr) {
                Ok(source) => {
                    let socket = Socket::new(source, &netpoll)?;
                    return Ok(Self { socket });
                }
                // The queue is full. The system says nothing when there is room again.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    sleep_at(pause, at).await;
                    pause = LONGEST_PAUSE.min(pause * 2);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Two streams that are connected with each other.
    ///
    /// # Errors
    ///
    /// The system's, which has no descriptors left for example.
    ///
    /// # Panics
    ///
    /// Outside every runtime.
    ///
    /// # Examples
    ///
    /// See [`UnixStream`].
    ///
    /// ```
    /// use chango_core::net::UnixStream;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let (left, right) = runtime.block_on(async { UnixStream::pair() })?;
    /// assert!(left.peer_addr()?.is_unnamed() && right.peer_addr()?.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pair() -> io::Result<(Self, Self)> {
        let netpoll = current_netpoll("UnixStream::pair");
        let (left, right) = mio::net::UnixStream::pair()?;
        let of = |source| Socket::new(source, &netpoll).map(|socket| Self { socket });
        Ok((of(left)?, of(right)?))
    }

    /// The address of this side; the one that connects has none.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixStream;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let (stream, _) = runtime.block_on(async { UnixStream::pair() })?;
    /// assert!(stream.local_addr()?.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.local_addr())
    }

    /// The address of the other side, if it has one.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the stream is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixStream;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-peer-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let server = std::os::unix::net::UnixListener::bind(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let stream = runtime.block_on(UnixStream::connect(&path))?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.peer_addr())
    }
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UnixStream");
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
    UnixStream,
    std::os::unix::net::UnixStream,
    "let (theirs, _peer) = std::os::unix::net::UnixStream::pair()?;"
);

deadline_methods!(
    UnixStream,
    "read",
    "write",
    "let (theirs, _peer) = std::os::unix::net::UnixStream::pair()?;"
);

stream_methods!(
    UnixStream,
    mio::net::UnixStream,
    "use chango_core::net::UnixStream;
use chango_core::runtime;

let (theirs, mut peer) = std::os::unix::net::UnixStream::pair()?;
let runtime = runtime::Builder::new().build()?;
let stream = runtime.block_on(async { UnixStream::from_std(theirs) })?;"
);

buffer_methods!(
    UnixStream,
    "use chango_core::net::UnixStream;
let runtime = chango_core::runtime::Builder::new().build()?;
let (socket, _other) = runtime.block_on(async { UnixStream::pair() })?;"
);
