//! A connection as hyper reads and writes it.
//!
//! What must hold:
//!
//! * what hyper is told was read has been written into its buffer;
//! * chango's own sockets read straight into that buffer, whatever is in it. It is new memory for each read,
//!   so anything done to all of it beforehand would be done for every message.

use std::any::TypeId;
use std::io::{self, IoSlice};
use std::marker::PhantomData;
use std::mem::{self, MaybeUninit};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, ready};

use ::hyper::rt::{Read, ReadBufCursor, Write};
use futures_lite::{AsyncRead, AsyncWrite};

use crate::net::TcpStream;
#[cfg(unix)]
use crate::net::UnixStream;

/// How much a stream that is not one of ours reads at once: its memory is filled with zeros before, so there
/// should not be much more of it than is going to be used. A record of TLS is of this size at most.
const PIECE: usize = 16 * 1024;

/// A connection for hyper: implements its [`Read`] and [`Write`] for whatever has `AsyncRead` and
/// `AsyncWrite` of futures-lite.
///
/// That is [`TcpStream`], [`UnixStream`](crate::net::UnixStream) and references to them, so that a connection
/// can have its deadlines set, or be closed, while hyper serves it; and what wraps them, such as a stream of
/// TLS. `TcpStream` and `UnixStream` read without a detour, and write head and body of a message with one
/// call.
///
/// # Examples
///
/// A connection that is not let idle for longer than a second:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// use chango::hyper::Io;
/// use chango::net::TcpStream;
/// use http_body_util::Full;
/// use hyper::body::{Bytes, Incoming};
/// use hyper::server::conn::http1;
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
///
/// async fn serve(stream: TcpStream) -> hyper::Result<()> {
///     let extend = || stream.set_read_deadline(Some(Instant::now() + Duration::from_secs(1)));
///     extend();
///     let service = service_fn(async |_: Request<Incoming>| {
///         extend();
///         hyper::Result::Ok(Response::new(Full::new(Bytes::from_static(b"hello"))))
///     });
///     http1::Builder::new().serve_connection(Io::new(&stream), service).await
/// }
/// ```
#[derive(Debug)]
pub struct Io<T> {
    stream: T,
}

impl<T> Io<T> {
    /// A connection over this stream.
    ///
    /// # Examples
    ///
    /// See the [module](super).
    pub fn new(stream: T) -> Self {
        Self { stream }
    }

    /// The stream.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(*chango::hyper::Io::new(7).get_ref(), 7);
    /// ```
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The stream, to be changed.
    ///
    /// # Examples
    ///
    /// ```
    /// let mut io = chango::hyper::Io::new(7);
    /// *io.get_mut() += 1;
    /// assert_eq!(io.into_inner(), 8);
    /// ```
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// The stream again.
    ///
    /// # Examples
    ///
    /// What a connection was upgraded to goes on over the stream; the bytes that hyper had read beyond the
    /// request are given with it:
    ///
    /// ```
    /// use chango::hyper::Io;
    /// use chango::net::TcpStream;
    /// use hyper::upgrade::Upgraded;
    ///
    /// fn stream_of(upgraded: Upgraded) -> (TcpStream, hyper::body::Bytes) {
    ///     let parts = upgraded.downcast::<Io<TcpStream>>().expect("it was one");
    ///     (parts.io.into_inner(), parts.read_buf)
    /// }
    /// ```
    pub fn into_inner(self) -> T {
        self.stream
    }
}

impl<T: AsyncRead + Unpin> Read for Io<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        // SAFETY: nothing is made uninitialized: `read` only writes bytes.
        let buffer = unsafe { cursor.as_mut() };
        let read = ready!(poll_read(&mut self.stream, cx, buffer))?;
        // SAFETY: what `read` promises.
        unsafe { cursor.advance(read) };
        Poll::Ready(Ok(()))
    }
}

/// Reads into the beginning of `buffer`: as many bytes of it as are returned hold something then.
fn poll_read<T: AsyncRead + Unpin>(
    stream: &mut T,
    cx: &mut Context<'_>,
    buffer: &mut [MaybeUninit<u8>],
) -> Poll<io::Result<usize>> {
    match Own::of(stream) {
        Some(own) => own.poll_read(cx, buffer),
        None => {
            let len = buffer.len().min(PIECE);
            let piece = zeroed(&mut buffer[..len]);
            let read = ready!(Pin::new(stream).poll_read(cx, piece))?;
            // Whoever counts wrong must not have memory taken for read that holds nothing.
            assert!(read <= len, "a read of more than there is room for");
            Poll::Ready(Ok(read))
        }
    }
}

fn zeroed(buffer: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    buffer.fill(MaybeUninit::new(0));
    // SAFETY: each byte was just written, and the reference is that of `buffer`.
    unsafe { &mut *(ptr::from_mut(buffer) as *mut [u8]) }
}

impl<T: AsyncWrite + Unpin> Write for Io<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buffer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, buffers)
    }

    /// Of the others it is not known. Where it is not so, hyper puts what is to be written together itself,
    /// which for TLS is better too: it makes one record.
    fn is_write_vectored(&self) -> bool {
        Own::of(&self.stream).is_some()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match ready!(Pin::new(&mut self.stream).poll_close(cx)) {
            // The other side has gone already, so there is nothing left to be ended.
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            closed => Poll::Ready(closed),
        }
    }
}

/// One of chango's own streams.
enum Own<'a> {
    Tcp(&'a TcpStream),
    #[cfg(unix)]
    Unix(&'a UnixStream),
}

impl<'a> Own<'a> {
    /// The stream, if it is one or refers to one. The compiler knows: nothing is left of it but the answer.
    #[inline]
    fn of<T>(stream: &'a T) -> Option<Self> {
        if let Some(tcp) = is::<T, TcpStream>(stream) {
            return Some(Self::Tcp(tcp));
        }
        #[cfg(unix)]
        if let Some(unix) = is::<T, UnixStream>(stream) {
            return Some(Self::Unix(unix));
        }
        None
    }

    fn poll_read(
        self,
        cx: &mut Context<'_>,
        buffer: &mut [MaybeUninit<u8>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_uninit(cx, buffer),
            #[cfg(unix)]
            Self::Unix(stream) => stream.poll_read_uninit(cx, buffer),
        }
    }
}

/// `stream` as an `S`, if `T` is `S` or `&S`. `S` has no lifetimes in it.
#[inline]
fn is<T, S: 'static>(stream: &T) -> Option<&S> {
    let id = type_id::<T>();
    if id == TypeId::of::<S>() {
        // SAFETY: types of one id differ in lifetimes at most, of which `S` has none: `T` is `S`.
        return Some(unsafe { &*ptr::from_ref(stream).cast::<S>() });
    }
    if id == TypeId::of::<&'static S>() {
        // SAFETY: `T` is `&S` with some lifetime, which is longer than that of the reference to it.
        return Some(unsafe { *ptr::from_ref(stream).cast::<&S>() });
    }
    None
}

/// The id of `T`, whatever the lifetimes in it. `Any` knows only types without any, and a bound that says
/// so would keep references from being served.
#[inline]
fn type_id<T>() -> TypeId {
    trait Id {
        fn id(&self) -> TypeId
        where
            Self: 'static;
    }

    impl<T> Id for PhantomData<T> {
        fn id(&self) -> TypeId
        where
            Self: 'static,
        {
            TypeId::of::<T>()
        }
    }

    let it = PhantomData::<T>;
    let it: &dyn Id = &it;
    // SAFETY: only the lifetime bound of the object changes, nothing is called through it but `id`, and that
    // makes no use of it: code is the same for all lifetimes.
    unsafe { mem::transmute::<&dyn Id, &(dyn Id + 'static)>(it) }.id()
}
