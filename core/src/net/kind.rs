//! The kinds of sockets: what mio's types have in common, so that the rest is written once.
//!
//! What must hold: whatever may say that it would block goes through the methods of mio's types, since
//! on Windows these ask for the next event. Only what is for Unix alone may take the raw socket.

use std::io::{self, IoSlice, IoSliceMut, Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{self, Shutdown};

use mio::event::Source;
use socket2::SockRef;

use crate::sys;

/// A socket of mio's, which has a type of std's.
pub(super) trait Kind: Source + Into<Self::Std> + Send + Sync + 'static {
    /// The type of std's.
    type Std: From<socket2::Socket>;

    /// Takes over a socket that does not block.
    fn from_std(std: Self::Std) -> Self;

    /// For options and copies.
    fn raw(&self) -> SockRef<'_>;
}

/// Makes types of mio's kinds.
macro_rules! kinds {
    ($($mio:ty, $std:ty;)*) => {$(
        impl Kind for $mio {
            type Std = $std;

            fn from_std(std: $std) -> Self {
                Self::from_std(std)
            }

            fn raw(&self) -> SockRef<'_> {
                SockRef::from(self)
            }
        }
    )*};
}

kinds! {
    mio::net::TcpListener, net::TcpListener;
    mio::net::TcpStream, net::TcpStream;
    mio::net::UdpSocket, net::UdpSocket;
}

#[cfg(unix)]
kinds! {
    mio::net::UnixListener, std::os::unix::net::UnixListener;
    mio::net::UnixStream, std::os::unix::net::UnixStream;
    mio::net::UnixDatagram, std::os::unix::net::UnixDatagram;
}

/// What carries bytes in order.
pub(super) trait Bytes: Kind {
    /// Whether a read that gives less than was asked for has taken all there was.
    const SHORT_READ_DRAINS: bool;

    /// Takes what is there and fits.
    fn read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// The same into memory that need not hold anything yet: so many bytes at its beginning do then.
    fn read_uninit(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize>;

    /// The same into several buffers.
    fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize>;

    /// Copies what is there without taking it away.
    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Sends what there is room for.
    fn write(&self, buffer: &[u8]) -> io::Result<usize>;

    /// The same from several buffers.
    fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize>;

    /// Ends one direction or both.
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

/// Makes types of mio's carriers of bytes: `type, whether a short read drains, |stream, buffer| peek`.
macro_rules! bytes {
    ($($mio:ty, $drains:expr, |$stream:ident, $buffer:ident| $peek:expr;)*) => {$(
        impl Bytes for $mio {
            const SHORT_READ_DRAINS: bool = $drains;

            fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                (&mut &*self).read(buffer)
            }

            fn read_uninit(&self, buffer: &mut [MaybeUninit<u8>]) -> io::Result<usize> {
                // Through mio's method, for Windows.
                self.try_io(|| self.raw().recv(buffer))
            }

            fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&mut &*self).read_vectored(buffers)
            }

            fn peek(&self, $buffer: &mut [u8]) -> io::Result<usize> {
                let $stream = self;
                $peek
            }

            fn write(&self, buffer: &[u8]) -> io::Result<usize> {
                (&mut &*self).write(buffer)
            }

            fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                (&mut &*self).write_vectored(buffers)
            }

            fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.shutdown(how)
            }
        }
    )*};
}

bytes! {
    mio::net::TcpStream, sys::SHORT_READ_DRAINS, |stream, buffer| stream.peek(buffer);
}

#[cfg(unix)]
bytes! {
    // A read stops where other things than bytes were sent along.
    mio::net::UnixStream, false, |stream, buffer| peek(&stream.raw(), buffer);
}

/// What carries messages, to the other side that it is connected with.
pub(super) trait Messages: Kind {
    /// Sends one.
    fn send(&self, message: &[u8]) -> io::Result<usize>;

    /// Takes one, or as much of it as fits.
    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Copies one without taking it away.
    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize>;
}

impl Messages for mio::net::UdpSocket {
    fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.send(message)
    }

    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer)
    }

    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.peek(buffer)
    }
}

#[cfg(unix)]
impl Messages for mio::net::UnixDatagram {
    fn send(&self, message: &[u8]) -> io::Result<usize> {
        self.send(message)
    }

    fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.recv(buffer)
    }

    fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        peek(&self.raw(), buffer)
    }
}

/// What neither std nor mio has for Unix sockets.
#[cfg(unix)]
fn peek(socket: &SockRef<'_>, buffer: &mut [u8]) -> io::Result<usize> {
    let (start, len) = (buffer.as_mut_ptr(), buffer.len());
    // SAFETY: the bytes of the buffer, which nobody else uses meanwhile; socket2 promises to write
    // nothing into them but what was received, so they stay initialized.
    let buffer = unsafe { std::slice::from_raw_parts_mut(start.cast(), len) };
    socket.peek(buffer)
}
