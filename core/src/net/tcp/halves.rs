//! The halves of a `TcpStream`, as `net::halves` has them.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Shutdown, SocketAddr};
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_lite::{AsyncRead, AsyncWrite};

use super::stream::TcpStream;
use crate::net::halves::halves;
use crate::net::socket::{Direction, Socket};

halves!(
    TcpStream,
    mio::net::TcpStream,
    SocketAddr,
    "tcp",
    "use chango_core::net::TcpStream;
use chango_core::runtime;

let server = std::net::TcpListener::bind(\"127.0.0.1:0\")?;
let runtime = runtime::Builder::new().build()?;
let stream = runtime.block_on(TcpStream::connect(server.local_addr()?))?;
let (mut peer, _) = server.accept()?;"
);
