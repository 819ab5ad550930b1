//! The halves of a `UnixStream`, as `net::halves` has them.

use std::error::Error;
use std::fmt;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::panic::Location;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use futures_lite::{AsyncRead, AsyncWrite};

use super::stream::UnixStream;
use crate::net::halves::halves;
use crate::net::socket::{Direction, Socket};

halves!(
    UnixStream,
    mio::net::UnixStream,
    SocketAddr,
    "unix",
    "use chango_core::net::UnixStream;
use chango_core::runtime;

let (theirs, mut peer) = std::os::unix::net::UnixStream::pair()?;
let runtime = runtime::Builder::new().build()?;
let stream = runtime.block_on(async { UnixStream::from_std(theirs) })?;"
);
