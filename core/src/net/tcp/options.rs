//! The options of a `TcpStream` beside `nodelay`, and of a `TcpListener`.

use std::io;
use std::time::Duration;

use socket2::TcpKeepalive;

use crate::net::kind::Kind;
use crate::net::methods::{buffer_methods, option_methods};
use crate::net::{TcpListener, TcpStream};

option_methods!(
    TcpStream,
    "let server = std::net::TcpListener::bind(\"127.0.0.1:0\")?;
let runtime = chango_core::runtime::Builder::new().build()?;
let stream = chango_core::net::TcpStream::connect(server.local_addr()?);
let socket = runtime.block_on(stream)?;",
    /// How long the connection may be silent before the system asks the other side whether it is still there
    /// (`SO_KEEPALIVE`, `TCP_KEEPIDLE`), in whole seconds; `None`: it never asks, as at first. When it gets no
    /// answer, again and again, the connection ends with an error of kind `TimedOut`. (Go: `SetKeepAlive`,
    /// which is on at first.)
    set_keepalive, keepalive: Option<Duration>,
    "Some(std::time::Duration::from_secs(30))", "socket.keepalive()?.is_some()",
    |raw, silent| match silent {
        Some(silent) => raw.set_tcp_keepalive(&TcpKeepalive::new().with_time(silent)),
        None => raw.set_keepalive(false),
    },
    if raw.keepalive()? { keepalive_time(&raw).map(Some) } else { Ok(None) };
    /// What the end of the stream does with what was written and is not sent yet (`SO_LINGER`). `None`: the
    /// system sends it, as at first. A time: what cannot be sent within it is given up, and with zero all of it
    /// is, and the other side's operations end with `ConnectionReset`. With another time than zero closing the
    /// stream may block its thread for as long. (Go: `SetLinger`.)
    set_linger, linger: Option<Duration>,
    "Some(std::time::Duration::ZERO)", "socket.linger()? == Some(std::time::Duration::ZERO)",
    |raw, time| raw.set_linger(time), raw.linger();
    /// How many routers what is sent may pass (`IP_TTL`), over IPv4.
    set_ttl, ttl: u32, "42", "socket.ttl()? == 42", |raw, ttl| raw.set_ttl_v4(ttl), raw.ttl_v4();
);

buffer_methods!(
    TcpStream,
    "let server = std::net::TcpListener::bind(\"127.0.0.1:0\")?;
let runtime = chango_core::runtime::Builder::new().build()?;
let stream = chango_core::net::TcpStream::connect(server.local_addr()?);
let socket = runtime.block_on(stream)?;"
);

option_methods!(
    TcpListener,
    "let runtime = chango_core::runtime::Builder::new().build()?;
let listener = chango_core::net::TcpListener::bind(\"127.0.0.1:0\");
let socket = runtime.block_on(listener)?;",
    /// How many routers may pass what the accepted connections send (`IP_TTL`), over IPv4.
    set_ttl, ttl: u32, "42", "socket.ttl()? == 42", |raw, ttl| raw.set_ttl_v4(ttl), raw.ttl_v4();
);

/// The time of a connection that is asked after.
#[cfg(unix)]
fn keepalive_time(raw: &socket2::SockRef<'_>) -> io::Result<Duration> {
    raw.tcp_keepalive_time()
}

/// Windows does not tell it.
#[cfg(not(unix))]
fn keepalive_time(_: &socket2::SockRef<'_>) -> io::Result<Duration> {
    Err(io::ErrorKind::Unsupported.into())
}
