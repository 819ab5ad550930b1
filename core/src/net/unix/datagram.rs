//! `UnixDatagram`: messages between processes of one machine, each for itself.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::net::datagram::datagram_methods;
use crate::net::kind::Kind;
use crate::net::methods::{buffer_methods, common_methods, deadline_methods, option_methods};
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::note::Position;
use crate::time::timeout;

/// How long a `send_to` waits first before it tries again by itself, and how long at most.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// How often it tries in one pause: first, and for an event.
const ATTEMPTS: u32 = 2;

/// A socket for messages between processes of one machine, which arrive in order and are not lost. (Go:
/// `net.UnixConn` of `unixgram`.)
///
/// All methods take `&self`, so a socket can be shared: one goroutine may receive while another sends,
/// and several may do either. A message goes to one of those who wait for it.
///
/// A message that is longer than the buffer it is received into is cut off, and the rest of it is lost.
/// Dropping a future that receives loses no message. Dropping the socket leaves the file at its path.
///
/// # Examples
///
/// ```
/// use chango_core::net::UnixDatagram;
/// use chango_core::runtime;
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let (left, right) = UnixDatagram::pair()?;
///     left.send(b"hello").await?;
///     left.send(b"again").await?;
///
///     let mut buffer = [0; 64];
///     assert_eq!(right.recv(&mut buffer).await?, 5);
///     assert_eq!(&buffer[..5], b"hello");
///     Ok::<(), std::io::Error>(())
/// })
/// # ?; Ok::<(), std::io::Error>(())
/// ```
pub struct UnixDatagram {
    socket: Socket<mio::net::UnixDatagram>,
}

impl UnixDatagram {
    /// A socket at `path`, where a file appears.
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
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-dgram-bind-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::bind(&path) })?;
    /// assert!(path.exists());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<Self> {
        Self::bind_addr(&SocketAddr::from_pathname(path)?)
    }

    /// A socket at `addr`, which may be an abstract one where the system has these.
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
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-dgram-addr-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let addr = SocketAddr::from_pathname(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::bind_addr(&addr) })?;
    /// assert_eq!(socket.local_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<Self> {
        Self::of(|| mio::net::UnixDatagram::bind_addr(addr))
    }

    /// A socket without a path, which can send, and receive once it is connected with somebody.
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
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::unbound() })?;
    /// assert!(socket.local_addr()?.is_unnamed());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn unbound() -> io::Result<Self> {
        Self::of(mio::net::UnixDatagram::unbound)
    }

    /// Two sockets that are connected with each other.
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
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let (left, right) = runtime.block_on(async { UnixDatagram::pair() })?;
    /// runtime.block_on(left.send(b"hello"))?;
    /// assert_eq!(runtime.block_on(right.recv(&mut [0; 64]))?, 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn pair() -> io::Result<(Self, Self)> {
        let netpoll = current_netpoll("UnixDatagram::pair");
        let (left, right) = mio::net::UnixDatagram::pair()?;
        let of = |source| Socket::new(source, &netpoll).map(|socket| Self { socket });
        Ok((of(left)?, of(right)?))
    }

    /// Where there is no runtime, nothing is made either.
    fn of(make: impl FnOnce() -> io::Result<mio::net::UnixDatagram>) -> io::Result<Self> {
        let netpoll = current_netpoll("a UnixDatagram");
        let socket = Socket::new(make()?, &netpoll)?;
        Ok(Self { socket })
    }

    /// From now on [`send`](UnixDatagram::send) sends to the socket at `path`, and only what comes from
    /// there is received.
    ///
    /// # Errors
    ///
    /// The system's: `NotFound` if there is no file, `ConnectionRefused` if nobody has it as his
    /// socket; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-dgram-connect-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let peer = std::os::unix::net::UnixDatagram::bind(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::unbound() })?;
    /// socket.connect(&path)?;
    /// assert_eq!(socket.peer_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        self.socket.with(|source| source.connect(path))
    }

    /// Sends a message to the socket at `path`; how long it was.
    ///
    /// Where there is no room at the other side it waits. A message is sent as a whole or not at all; a
    /// dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// The system's: `NotFound` if there is no file, `ConnectionRefused` if nobody has it as his
    /// socket; `NotConnected` once the socket is closed here or the runtime has shut down.
    ///
    /// # Panics
    ///
    /// When it is awaited outside every runtime and has to wait.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-dgram-send-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let peer = std::os::unix::net::UnixDatagram::bind(&path)?;
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::unbound() })?;
    /// runtime.block_on(socket.send_to(b"hello", &path))?;
    /// assert_eq!(peer.recv(&mut [0; 64])?, 5);
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn send_to<P: AsRef<Path>>(
        &self,
        message: &[u8],
        path: P,
    ) -> impl Future<Output = io::Result<usize>> {
        self.send_to_at(message, path, Location::caller())
    }

    async fn send_to_at<P: AsRef<Path>>(
        &self,
        message: &[u8],
        path: P,
        at: Position,
    ) -> io::Result<usize> {
        let path = path.as_ref();
        let mut pause = FIRST_PAUSE;
        // Of the room at the other side the system tells only those who are connected with it. So it is tried
        // again by and by, and not for each event: on Linux an attempt that fails for want of that room is
        // one, since it gives back what it had taken, and who tried again for it would never rest. Once it
        // is tried for an event, since it may have been this socket that had no room.
        loop {
            let mut attempts = ATTEMPTS;
            let send = self.socket.operate(Direction::Write, at, |source| {
                if attempts == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                attempts -= 1;
                source.send_to(message, path)
            });
            match timeout(pause, send).await {
                Ok(result) => return result,
                Err(_) => pause = LONGEST_PAUSE.min(pause * 2),
            }
        }
    }

    /// Waits for a message and takes it; how long it was, and who sent it.
    ///
    /// Dropping the future loses no message.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed here or the runtime has shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-dgram-recv-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::bind(&path) })?;
    /// let peer = std::os::unix::net::UnixDatagram::unbound()?;
    /// peer.send_to(b"hello", &path)?;
    /// let (len, sender) = runtime.block_on(socket.recv_from(&mut [0; 64]))?;
    /// assert!(len == 5 && sender.is_unnamed());
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn recv_from(
        &self,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> {
        self.recv_from_at(buffer, Location::caller())
    }

    async fn recv_from_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .operate(Direction::Read, at, |source| source.recv_from(buffer))
            .await
    }

    /// Ends the receiving, the sending or both, for all who share the socket. Once the receiving has
    /// ended the other side cannot send any more.
    ///
    /// Whether a [`recv`](UnixDatagram::recv) learns of the end of the receiving is up to the system; on
    /// Linux it goes on waiting. What wakes it everywhere is [`close`](UnixDatagram::close).
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::net::Shutdown;
    ///
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let (left, right) = runtime.block_on(async { UnixDatagram::pair() })?;
    /// left.shutdown(Shutdown::Write)?;
    /// assert!(runtime.block_on(left.send(b"hello")).is_err());
    /// # drop(right);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.with(|source| source.shutdown(how))
    }

    /// The address of this side, if it has one.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// # let dir = std::env::temp_dir().join(format!("chango-doc-dgram-local-{}", std::process::id()));
    /// # std::fs::create_dir_all(&dir)?;
    /// let path = dir.join("socket");
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::bind(&path) })?;
    /// assert_eq!(socket.local_addr()?.as_pathname(), Some(&*path));
    /// # std::fs::remove_dir_all(&dir)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.local_addr())
    }

    /// The address that the socket is connected with.
    ///
    /// # Errors
    ///
    /// `NotConnected` if it is not, and once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UnixDatagram;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(async { UnixDatagram::unbound() })?;
    /// assert!(socket.peer_addr().is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.peer_addr())
    }
}

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UnixDatagram");
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
    UnixDatagram,
    std::os::unix::net::UnixDatagram,
    "let (theirs, _peer) = std::os::unix::net::UnixDatagram::pair()?;"
);

deadline_methods!(
    UnixDatagram,
    "recv",
    "send",
    "let (theirs, _peer) = std::os::unix::net::UnixDatagram::pair()?;"
);

datagram_methods!(
    UnixDatagram,
    "use chango_core::net::UnixDatagram;
use chango_core::runtime;

let (theirs, peer) = std::os::unix::net::UnixDatagram::pair()?;
let runtime = runtime::Builder::new().build()?;
let socket = runtime.block_on(async { UnixDatagram::from_std(theirs) })?;"
);

buffer_methods!(
    UnixDatagram,
    "use chango_core::net::UnixDatagram;
let runtime = chango_core::runtime::Builder::new().build()?;
let (socket, _other) = runtime.block_on(async { UnixDatagram::pair() })?;"
);
