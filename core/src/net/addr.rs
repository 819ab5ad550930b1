//! `ToSocketAddrs`: what stands for an address, told apart by whether it needs a lookup.
//!
//! std's trait of the same name looks names up while it is called, which blocks, and cannot say
//! beforehand whether it would.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};

/// What `connect`, `bind` and [`lookup_host`](super::lookup_host) take for an address.
///
/// Socket addresses, pairs of an address or host name and a port, strings as `"localhost:80"`, and
/// slices of socket addresses, which are tried in order, or as
/// [`TcpStream::connect`](super::TcpStream::connect) says. Only host names are looked up. The trait has
/// std's name and meaning, and cannot be implemented elsewhere.
///
/// # Examples
///
/// ```
/// use chango_core::net::ToSocketAddrs;
///
/// fn takes(_: impl ToSocketAddrs) {}
///
/// takes("localhost:80");
/// takes(("::1", 80));
/// takes("127.0.0.1:80".parse::<std::net::SocketAddr>()?);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
pub trait ToSocketAddrs: sealed::Resolve {}

pub(super) mod sealed {
    use super::Target;

    /// The method of `ToSocketAddrs`, out of the reach of others.
    #[expect(unnameable_types, reason = "a sealed trait")]
    pub trait Resolve {
        /// The addresses, or what has to be looked up for them.
        fn resolve(&self) -> Target;
    }
}

/// What an address stands for.
#[derive(Debug)]
pub enum Target {
    /// Addresses that need no lookup.
    Known(Vec<SocketAddr>),
    /// A host name and a port.
    Name(String, u16),
    /// Neither.
    Invalid(io::Error),
}

impl Target {
    fn of_host(host: &str, port: u16) -> Self {
        match host.parse::<IpAddr>() {
            Ok(ip) => Self::Known(vec![SocketAddr::new(ip, port)]),
            Err(_) => Self::Name(host.to_owned(), port),
        }
    }

    fn of_text(text: &str) -> Self {
        if let Ok(addr) = text.parse::<SocketAddr>() {
            return Self::Known(vec![addr]);
        }
        let parts = text.rsplit_once(':');
        match parts.and_then(|(host, port)| Some((host, port.parse::<u16>().ok()?))) {
            Some((host, port)) => Self::of_host(host, port),
            None => {
                let text = format!("not an address of the form host:port: {text:?}");
                Self::Invalid(io::Error::new(io::ErrorKind::InvalidInput, text))
            }
        }
    }
}

/// Implements the trait: `type => |value| Target`.
macro_rules! resolve {
    ($($type:ty => |$value:ident| $target:expr;)*) => {$(
        impl ToSocketAddrs for $type {}
        impl sealed::Resolve for $type {
            fn resolve(&self) -> Target {
                let $value = self;
                $target
            }
        }
    )*};
}

resolve! {
    SocketAddr => |addr| Target::Known(vec![*addr]);
    SocketAddrV4 => |addr| Target::Known(vec![SocketAddr::V4(*addr)]);
    SocketAddrV6 => |addr| Target::Known(vec![SocketAddr::V6(*addr)]);
    (IpAddr, u16) => |pair| Target::Known(vec![SocketAddr::from(*pair)]);
    (Ipv4Addr, u16) => |pair| Target::Known(vec![SocketAddr::from(*pair)]);
    (Ipv6Addr, u16) => |pair| Target::Known(vec![SocketAddr::from(*pair)]);
    [SocketAddr] => |addrs| Target::Known(addrs.to_vec());
    str => |text| Target::of_text(text);
    String => |text| Target::of_text(text);
    (&str, u16) => |pair| Target::of_host(pair.0, pair.1);
    (String, u16) => |pair| Target::of_host(&pair.0, pair.1);
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {}
impl<T: ToSocketAddrs + ?Sized> sealed::Resolve for &T {
    fn resolve(&self) -> Target {
        (**self).resolve()
    }
}

impl<const N: usize> ToSocketAddrs for [SocketAddr; N] {}
impl<const N: usize> sealed::Resolve for [SocketAddr; N] {
    fn resolve(&self) -> Target {
        self.as_slice().resolve()
    }
}
