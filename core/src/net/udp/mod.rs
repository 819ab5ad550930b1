//! `UdpSocket`: messages, each for itself.

mod options;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::panic::Location;
use std::time::Instant;

use crate::net::ToSocketAddrs;
use crate::net::datagram::datagram_methods;
use crate::net::lookup::try_each;
use crate::net::methods::{common_methods, deadline_methods};
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::note::Position;

/// A socket for UDP messages. (Go: `net.UDPConn`.)
///
/// All methods take `&self`, so a socket can be shared: one goroutine may receive while another sends,
/// and several may do either. A message goes to one of those who wait for it.
///
/// A message that is longer than the buffer it is received into is cut off, and the rest of it is lost
/// (on Windows that is an error). Dropping a future that receives loses no message.
///
/// # Examples
///
/// ```
/// use chango_core::net::UdpSocket;
/// use chango_core::runtime;
///
/// let runtime = runtime::Builder::new().build()?;
/// runtime.block_on(async {
///     let socket = UdpSocket::bind("127.0.0.1:0").await?;
///     let other = UdpSocket::bind("127.0.0.1:0").await?;
///     other.send_to(b"hello", socket.local_addr()?).await?;
///
///     let mut buffer = [0; 64];
///     let (len, sender) = socket.recv_from(&mut buffer).await?;
///     assert_eq!(&buffer[..len], b"hello");
///     assert_eq!(sender, other.local_addr()?);
///     Ok::<(), std::io::Error>(())
/// })
/// # ?; Ok::<(), std::io::Error>(())
/// ```
pub struct UdpSocket {
    socket: Socket<mio::net::UdpSocket>,
}

impl UdpSocket {
    /// A socket with the address `addr`; port 0 takes one that is free. If `addr` stands for several
    /// addresses, the first at which it works.
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
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// assert_ne!(socket.local_addr()?.port(), 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn bind<A: ToSocketAddrs>(addr: A) -> impl Future<Output = io::Result<Self>> {
        let at = Location::caller();
        try_each(addr, at, |addr| {
            let netpoll = current_netpoll("UdpSocket::bind");
            let socket = Socket::new(mio::net::UdpSocket::bind(addr)?, &netpoll)?;
            Ok(Self { socket })
        })
    }

    /// From now on [`send`](UdpSocket::send) sends to `addr`, and only what comes from there is
    /// received. If `addr` stands for several addresses, the first at which it works.
    ///
    /// Nothing is sent, so nobody need be there.
    ///
    /// # Errors
    ///
    /// The system's for the last address tried, and those of [`lookup_host`](crate::net::lookup_host);
    /// `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// runtime.block_on(socket.connect("127.0.0.1:4711"))?;
    /// assert_eq!(socket.peer_addr()?.port(), 4711);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> impl Future<Output = io::Result<()>> {
        let at = Location::caller();
        try_each(addr, at, |addr| {
            self.socket.with(|source| source.connect(addr))
        })
    }

    /// Sends a message to the first address that `addr` stands for; how long it was.
    ///
    /// A message is sent as a whole or not at all; a dropped future has sent nothing.
    ///
    /// # Errors
    ///
    /// The system's, if the message is too long for example, and those of
    /// [`lookup_host`](crate::net::lookup_host); `NotConnected` once the socket is closed here or the
    /// runtime has shut down.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// runtime.block_on(socket.send_to(b"hello", peer.local_addr()?))?;
    /// let mut buffer = [0; 64];
    /// assert_eq!(peer.recv(&mut buffer)?, 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn send_to<A: ToSocketAddrs>(
        &self,
        message: &[u8],
        addr: A,
    ) -> impl Future<Output = io::Result<usize>> {
        self.send_to_at(message, addr, Location::caller())
    }

    async fn send_to_at<A: ToSocketAddrs>(
        &self,
        message: &[u8],
        addr: A,
        at: Position,
    ) -> io::Result<usize> {
        let addr = try_each(addr, at, Ok).await?;
        self.socket
            .operate(Direction::Write, at, |source| source.send_to(message, addr))
            .await
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
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// peer.send_to(b"hello", socket.local_addr()?)?;
    /// let mut buffer = [0; 64];
    /// let (len, sender) = runtime.block_on(socket.recv_from(&mut buffer))?;
    /// assert_eq!((&buffer[..len], sender), (&b"hello"[..], peer.local_addr()?));
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

    /// Waits for a message and copies it, without taking it away; how much that was, and who sent it.
    ///
    /// # Errors
    ///
    /// As for [`recv_from`](UdpSocket::recv_from).
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// let peer = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// peer.send_to(b"hello", socket.local_addr()?)?;
    /// for _ in 0..2 {
    ///     let mut buffer = [0; 64];
    ///     let (len, _) = runtime.block_on(socket.peek_from(&mut buffer))?;
    ///     assert_eq!(&buffer[..len], b"hello");
    /// }
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn peek_from(
        &self,
        buffer: &mut [u8],
    ) -> impl Future<Output = io::Result<(usize, SocketAddr)>> {
        self.peek_from_at(buffer, Location::caller())
    }

    async fn peek_from_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> io::Result<(usize, SocketAddr)> {
        self.socket
            .operate(Direction::Read, at, |source| source.peek_from(buffer))
            .await
    }

    /// The address of this side.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// assert!(socket.local_addr()?.ip().is_loopback());
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
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// assert!(socket.peer_addr().is_err());
    /// runtime.block_on(socket.connect("127.0.0.1:4711"))?;
    /// assert_eq!(socket.peer_addr()?, "127.0.0.1:4711".parse().unwrap());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.with(|source| source.peer_addr())
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("UdpSocket");
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
    UdpSocket,
    std::net::UdpSocket,
    "let theirs = std::net::UdpSocket::bind(\"127.0.0.1:0\")?;"
);

deadline_methods!(
    UdpSocket,
    "recv",
    "send",
    "let theirs = std::net::UdpSocket::bind(\"127.0.0.1:0\")?;"
);

datagram_methods!(
    UdpSocket,
    "use chango_core::net::UdpSocket;
use chango_core::runtime;

let runtime = runtime::Builder::new().build()?;
let peer = std::net::UdpSocket::bind(\"127.0.0.1:0\")?;
let socket = runtime.block_on(UdpSocket::bind(\"127.0.0.1:0\"))?;
runtime.block_on(socket.connect(peer.local_addr()?))?;
peer.connect(socket.local_addr()?)?;"
);
