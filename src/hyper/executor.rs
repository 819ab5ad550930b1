//! Goroutines that hyper starts.

use std::future::Future;
use std::panic::Location;

use ::hyper::rt;
use chango_core::spawn::spawn_at;

/// Starts a goroutine for whatever hyper wants to have run: each request of a connection of HTTP/2, and the
/// connection of a client's.
///
/// Dumps and messages of panics show these goroutines as spawned where the executor was made.
///
/// # Examples
///
/// ```
/// use chango::hyper::{Executor, Io};
/// use chango::net::TcpStream;
/// use http_body_util::Full;
/// use hyper::body::{Bytes, Incoming};
/// use hyper::server::conn::http2;
/// use hyper::service::service_fn;
/// use hyper::{Request, Response};
///
/// async fn hello(_: Request<Incoming>) -> hyper::Result<Response<Full<Bytes>>> {
///     Ok(Response::new(Full::from("hello")))
/// }
///
/// async fn serve(stream: TcpStream) -> hyper::Result<()> {
///     let http = http2::Builder::new(Executor::new());
///     http.serve_connection(Io::new(stream), service_fn(hello)).await
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Executor {
    made_at: &'static Location<'static>,
}

impl Executor {
    /// The executor of whatever runtime it is used in.
    ///
    /// # Examples
    ///
    /// See [`Executor`].
    #[track_caller]
    pub fn new() -> Self {
        Self {
            made_at: Location::caller(),
        }
    }
}

impl Default for Executor {
    #[track_caller]
    fn default() -> Self {
        Self::new()
    }
}

impl<F> rt::Executor<F> for Executor
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    /// # Panics
    ///
    /// Outside every runtime.
    fn execute(&self, future: F) {
        spawn_at(self.made_at, future).detach();
    }
}
