//! The options of a `UdpSocket`.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use super::UdpSocket;
use crate::net::kind::Kind;
use crate::net::methods::{buffer_methods, option_methods};

/// Options. The system knows them by the names in brackets.
impl UdpSocket {
    /// Whether messages may be sent to the broadcast address (`SO_BROADCAST`).
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
    /// socket.set_broadcast(true)?;
    /// assert_eq!(socket.broadcast()?, true);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_broadcast(&self, on: bool) -> io::Result<()> {
        self.socket.with(|source| source.set_broadcast(on))
    }

    /// What [`set_broadcast`](UdpSocket::set_broadcast) set.
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
    /// socket.set_broadcast(true)?;
    /// assert_eq!(socket.broadcast()?, true);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket.with(|source| source.broadcast())
    }

    /// How many routers a message may pass (`IP_TTL`).
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
    /// socket.set_ttl(42)?;
    /// assert_eq!(socket.ttl()?, 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket.with(|source| source.set_ttl(ttl))
    }

    /// What [`set_ttl`](UdpSocket::set_ttl) set.
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
    /// socket.set_ttl(42)?;
    /// assert_eq!(socket.ttl()?, 42);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket.with(|source| source.ttl())
    }

    /// Whether what is sent to a group comes back to this machine (`IP_MULTICAST_LOOP`).
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
    /// socket.set_multicast_loop_v4(false)?;
    /// assert_eq!(socket.multicast_loop_v4()?, false);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_loop_v4(&self, on: bool) -> io::Result<()> {
        self.socket.with(|source| source.set_multicast_loop_v4(on))
    }

    /// What [`set_multicast_loop_v4`](UdpSocket::set_multicast_loop_v4) set.
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
    /// socket.set_multicast_loop_v4(false)?;
    /// assert_eq!(socket.multicast_loop_v4()?, false);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn multicast_loop_v4(&self) -> io::Result<bool> {
        self.socket.with(|source| source.multicast_loop_v4())
    }

    /// How many routers a message to a group may pass (`IP_MULTICAST_TTL`).
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
    /// socket.set_multicast_ttl_v4(2)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_ttl_v4(&self, ttl: u32) -> io::Result<()> {
        self.socket.with(|source| source.set_multicast_ttl_v4(ttl))
    }

    /// What [`set_multicast_ttl_v4`](UdpSocket::set_multicast_ttl_v4) set.
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
    /// socket.set_multicast_ttl_v4(2)?;
    /// assert_eq!(socket.multicast_ttl_v4()?, 2);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn multicast_ttl_v4(&self) -> io::Result<u32> {
        self.socket.with(|source| source.multicast_ttl_v4())
    }

    /// Whether what is sent to an IPv6 group comes back to this machine (`IPV6_MULTICAST_LOOP`).
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("[::]:0"))?;
    /// socket.set_multicast_loop_v6(false)?;
    /// assert_eq!(socket.multicast_loop_v6()?, false);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn set_multicast_loop_v6(&self, on: bool) -> io::Result<()> {
        self.socket.with(|source| source.set_multicast_loop_v6(on))
    }

    /// What [`set_multicast_loop_v6`](UdpSocket::set_multicast_loop_v6) set.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("[::]:0"))?;
    /// socket.set_multicast_loop_v6(false)?;
    /// assert_eq!(socket.multicast_loop_v6()?, false);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn multicast_loop_v6(&self) -> io::Result<bool> {
        self.socket.with(|source| source.multicast_loop_v6())
    }

    /// Takes in what is sent to an IPv4 group; `interface` is the address of the network
    /// interface, or `UNSPECIFIED`: that is up to the system.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::net::Ipv4Addr;
    ///
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn join_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket
            .with(|source| source.join_multicast_v4(group, interface))
    }

    /// Ends what [`join_multicast_v4`](UdpSocket::join_multicast_v4) began.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::net::Ipv4Addr;
    ///
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("127.0.0.1:0"))?;
    /// let group = Ipv4Addr::new(224, 0, 0, 123);
    /// socket.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    /// socket.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn leave_multicast_v4(&self, group: &Ipv4Addr, interface: &Ipv4Addr) -> io::Result<()> {
        self.socket
            .with(|source| source.leave_multicast_v4(group, interface))
    }

    /// Takes in what is sent to an IPv6 group; `interface` is the index of the network
    /// interface, or 0: that is up to the system.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::net::Ipv6Addr;
    ///
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("[::]:0"))?;
    /// let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x123);
    /// socket.join_multicast_v6(&group, 0)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn join_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket
            .with(|source| source.join_multicast_v6(group, interface))
    }

    /// Ends what [`join_multicast_v6`](UdpSocket::join_multicast_v6) began.
    ///
    /// # Errors
    ///
    /// The system's; `NotConnected` once the socket is closed.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use std::net::Ipv6Addr;
    ///
    /// use chango_core::net::UdpSocket;
    /// use chango_core::runtime;
    ///
    /// let runtime = runtime::Builder::new().build()?;
    /// let socket = runtime.block_on(UdpSocket::bind("[::]:0"))?;
    /// let group = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x123);
    /// socket.join_multicast_v6(&group, 0)?;
    /// socket.leave_multicast_v6(&group, 0)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn leave_multicast_v6(&self, group: &Ipv6Addr, interface: u32) -> io::Result<()> {
        self.socket
            .with(|source| source.leave_multicast_v6(group, interface))
    }
}

buffer_methods!(
    UdpSocket,
    "let runtime = chango_core::runtime::Builder::new().build()?;
let socket = runtime.block_on(chango_core::net::UdpSocket::bind(\"127.0.0.1:0\"))?;"
);
