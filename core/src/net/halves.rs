//! Halves of streams: one reads, one writes, and each may belong to a goroutine of its own.
//!
//! A half is its stream, of which it shows a part of the methods. What must hold:
//!
//! * nobody but its two halves has a stream that was split into owned ones, so that it is whole again when
//!   both have come back;
//! * an owned half that writes ends the writing when it is dropped, unless it is forgotten or reunited.

/// `split` and `into_split` of a stream, and the types of its halves. `$mio` is what its socket holds,
/// `$addr` its kind of address, `$setup` the beginning of the examples: it makes `runtime`, `stream`, and
/// `peer`, the other side, which is one of std's.
macro_rules! halves {
    ($stream:ident, $mio:ty, $addr:ty, $module:literal, $setup:literal) => {
        impl $stream {
            /// A half that reads and one that writes, which borrow the stream: for two futures of one
            /// goroutine.
            ///
            /// All methods of a stream take `&self`, so the stream itself would do; halves are for code
            /// that wants each to be something of its own, as that with `AsyncRead` and `AsyncWrite` does.
            /// For two goroutines there is
            #[doc = concat!("[`into_split`](", stringify!($stream), "::into_split).")]
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::{Read, Write};
            ///
            /// use futures_lite::io;
            ///
            #[doc = $setup]
            ///
            /// peer.write_all(b"echo")?;
            /// peer.shutdown(std::net::Shutdown::Write)?;
            /// let (reader, mut writer) = stream.split();
            /// runtime.block_on(async {
            ///     io::copy(reader, &mut writer).await?;
            ///     writer.shutdown()
            /// })?;
            /// let mut echo = String::new();
            /// peer.read_to_string(&mut echo)?;
            /// assert_eq!(echo, "echo");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn split(&self) -> (ReadHalf<'_>, WriteHalf<'_>) {
                (ReadHalf { stream: self }, WriteHalf { stream: self })
            }

            /// A half that reads and one that writes, for two goroutines.
            ///
            /// The connection is closed when both are dropped. The half that writes ends the writing when
            /// it is dropped, so that the other side reads to the end.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::{Read, Write};
            ///
            /// use chango_core::spawn::spawn;
            ///
            #[doc = $setup]
            ///
            /// let (reader, writer) = stream.into_split();
            /// runtime.block_on(async {
            ///     let writes = spawn(async move { writer.write_all(b"question").await });
            ///     writes.await.expect("it does not panic")
            /// })?;
            /// let mut question = String::new();
            /// peer.read_to_string(&mut question)?;
            /// assert_eq!(question, "question");
            ///
            /// peer.write_all(b"answer")?;
            /// let mut answer = [0; 6];
            /// runtime.block_on(reader.read_exact(&mut answer))?;
            /// assert_eq!(&answer, b"answer");
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn into_split(self) -> (OwnedReadHalf, OwnedWriteHalf) {
                let stream = Arc::new(self);
                let reader = OwnedReadHalf {
                    stream: Arc::clone(&stream),
                };
                let writer = OwnedWriteHalf {
                    stream,
                    ends_writing: true,
                };
                (reader, writer)
            }
        }

        /// The half of a stream that reads, borrowed:
        #[doc = concat!("see [`", stringify!($stream), "::split`].")]
        ///
        /// # Examples
        ///
        /// ```
        /// use std::io::Write;
        ///
        #[doc = $setup]
        ///
        #[doc = concat!("let reader: chango_core::net::", $module, "::ReadHalf = stream.split().0;")]
        /// peer.write_all(b"hello")?;
        /// let mut buffer = [0; 5];
        /// runtime.block_on(reader.read_exact(&mut buffer))?;
        /// assert_eq!(&buffer, b"hello");
        /// # Ok::<(), std::io::Error>(())
        /// ```
        #[derive(Debug)]
        pub struct ReadHalf<'a> {
            stream: &'a $stream,
        }

        /// The half of a stream that writes, borrowed:
        #[doc = concat!("see [`", stringify!($stream), "::split`].")]
        ///
        /// Dropping it does nothing: the stream is still there.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::io::Read;
        ///
        #[doc = $setup]
        ///
        #[doc = concat!("let writer: chango_core::net::", $module, "::WriteHalf = stream.split().1;")]
        /// runtime.block_on(writer.write_all(b"hello"))?;
        /// let mut buffer = [0; 5];
        /// peer.read_exact(&mut buffer)?;
        /// assert_eq!(&buffer, b"hello");
        /// # Ok::<(), std::io::Error>(())
        /// ```
        #[derive(Debug)]
        pub struct WriteHalf<'a> {
            stream: &'a $stream,
        }

        /// The half of a stream that reads:
        #[doc = concat!("see [`", stringify!($stream), "::into_split`].")]
        ///
        /// Dropping it leaves the other half as it is.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::io::Write;
        ///
        #[doc = concat!("use chango_core::net::", $module, "::OwnedReadHalf;")]
        /// use futures_lite::StreamExt;
        /// use futures_lite::io::{AsyncBufReadExt, BufReader};
        #[doc = $setup]
        ///
        /// async fn lines(reader: OwnedReadHalf) -> std::io::Result<Vec<String>> {
        ///     BufReader::new(reader).lines().try_collect().await
        /// }
        ///
        /// let (reader, _writer) = stream.into_split();
        /// peer.write_all(b"one\ntwo\n")?;
        /// drop(peer);
        /// assert_eq!(runtime.block_on(lines(reader))?, ["one", "two"]);
        /// # Ok::<(), std::io::Error>(())
        /// ```
        #[derive(Debug)]
        pub struct OwnedReadHalf {
            stream: Arc<$stream>,
        }

        /// The half of a stream that writes:
        #[doc = concat!("see [`", stringify!($stream), "::into_split`].")]
        ///
        /// Dropping it ends the writing, and leaves the other half as it is;
        /// [`forget`](OwnedWriteHalf::forget) does without the first.
        ///
        /// # Examples
        ///
        /// ```
        /// use std::io::Read;
        ///
        #[doc = concat!("use chango_core::net::", $module, "::OwnedWriteHalf;")]
        #[doc = $setup]
        ///
        /// async fn answers(writer: OwnedWriteHalf) -> std::io::Result<()> {
        ///     writer.write_all(b"this is all").await
        /// }
        ///
        /// let (_reader, writer) = stream.into_split();
        /// runtime.block_on(answers(writer))?;
        /// let mut answer = String::new();
        /// peer.read_to_string(&mut answer)?;
        /// assert_eq!(answer, "this is all");
        /// # Ok::<(), std::io::Error>(())
        /// ```
        #[derive(Debug)]
        pub struct OwnedWriteHalf {
            stream: Arc<$stream>,
            /// Whether to do so when it is dropped.
            ends_writing: bool,
        }

        impl OwnedReadHalf {
            /// The whole stream again, from its two halves.
            ///
            /// # Errors
            ///
            /// Both halves, if they are not of one stream.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            ///
            /// let peer_addr = format!("{:?}", stream.peer_addr()?);
            /// let (reader, writer) = stream.into_split();
            #[doc = concat!("let stream: ", stringify!($stream), " = reader.reunite(writer)?;")]
            /// assert_eq!(format!("{:?}", stream.peer_addr()?), peer_addr);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn reunite(self, writer: OwnedWriteHalf) -> Result<$stream, ReuniteError> {
                if !Arc::ptr_eq(&self.stream, &writer.stream) {
                    return Err(ReuniteError(self, writer));
                }
                writer.forget();
                Ok(Arc::into_inner(self.stream).expect("the halves were two, and one is gone"))
            }
        }

        impl OwnedWriteHalf {
            /// The whole stream again, from its two halves.
            ///
            /// # Errors
            ///
            /// Both halves, if they are not of one stream.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            ///
            /// let (reader, writer) = stream.into_split();
            #[doc = concat!("let stream: ", stringify!($stream), " = writer.reunite(reader)?;")]
            /// # drop(stream);
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            pub fn reunite(self, reader: OwnedReadHalf) -> Result<$stream, ReuniteError> {
                reader.reunite(self)
            }

            /// Drops the half without ending the writing: the other side does not learn of it.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::{ErrorKind, Read};
            ///
            #[doc = $setup]
            ///
            /// let (_reader, writer) = stream.into_split();
            /// writer.forget();
            /// peer.set_nonblocking(true)?;
            /// let error = peer.read(&mut [0]).unwrap_err();
            /// assert_eq!(error.kind(), ErrorKind::WouldBlock);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn forget(mut self) {
                self.ends_writing = false;
            }
        }

        impl Drop for OwnedWriteHalf {
            fn drop(&mut self) {
                if self.ends_writing {
                    // It fails where the connection is at its end anyway.
                    let _ = self.socket().shutdown(Shutdown::Write);
                }
            }
        }

        $crate::net::halves::half!(
            [<'a>] ReadHalf<'a>, $stream, $mio, $addr, "reader", $setup,
            "let (reader, _) = stream.split();"
        );
        $crate::net::halves::half!(
            [<'a>] WriteHalf<'a>, $stream, $mio, $addr, "writer", $setup,
            "let (_, writer) = stream.split();"
        );
        $crate::net::halves::half!(
            [] OwnedReadHalf, $stream, $mio, $addr, "reader", $setup,
            "let (reader, _writer) = stream.into_split();"
        );
        $crate::net::halves::half!(
            [] OwnedWriteHalf, $stream, $mio, $addr, "writer", $setup,
            "let (_reader, writer) = stream.into_split();"
        );

        $crate::net::halves::reading_half!(
            [<'a>] ReadHalf<'a>,
            concat!($setup, "\nlet (reader, _) = stream.split();")
        );
        $crate::net::halves::writing_half!(
            [<'a>] WriteHalf<'a>,
            concat!($setup, "\nlet (_, writer) = stream.split();")
        );
        $crate::net::halves::reading_half!(
            [] OwnedReadHalf,
            concat!($setup, "\nlet (reader, _writer) = stream.into_split();")
        );
        $crate::net::halves::writing_half!(
            [] OwnedWriteHalf,
            concat!($setup, "\nlet (_reader, writer) = stream.into_split();")
        );

        /// The error of [`OwnedReadHalf::reunite`] and [`OwnedWriteHalf::reunite`]: the halves are not of
        /// one stream. It has both.
        ///
        /// # Examples
        ///
        /// ```
        #[doc = concat!("use chango_core::net::", $module, "::ReuniteError;")]
        #[doc = $setup]
        ///
        /// let copy = stream.try_clone()?;
        /// let (reader, _writer) = stream.into_split();
        /// let (_reader, writer) = copy.into_split();
        /// // A copy is another stream.
        /// let error: ReuniteError = reader.reunite(writer).unwrap_err();
        /// assert_eq!(error.to_string(), "the halves are not of one stream");
        /// let ReuniteError(reader, writer) = error;
        /// # drop((reader, writer));
        /// # Ok::<(), std::io::Error>(())
        /// ```
        #[derive(Debug)]
        pub struct ReuniteError(pub OwnedReadHalf, pub OwnedWriteHalf);

        impl fmt::Display for ReuniteError {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the halves are not of one stream")
            }
        }

        impl Error for ReuniteError {}
    };
}

/// What all halves have. In the examples a half is called `$it`, and `$split` makes it of `stream`.
macro_rules! half {
    (
        [$($generics:tt)*] $half:ty, $stream:ident, $mio:ty, $addr:ty, $it:literal, $setup:literal,
        $split:literal
    ) => {
        impl$($generics)* $half {
            /// The address of this side of the connection.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the stream is closed.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            #[doc = $split]
            #[doc = concat!("assert!(", $it, ".local_addr().is_ok());")]
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn local_addr(&self) -> io::Result<$addr> {
                self.stream.local_addr()
            }

            /// The address of the other side.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the stream is closed.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            #[doc = $split]
            #[doc = concat!("assert!(", $it, ".peer_addr().is_ok());")]
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn peer_addr(&self) -> io::Result<$addr> {
                self.stream.peer_addr()
            }

            /// Closes the stream, for both halves: whoever waits for it gets an error of kind
            /// `NotConnected`. To close it twice does nothing.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            #[doc = $split]
            #[doc = concat!($it, ".close();")]
            #[doc = concat!("let error = ", $it, ".local_addr().unwrap_err();")]
            /// assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn close(&self) {
                self.stream.close();
            }

            fn socket(&self) -> &Socket<$mio> {
                &self.stream.socket
            }
        }

        /// For what halves have no methods for, such as options.
        impl$($generics)* AsRef<$stream> for $half {
            fn as_ref(&self) -> &$stream {
                &self.stream
            }
        }
    };
}

/// What reads. `$setup` makes `runtime`, `peer` and `reader`.
macro_rules! reading_half {
    ([$($generics:tt)*] $half:ty, $setup:expr) => {
        $crate::net::stream::reading_methods!([$($generics)*] $half, "reader", $setup);
        $crate::net::stream::async_read!([$($generics)*] $half);

        impl$($generics)* $half {
            /// From `deadline` on whatever reads from the stream ends with an error of kind `TimedOut`,
            /// also what waits already and what would not have to wait; `None`: never. (Go:
            /// `SetReadDeadline`.)
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::time::{Duration, Instant};
            ///
            #[doc = $setup]
            ///
            /// reader.set_read_deadline(Some(Instant::now() + Duration::from_millis(5)));
            /// let error = runtime.block_on(reader.read(&mut [0])).unwrap_err();
            /// assert_eq!(error.kind(), ErrorKind::TimedOut);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_read_deadline(&self, deadline: Option<Instant>) {
                self.socket().set_deadline(Direction::Read, deadline);
            }
        }
    };
}

/// What writes. `$setup` makes `runtime`, `peer` and `writer`.
macro_rules! writing_half {
    ([$($generics:tt)*] $half:ty, $setup:expr) => {
        $crate::net::stream::writing_methods!([$($generics)*] $half, "writer", $setup);
        $crate::net::stream::async_write!([$($generics)*] $half);

        impl$($generics)* $half {
            /// From `deadline` on whatever writes to the stream ends with an error of kind `TimedOut`,
            /// also what waits already and what would not have to wait; `None`: never. (Go:
            /// `SetWriteDeadline`.)
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::time::Instant;
            ///
            #[doc = $setup]
            ///
            /// writer.set_write_deadline(Some(Instant::now()));
            /// let error = runtime.block_on(writer.write(b"too late")).unwrap_err();
            /// assert_eq!(error.kind(), ErrorKind::TimedOut);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_write_deadline(&self, deadline: Option<Instant>) {
                self.socket().set_deadline(Direction::Write, deadline);
            }

            /// Ends the writing: the other side reads to the end.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the stream is closed.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::Read;
            ///
            #[doc = $setup]
            ///
            /// writer.shutdown()?;
            /// assert_eq!(peer.read(&mut [0])?, 0);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn shutdown(&self) -> io::Result<()> {
                self.socket().shutdown(Shutdown::Write)
            }
        }
    };
}

pub(super) use {half, halves, reading_half, writing_half};
