//! What streams do, whatever carries their bytes: as operations of their sockets, and as the methods
//! that `TcpStream`, `UnixStream` and their halves have in common.
//!
//! What must hold: of a `read`, `peek` or `write` that is dropped nothing has happened; of the
//! operations made of several of these, what their docs say.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::task::{Context, Poll};

use super::kind::Bytes;
use super::socket::{Direction, Socket};
use crate::netpoll::Step;
use crate::note::{At, Position};

/// How much `read_to_end` reads at once.
const CHUNK: usize = 16 * 1024;

/// In how many buffers a system reads at once, at least: POSIX's least `IOV_MAX`. What is in more of them may be
/// left over.
const BUFFERS: usize = 16;

/// How much a system reads at once, at least: Linux's most.
const MOST: usize = 0x7fff_f000;

/// What `read`, of at most `room` bytes, comes to. Where nothing is asked for it is not called: Linux would
/// have it wait. (Go does the same.)
fn step<S: Bytes>(
    room: usize,
    read: impl FnOnce() -> io::Result<usize>,
) -> io::Result<Step<usize>> {
    if room == 0 {
        return Ok(Step::last(0));
    }
    let read = read()?;
    Ok(Step {
        result: Some(read),
        // Of nothing, the end, nothing follows.
        drained: S::SHORT_READ_DRAINS && 0 < read && read < room.min(MOST),
    })
}

/// The operations, begun by the program at `at`.
impl<S: Bytes> Socket<S> {
    pub(super) fn read_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> impl Future<Output = io::Result<usize>> {
        self.go_on(Direction::Read, at, buffer.is_empty(), |source| {
            step::<S>(buffer.len(), || source.read(buffer))
        })
    }

    pub(super) fn poll_read(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_operate(
            Direction::Read,
            buffer.is_empty(),
            At::Unknown,
            cx,
            |source| step::<S>(buffer.len(), || source.read(buffer)),
        )
    }

    pub(super) fn poll_read_uninit(
        &self,
        cx: &mut Context<'_>,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        self.poll_operate(
            Direction::Read,
            buffer.is_empty(),
            At::Unknown,
            cx,
            |source| step::<S>(buffer.len(), || source.read_uninit(buffer)),
        )
    }

    pub(super) fn read_vectored_at(
        &self,
        buffers: &mut [IoSliceMut<'_>],
        at: Position,
    ) -> impl Future<Output = io::Result<usize>> {
        let room = room(buffers);
        self.go_on(Direction::Read, at, room == 0, move |source| {
            vectored_step::<S>(source, buffers)
        })
    }

    pub(super) fn poll_read_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        let room = room(buffers);
        self.poll_operate(Direction::Read, room == 0, At::Unknown, cx, |source| {
            vectored_step::<S>(source, buffers)
        })
    }

    pub(super) fn read_exact_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> impl Future<Output = io::Result<()>> {
        let mut rest = buffer;
        self.go_on(Direction::Read, at, rest.is_empty(), move |source| {
            let Step { result, drained } = step::<S>(rest.len(), || source.read(rest))?;
            if result == Some(0) && !rest.is_empty() {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            rest = &mut std::mem::take(&mut rest)[result.unwrap_or(0)..];
            Ok(Step {
                result: rest.is_empty().then_some(()),
                drained,
            })
        })
    }

    pub(super) async fn read_to_end_at(
        &self,
        buffer: &mut Vec<u8>,
        at: Position,
    ) -> io::Result<usize> {
        let start = buffer.len();
        // By way of a chunk: read straight into the buffer, a future that is dropped in between
        // would leave room behind what was read that holds nothing.
        let mut chunk = vec![0; CHUNK];
        loop {
            match self.read_at(&mut chunk, at).await? {
                0 => return Ok(buffer.len() - start),
                read => buffer.extend_from_slice(&chunk[..read]),
            }
        }
    }

    pub(super) fn peek_at(
        &self,
        buffer: &mut [u8],
        at: Position,
    ) -> impl Future<Output = io::Result<usize>> {
        self.go_on(
            Direction::Read,
            at,
            buffer.is_empty(),
            |source| match buffer.is_empty() {
                true => Ok(Step::last(0)),
                false => source.peek(buffer).map(Step::last),
            },
        )
    }

    pub(super) fn write_at(
        &self,
        buffer: &[u8],
        at: Position,
    ) -> impl Future<Output = io::Result<usize>> {
        self.operate(Direction::Write, at, |source| source.write(buffer))
    }

    pub(super) fn poll_write(
        &self,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_operate(Direction::Write, true, At::Unknown, cx, |source| {
            source.write(buffer).map(Step::last)
        })
    }

    pub(super) fn poll_write_vectored(
        &self,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.poll_operate(Direction::Write, true, At::Unknown, cx, |source| {
            source.write_vectored(buffers).map(Step::last)
        })
    }

    pub(super) fn write_vectored_at(
        &self,
        buffers: &[IoSlice<'_>],
        at: Position,
    ) -> impl Future<Output = io::Result<usize>> {
        self.operate(Direction::Write, at, |source| {
            source.write_vectored(buffers)
        })
    }

    pub(super) fn write_all_at(
        &self,
        buffer: &[u8],
        at: Position,
    ) -> impl Future<Output = io::Result<()>> {
        let mut rest = buffer;
        self.go_on(Direction::Write, at, true, move |source| {
            if !rest.is_empty() {
                match source.write(rest)? {
                    0 => return Err(io::ErrorKind::WriteZero.into()),
                    written => rest = &rest[written..],
                }
            }
            Ok(Step {
                result: rest.is_empty().then_some(()),
                drained: false,
            })
        })
    }

    /// Ends one direction or both.
    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.with(|source| Bytes::shutdown(source, how))
    }
}

fn vectored_step<S: Bytes>(source: &S, buffers: &mut [IoSliceMut<'_>]) -> io::Result<Step<usize>> {
    let mut step = step::<S>(room(buffers), || source.read_vectored(buffers))?;
    step.drained &= buffers.len() <= BUFFERS;
    Ok(step)
}

fn room(buffers: &[IoSliceMut<'_>]) -> usize {
    buffers.iter().map(|buffer| buffer.len()).sum()
}

/// The methods of what reads from a stream: of the stream itself and of its halves, which all have a
/// `socket()`. `$setup` is the beginning of their examples: it makes `runtime`, what is called `$it`, and
/// `peer`, the other side, which is one of std's.
macro_rules! reading_methods {
    ([$($generics:tt)*] $type:ty, $it:literal, $setup:expr) => {
        impl$($generics)* $type {
            /// Waits for bytes and reads what is there, at most `buffer.len()`. Zero: the other side has
            /// ended its writing, or the buffer is empty.
            ///
            /// Dropping the future loses no byte.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the stream is closed here or the runtime has shut down.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Write;
            ///
            #[doc = $setup]
            ///
            /// peer.write_all(b"hello")?;
            /// let mut buffer = [0; 64];
            #[doc = concat!("let read = runtime.block_on(", $it, ".read(&mut buffer))?;")]
            /// assert_eq!(&buffer[..read], b"hello");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn read(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
                self.socket().read_at(buffer, Location::caller())
            }

            /// The same as [`read`](Self::read) into several buffers, which are filled one after the other.
            ///
            /// Dropping the future loses no byte.
            ///
            /// # Errors
            ///
            /// As for [`read`](Self::read).
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::{IoSliceMut, Write};
            ///
            #[doc = $setup]
            ///
            /// peer.write_all(b"hello")?;
            /// let (mut first, mut rest) = ([0; 2], [0; 64]);
            /// let mut buffers = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut rest)];
            #[doc = concat!("let read = runtime.block_on(", $it, ".read_vectored(&mut buffers))?;")]
            /// assert_eq!((read, &first, &rest[..3]), (5, b"he", &b"llo"[..]));
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn read_vectored(
                &self,
                buffers: &mut [IoSliceMut<'_>],
            ) -> impl Future<Output = io::Result<usize>> {
                self.socket().read_vectored_at(buffers, Location::caller())
            }

            /// Reads until the buffer is full.
            ///
            /// A dropped future has read a part of it, and does not say how much.
            ///
            /// # Errors
            ///
            /// `UnexpectedEof` if the other side ends its writing before; else as for
            /// [`read`](Self::read).
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Write;
            ///
            #[doc = $setup]
            ///
            /// peer.write_all(b"hello")?;
            /// let mut buffer = [0; 4];
            #[doc = concat!("runtime.block_on(", $it, ".read_exact(&mut buffer))?;")]
            /// assert_eq!(&buffer, b"hell");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn read_exact(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<()>> {
                self.socket().read_exact_at(buffer, Location::caller())
            }

            /// Reads until the other side ends its writing, and adds it to `buffer`; how much that was.
            ///
            /// What a dropped future has read is in the buffer.
            ///
            /// # Errors
            ///
            /// As for [`read`](Self::read); what was read before is in the buffer.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Write;
            ///
            #[doc = $setup]
            ///
            /// peer.write_all(b"hello")?;
            /// drop(peer);
            /// let mut buffer = Vec::new();
            #[doc = concat!("runtime.block_on(", $it, ".read_to_end(&mut buffer))?;")]
            /// assert_eq!(buffer, b"hello");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn read_to_end(
                &self,
                buffer: &mut Vec<u8>,
            ) -> impl Future<Output = io::Result<usize>> {
                self.socket().read_to_end_at(buffer, Location::caller())
            }

            /// Waits for bytes and copies what is there, without taking it away.
            ///
            /// # Errors
            ///
            /// As for [`read`](Self::read).
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Write;
            ///
            #[doc = $setup]
            ///
            /// peer.write_all(b"hello")?;
            /// let mut first = [0];
            #[doc = concat!("runtime.block_on(", $it, ".peek(&mut first))?;")]
            /// assert_eq!(&first, b"h");
            #[doc = concat!("runtime.block_on(", $it, ".read_exact(&mut first))?;")]
            /// assert_eq!(&first, b"h");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn peek(&self, buffer: &mut [u8]) -> impl Future<Output = io::Result<usize>> {
                self.socket().peek_at(buffer, Location::caller())
            }
        }
    };
}

/// The methods of what writes to a stream, in the same manner.
macro_rules! writing_methods {
    ([$($generics:tt)*] $type:ty, $it:literal, $setup:expr) => {
        impl$($generics)* $type {
            /// Waits for room and writes what fits of `buffer`; how much that was.
            ///
            /// A dropped future has written nothing.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the stream is closed here or the runtime has shut down.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Read;
            ///
            #[doc = $setup]
            ///
            #[doc = concat!("let written = runtime.block_on(", $it, ".write(b\"hello\"))?;")]
            /// let mut buffer = vec![0; written];
            /// peer.read_exact(&mut buffer)?;
            /// assert!(b"hello".starts_with(&buffer));
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn write(&self, buffer: &[u8]) -> impl Future<Output = io::Result<usize>> {
                self.socket().write_at(buffer, Location::caller())
            }

            /// The same as [`write`](Self::write) from several buffers, one after the other.
            ///
            /// A dropped future has written nothing.
            ///
            /// # Errors
            ///
            /// As for [`write`](Self::write).
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::{IoSlice, Read};
            ///
            #[doc = $setup]
            ///
            /// let buffers = [IoSlice::new(b"hel"), IoSlice::new(b"lo")];
            #[doc = concat!("let written = runtime.block_on(", $it, ".write_vectored(&buffers))?;")]
            /// let mut buffer = vec![0; written];
            /// peer.read_exact(&mut buffer)?;
            /// assert!(b"hello".starts_with(&buffer));
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn write_vectored(
                &self,
                buffers: &[IoSlice<'_>],
            ) -> impl Future<Output = io::Result<usize>> {
                self.socket().write_vectored_at(buffers, Location::caller())
            }

            /// Writes all of `buffer`.
            ///
            /// A dropped future has written a part of it, and does not say how much.
            ///
            /// # Errors
            ///
            /// As for [`write`](Self::write).
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Read;
            ///
            #[doc = $setup]
            ///
            #[doc = concat!("runtime.block_on(", $it, ".write_all(b\"hello\"))?;")]
            /// let mut buffer = [0; 5];
            /// peer.read_exact(&mut buffer)?;
            /// assert_eq!(&buffer, b"hello");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn write_all(&self, buffer: &[u8]) -> impl Future<Output = io::Result<()>> {
                self.socket().write_all_at(buffer, Location::caller())
            }

            /// Does nothing: what is written is handed to the system at once.
            ///
            /// # Errors
            ///
            /// None; there for generic code.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            #[doc = concat!("runtime.block_on(", $it, ".flush())?;")]
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub async fn flush(&self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}

/// `AsyncRead`, for what has a `socket()`.
macro_rules! async_read {
    ([$($generics:tt)*] $type:ty) => {
        impl$($generics)* AsyncRead for $type {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_read(cx, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_read_vectored(cx, buffers)
            }
        }
    };
}

/// `AsyncWrite`, for what has a `socket()`.
macro_rules! async_write {
    ([$($generics:tt)*] $type:ty) => {
        impl$($generics)* AsyncWrite for $type {
            fn poll_write(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &[u8],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_write(cx, buffer)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffers: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_write_vectored(cx, buffers)
            }

            fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(Ok(()))
            }

            /// Ends the writing.
            fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
                Poll::Ready(self.socket().shutdown(Shutdown::Write))
            }
        }
    };
}

/// The methods of a stream whose socket is a `Socket<$mio>`. `$setup` is the beginning of their examples:
/// it makes `runtime`, `stream`, and `peer`, the other side, which is one of std's.
macro_rules! stream_methods {
    ($type:ident, $mio:ty, $setup:literal) => {
        $crate::net::stream::reading_methods!([] $type, "stream", $setup);
        $crate::net::stream::writing_methods!([] $type, "stream", $setup);
        $crate::net::stream::async_read!([] &$type);
        $crate::net::stream::async_read!([] $type);
        $crate::net::stream::async_write!([] &$type);
        $crate::net::stream::async_write!([] $type);

        impl $type {
            /// Ends the reading, the writing or both, for all who share the stream. After the writing has
            /// ended the other side reads to the end.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the stream is closed.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::{Read, Write};
            /// use std::net::Shutdown;
            ///
            #[doc = $setup]
            ///
            /// stream.shutdown(Shutdown::Write)?;
            /// assert_eq!(peer.read(&mut [0])?, 0);
            /// peer.write_all(b"still here")?;
            /// let mut buffer = Vec::new();
            /// drop(peer);
            /// runtime.block_on(stream.read_to_end(&mut buffer))?;
            /// assert_eq!(buffer, b"still here");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.socket().shutdown(how)
            }

            /// As `AsyncRead::poll_read`, into memory that need not hold anything yet: as many bytes at
            /// its beginning as are returned do then. For adapters, which may not read into it otherwise.
            #[doc(hidden)]
            pub fn poll_read_uninit(
                &self,
                cx: &mut Context<'_>,
                buffer: &mut [MaybeUninit<u8>],
            ) -> Poll<io::Result<usize>> {
                self.socket().poll_read_uninit(cx, buffer)
            }

            fn socket(&self) -> &Socket<$mio> {
                &self.socket
            }
        }
    };
}

pub(super) use {async_read, async_write, reading_methods, stream_methods, writing_methods};
