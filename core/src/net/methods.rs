//! The methods that are the same for all kinds of sockets, with their documentation.
//!
//! Each macro makes an `impl` of a type whose field `socket` is a `Socket`. `$theirs` is the beginning of
//! their examples: it makes `theirs`, a socket of std's.

/// Taking over from std, giving back, copying and closing.
macro_rules! common_methods {
    ($type:ident, $std:ty, $theirs:literal) => {
        impl $type {
            /// Takes over a socket of std's.
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
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            /// let handle = runtime.handle();
            /// let _entered = handle.enter();
            #[doc = concat!("let ours = net::", stringify!($type), "::from_std(theirs)?;")]
            /// # drop(ours);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn from_std(std: $std) -> io::Result<Self> {
                let socket = Socket::from_std(std, concat!("a ", stringify!($type)))?;
                Ok(Self { socket })
            }

            /// Gives the socket back as one of std's, which blocks.
            ///
            /// Whether it blocks is the same for all copies of a socket: one of
            #[doc = concat!("[`try_clone`](", stringify!($type), "::try_clone)")]
            /// that stays behind would block its thread.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` if the socket is closed.
            ///
            /// # Examples
            ///
            /// ```
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            #[doc = concat!(
                        "let from_std = async { net::", stringify!($type), "::from_std(theirs) };"
                    )]
            /// let ours = runtime.block_on(from_std)?;
            #[doc = concat!("let theirs: ", stringify!($std), " = ours.into_std()?;")]
            /// # drop(theirs);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn into_std(self) -> io::Result<$std> {
                self.socket.into_std()
            }

            /// The same socket again, with a descriptor of its own.
            ///
            /// What arrives is there for one of the two. Each has its own deadlines, and is closed by
            /// itself; the options are the same.
            ///
            /// # Errors
            ///
            /// The system's, which has no descriptor left; `NotConnected` once the socket is closed.
            ///
            /// # Examples
            ///
            /// ```
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            #[doc = concat!(
                        "let from_std = async { net::", stringify!($type), "::from_std(theirs) };"
                    )]
            /// let ours = runtime.block_on(from_std)?;
            /// let copy = ours.try_clone()?;
            /// ours.close();
            /// assert!(copy.local_addr().is_ok());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn try_clone(&self) -> io::Result<Self> {
                let socket = self.socket.try_clone()?;
                Ok(Self { socket })
            }

            /// The error that the system keeps for the socket, if there is one; it is forgotten then.
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the socket is closed.
            ///
            /// # Examples
            ///
            /// ```
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            #[doc = concat!(
                        "let from_std = async { net::", stringify!($type), "::from_std(theirs) };"
                    )]
            /// let ours = runtime.block_on(from_std)?;
            /// assert!(ours.take_error()?.is_none());
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.socket.with(|source| source.take_error())
            }

            /// Closes the socket, for all who share it: whoever waits for it gets an error of kind
            /// `NotConnected`. To close it twice does nothing.
            ///
            /// # Examples
            ///
            /// ```
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            #[doc = concat!(
                        "let from_std = async { net::", stringify!($type), "::from_std(theirs) };"
                    )]
            /// let ours = runtime.block_on(from_std)?;
            /// ours.close();
            /// let error = ours.local_addr().unwrap_err();
            /// assert_eq!(error.kind(), std::io::ErrorKind::NotConnected);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn close(&self) {
                self.socket.close();
            }
        }
    };
}

/// The deadlines of what is read and written, by methods of these names.
macro_rules! deadline_methods {
    ($type:ident, $read:literal, $write:literal, $theirs:literal) => {
        impl $type {
            /// From `deadline` on whatever takes bytes in ends with an error of kind `TimedOut`, also
            /// what waits already and what would not have to wait; `None`: never. (Go:
            /// `SetReadDeadline`.)
            ///
            /// A deadline is a moment, not a duration, and stays until it is changed; it can be put
            /// off after it has passed. A deadline is waited for inside a runtime: what would have to
            /// wait elsewhere panics.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::time::{Duration, Instant};
            ///
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            /// let error = runtime.block_on(async {
            #[doc = concat!("    let ours = net::", stringify!($type), "::from_std(theirs)?;")]
            ///     ours.set_read_deadline(Some(Instant::now() + Duration::from_millis(5)));
            #[doc = concat!("    ours.", $read, "(&mut [0]).await")]
            /// });
            /// assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_read_deadline(&self, deadline: Option<Instant>) {
                self.socket.set_deadline(Direction::Read, deadline);
            }

            /// From `deadline` on whatever sends bytes ends with an error of kind `TimedOut`. (Go:
            /// `SetWriteDeadline`.)
            ///
            #[doc = concat!(
                                "The rest is as for [`set_read_deadline`](", stringify!($type),
                                "::set_read_deadline)."
                            )]
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::time::Instant;
            ///
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            /// let error = runtime.block_on(async {
            #[doc = concat!("    let ours = net::", stringify!($type), "::from_std(theirs)?;")]
            ///     ours.set_write_deadline(Some(Instant::now()));
            #[doc = concat!("    ours.", $write, "(b\"too late\").await")]
            /// });
            /// assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_write_deadline(&self, deadline: Option<Instant>) {
                self.socket.set_deadline(Direction::Write, deadline);
            }

            /// Sets both deadlines. (Go: `SetDeadline`.)
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::time::Instant;
            ///
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            /// let error = runtime.block_on(async {
            #[doc = concat!("    let ours = net::", stringify!($type), "::from_std(theirs)?;")]
            ///     ours.set_deadline(Some(Instant::now()));
            #[doc = concat!("    ours.", $read, "(&mut [0]).await")]
            /// });
            /// assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_deadline(&self, deadline: Option<Instant>) {
                self.set_read_deadline(deadline);
                self.set_write_deadline(deadline);
            }
        }
    };
}

/// What listeners have.
macro_rules! listener_methods {
    ($type:ident, $stream:ident, $theirs:literal) => {
        impl $type {
            /// The connections as they come, without end:
            #[doc = concat!("[`accept`](", stringify!($type), "::accept)")]
            /// as a stream.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::pin::pin;
            /// use std::time::Instant;
            ///
            /// use chango_core::{net, runtime};
            /// use futures_lite::StreamExt;
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            /// runtime.block_on(async {
            #[doc = concat!("    let listener = net::", stringify!($type), "::from_std(theirs)?;")]
            ///     let mut incoming = pin!(listener.incoming());
            ///     // Nobody comes.
            ///     listener.set_deadline(Some(Instant::now()));
            ///     let error = incoming.next().await.expect("it never ends").unwrap_err();
            ///     assert_eq!(error.kind(), ErrorKind::TimedOut);
            ///     Ok::<(), std::io::Error>(())
            /// })
            /// # ?; Ok::<(), std::io::Error>(())
            /// ```
            #[track_caller]
            pub fn incoming(&self) -> impl Stream<Item = io::Result<$stream>> + Send + '_ {
                let incoming = self
                    .socket
                    .incoming_at(Location::caller(), |source| source.accept());
                incoming.map(|accepted| accepted.map(|socket| $stream { socket }))
            }

            /// From `deadline` on an `accept` ends with an error of kind `TimedOut`, also one that
            /// waits already; `None`: never. (Go: `SetDeadline`.)
            ///
            /// It is waited for inside a runtime: an `accept` that would have to wait elsewhere
            /// panics.
            ///
            /// # Examples
            ///
            /// ```
            /// use std::io::ErrorKind;
            /// use std::time::{Duration, Instant};
            ///
            /// use chango_core::{net, runtime};
            ///
            #[doc = $theirs]
            /// let runtime = runtime::Builder::new().build()?;
            /// let error = runtime.block_on(async {
            #[doc = concat!("    let listener = net::", stringify!($type), "::from_std(theirs)?;")]
            ///     listener.set_deadline(Some(Instant::now() + Duration::from_millis(5)));
            ///     listener.accept().await
            /// });
            /// assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn set_deadline(&self, deadline: Option<Instant>) {
                self.socket.set_deadline(Direction::Read, deadline);
            }
        }
    };
}

/// Options, each with how it is set and read. `$setup` is the beginning of their examples: it makes `socket`.
/// Each is: its documentation; the names of the two methods; the type; a value; what holds when that is set;
/// and with `raw`, socket2's view of the socket, how the value is set and read.
macro_rules! option_methods {
    ($type:ident, $setup:literal, $(
        $(#[doc = $doc:literal])+
        $set:ident, $get:ident: $value:ty, $sample:literal, $holds:literal,
        |$raw:ident, $new:ident| $do_set:expr, $do_get:expr;
    )+) => {
        impl $type {$(
            $(#[doc = $doc])+
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the socket is closed.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            #[doc = concat!("socket.", stringify!($set), "(", $sample, ")?;")]
            #[doc = concat!("assert!(", $holds, ");")]
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn $set(&self, $new: $value) -> io::Result<()> {
                self.socket.with(|source| {
                    let $raw = Kind::raw(source);
                    $do_set
                })
            }

            #[doc = concat!("What [`", stringify!($set), "`](Self::", stringify!($set), ") set.")]
            ///
            /// # Errors
            ///
            /// The system's; `NotConnected` once the socket is closed.
            ///
            /// # Examples
            ///
            /// ```
            #[doc = $setup]
            #[doc = concat!("socket.", stringify!($set), "(", $sample, ")?;")]
            #[doc = concat!("assert!(", $holds, ");")]
            /// # Ok::<(), std::io::Error>(())
            /// ```
            pub fn $get(&self) -> io::Result<$value> {
                self.socket.with(|source| {
                    let $raw = Kind::raw(source);
                    $do_get
                })
            }
        )+}
    };
}

/// How much the system keeps of what goes in and out.
macro_rules! buffer_methods {
    ($type:ident, $setup:literal) => {
        option_methods!(
            $type,
            $setup,
            /// How many bytes the system keeps that nobody has read yet (`SO_RCVBUF`). It takes its own view of the
            /// number: Linux doubles it, and cuts it down to a maximum. (Go: `SetReadBuffer`.)
            set_recv_buffer_size, recv_buffer_size: usize, "16384", "socket.recv_buffer_size()? >= 16384",
            |raw, bytes| raw.set_recv_buffer_size(bytes), raw.recv_buffer_size();
            /// How many bytes the system keeps that are not sent yet (`SO_SNDBUF`), with its own view of the
            /// number as for [`set_recv_buffer_size`](Self::set_recv_buffer_size). (Go: `SetWriteBuffer`.)
            set_send_buffer_size, send_buffer_size: usize, "16384", "socket.send_buffer_size()? >= 16384",
            |raw, bytes| raw.set_send_buffer_size(bytes), raw.send_buffer_size();
        );
    };
}

pub(super) use {
    buffer_methods, common_methods, deadline_methods, listener_methods, option_methods,
};
