//! `TcpListener`: accepts connections.
//!
//! What must hold: an `accept` ends with an error only where the listener itself is broken or
//! closed. A connection that went away before it was accepted is passed over, and where the system
//! has no descriptor left the listener waits a little and goes on.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::panic::Location;
use std::time::Duration;

use futures_lite::{Stream, stream};
use socket2::{Domain, Protocol, Type};

use super::TcpStream;
use crate::net::ToSocketAddrs;
use crate::net::lookup::for_each;
use crate::net::socket::{Direction, Socket, current_netpoll};
use crate::note::Position;
use crate::time::sleep_at;

/// How long an `accept` waits first when there is no descriptor for the connection.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

/// How long it waits at most; a listener that is closed meanwhile is noticed that late.
const LONGEST_PAUSE: Duration = Duration::from_millis(100);

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
    socket: Socket<mio::net::TcpListener>,
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
        let at = Location::caller();
        for_each(addr, at, async |addr| Self::bind_one(addr))
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

    /// Takes over a listener of std's.
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
    /// use chango_core::net::TcpListener;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let handle = runtime.handle();
    /// let _entered = handle.enter();
    /// let listener = TcpListener::from_std(std::net::TcpListener::bind("127.0.0.1:0")?)?;
    /// # drop(listener);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn from_std(listener: net::TcpListener) -> io::Result<Self> {
        let netpoll = current_netpoll("a TcpListener");
        listener.set_nonblocking(true)?;
        let source = mio::net::TcpListener::from_std(listener);
        Ok(Self {
            socket: Socket::new(source, &netpoll)?,
        })
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
    /// See [`TcpListener`].
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
        let mut pause = FIRST_PAUSE;
        loop {
            let accepted = self
                .socket
                .operate(Direction::Read, at, |source| source.accept())
                .await;
            match accepted {
                Ok((source, peer)) => {
                    let stream = TcpStream::new(source, self.socket.netpoll())?;
                    return Ok((stream, peer));
                }
                Err(error) => match fault(&error) {
                    Fault::Connection => {}
                    Fault::Shortage => {
                        sleep_at(pause, at).await;
                        pause = LONGEST_PAUSE.min(pause * 2);
                    }
                    Fault::Listener => return Err(error),
                },
            }
        }
    }

    /// The connections as they come, without end: [`accept`](TcpListener::accept) as a stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    ///
    /// use chango_core::net::{TcpListener, TcpStream};
    /// use chango_core::runtime;
    /// use futures_lite::StreamExt;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// runtime.block_on(async {
    ///     let listener = TcpListener::bind("127.0.0.1:0").await?;
    ///     let _client = TcpStream::connect(listener.local_addr()?).await?;
    ///     let mut incoming = pin!(listener.incoming());
    ///     let server = incoming.next().await.expect("it never ends")?;
    ///     assert_eq!(server.local_addr()?, listener.local_addr()?);
    ///     Ok::<(), std::io::Error>(())
    /// })
    /// # ?; Ok::<(), std::io::Error>(())
    /// ```
    #[track_caller]
    pub fn incoming(&self) -> impl Stream<Item = io::Result<TcpStream>> + Send + '_ {
        let at = Location::caller();
        stream::unfold(self, move |listener| async move {
            let stream = listener.accept_at(at).await.map(|(stream, _peer)| stream);
            Some((stream, listener))
        })
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

    /// Stops listening and frees the port. Whoever waits in [`accept`](TcpListener::accept) gets an
    /// error of kind `NotConnected`. To close it twice does nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use chango_core::net::TcpListener;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    /// listener.close();
    /// let error = runtime.block_on(listener.accept()).unwrap_err();
    /// assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn close(&self) {
        self.socket.close();
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

/// Whose fault an error of `accept` is.
enum Fault {
    /// That of the connection, which is gone.
    Connection,
    /// The system's, which is out of something that comes back.
    Shortage,
    /// That of the listener.
    Listener,
}

fn fault(error: &io::Error) -> Fault {
    use io::ErrorKind::{
        ConnectionAborted, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable,
        OutOfMemory,
    };
    // No kind of std's stands for "too many open files": 23 and 24, in the system and in the
    // process, on every Unix; on Windows 10024. None of them is another error of `accept` elsewhere.
    const TOO_MANY_FILES: [i32; 3] = [23, 24, 10024];
    match error.kind() {
        // Linux hands errors of the network that the new connection met over to `accept`.
        ConnectionAborted | ConnectionReset | HostUnreachable | NetworkDown
        | NetworkUnreachable => Fault::Connection,
        OutOfMemory => Fault::Shortage,
        _ if error
            .raw_os_error()
            .is_some_and(|code| TOO_MANY_FILES.contains(&code)) =>
        {
            Fault::Shortage
        }
        _ => Fault::Listener,
    }
}
