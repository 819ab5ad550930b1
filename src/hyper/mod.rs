//! HTTP by hyper: what hyper 1.x needs of a runtime. (Go: `net/http`.)
//!
//! With the feature `hyper` of this crate. HTTP/1.1 and HTTP/2, server and client, are hyper's, by the features
//! of that crate which a program chooses itself:
//!
//! ```toml
//! chango = { version = "0.1", features = ["hyper"] }
//! hyper = { version = "1", features = ["http1", "server"] }
//! http-body-util = "0.1"
//! ```
//!
//! | hyper asks for | here |
//! |---|---|
//! | a connection, `rt::Read` and `rt::Write` | [`Io::new(stream)`](Io::new) |
//! | a timer, for its timeouts | [`Timer`] |
//! | an executor, for the streams of HTTP/2 | [`Executor`] |
//!
//! hyper takes its locks from tokio, so that crate is built; nothing of tokio's runtime is, and none is needed.
//!
//! Everything else is as ever: a goroutine a connection, which may wait for channels in its service; a
//! receiver as the body of a response (`http_body_util::StreamBody::new(rx)`: a slow client makes the sender
//! wait); signals, timers and the connection itself in one `select!`. `examples/http_server.rs` has all of
//! that, `examples/http_client.rs` the other side.
//!
//! ```
//! use chango::hyper::Io;
//! use chango::net::{TcpListener, TcpStream};
//! use chango::prelude::*;
//! use http_body_util::{BodyExt, Empty, Full};
//! use hyper::body::{Bytes, Incoming};
//! use hyper::service::service_fn;
//! use hyper::{Request, Response, client, server};
//!
//! async fn hello(request: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
//!     let text = format!("hello from {}", request.uri());
//!     Ok(Response::new(Full::from(text)))
//! }
//!
//! async fn serve(listener: TcpListener) -> std::io::Result<()> {
//!     loop {
//!         let (stream, _peer) = listener.accept().await?;
//!         go! {
//!             let http = server::conn::http1::Builder::new();
//!             if let Err(error) = http.serve_connection(Io::new(stream), service_fn(hello)).await {
//!                 println!("{error}");
//!             }
//!         };
//!     }
//! }
//!
//! #[chango::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     go!(serve(listener));
//!
//!     let stream = TcpStream::connect(address).await?;
//!     let (mut requests, connection) = client::conn::http1::handshake(Io::new(stream)).await?;
//!     go!(async move { connection.await });
//!     let response = requests.send_request(Request::get("/a/page").body(Empty::<Bytes>::new())?).await?;
//!     let text = response.into_body().collect().await?.to_bytes();
//!     assert_eq!(text, "hello from /a/page");
//!     Ok(())
//! }
//! ```
//!
//! A connection on which small pieces of a body go out one by one wants `stream.set_nodelay(true)`, as for any
//! protocol: without it the system may keep a piece back until the one before it is acknowledged, 40 ms. (Go sets
//! it on every connection.)
//!
//! # Panics
//!
//! A service of HTTP/1 runs in the goroutine of its connection, so a panic in it ends that goroutine and closes
//! that connection. With HTTP/2 each request is a goroutine, started by [`Executor`], and a panic resets that
//! stream only.

mod executor;
mod io;
mod time;

pub use self::executor::Executor;
pub use self::io::Io;
pub use self::time::Timer;
