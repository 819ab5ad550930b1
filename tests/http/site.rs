//! The server that most tests talk to, and the client that some of them talk with.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::pin::pin;

use chango::hyper::{Executor, Io};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use futures_lite::StreamExt;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Empty, Full, StreamBody};
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::client::conn as client;
use hyper::server::conn as server;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};

pub(crate) type AnyBody = BoxBody<Bytes, hyper::Error>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

pub(crate) const BOTH: [Version; 2] = [Version::One, Version::Two];

pub(crate) fn text(text: impl Into<Bytes>) -> AnyBody {
    Full::new(text.into())
        .map_err(|never| match never {})
        .boxed()
}

pub(crate) fn nothing() -> AnyBody {
    Empty::new().map_err(|never| match never {}).boxed()
}

/// A body of what is sent into a channel.
pub(crate) fn body_of(pieces: Receiver<Bytes>) -> AnyBody {
    let frames = StreamExt::map(pieces, |piece| Ok(Frame::data(piece)));
    BodyExt::boxed(StreamBody::new(frames))
}

/// Numbered lines from a goroutine of their own.
fn count(lines: usize) -> AnyBody {
    let (tx, rx) = bounded::<Bytes>(0);
    go! {
        for line in 1..=lines { tx <- Bytes::from(format!("line {line}\n")); }
    };
    body_of(rx)
}

/// The site.
pub(crate) async fn site(request: Request<Incoming>) -> Result<Response<AnyBody>, Infallible> {
    let path = request.uri().path().to_owned();
    let body = match (request.method(), path.as_str()) {
        (&Method::GET, "/hello") => text("hello"),
        (&Method::POST, "/echo") => request.into_body().boxed(),
        (&Method::GET, "/panic") => panic!("as the request has asked for"),
        (&Method::GET, path) if path.starts_with("/count/") => {
            count(path["/count/".len()..].parse().expect("a number"))
        }
        _ => {
            let mut response = Response::new(text("there is no such page"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return Ok(response);
        }
    };
    Ok(Response::new(body))
}

/// Serves one connection.
pub(crate) async fn serve_one<F>(
    version: Version,
    stream: TcpStream,
    service: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
) -> hyper::Result<()>
where
    F: Future<Output = Result<Response<AnyBody>, Infallible>> + Send + 'static,
{
    let (io, service) = (Io::new(stream), service_fn(service));
    match version {
        Version::One => {
            server::http1::Builder::new()
                .serve_connection(io, service)
                .await
        }
        Version::Two => {
            let http = server::http2::Builder::new(Executor::new());
            http.serve_connection(io, service).await
        }
    }
}

/// Starts a server of this, which ends with its runtime.
pub(crate) async fn serve<F>(
    version: Version,
    service: impl Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = Result<Response<AnyBody>, Infallible>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    go! {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            // Clients here come and go as they please, so an error is no mistake.
            go!(serve_one(version, stream, service.clone()));
        }
    };
    address
}

/// A client of one connection.
pub(crate) enum Client {
    One(client::http1::SendRequest<AnyBody>),
    Two(client::http2::SendRequest<AnyBody>),
}

impl Client {
    pub(crate) async fn connect(version: Version, address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let io = Io::new(stream);
        match version {
            Version::One => {
                let (requests, connection) = client::http1::handshake(io).await.unwrap();
                go! { connection.await };
                Self::One(requests)
            }
            Version::Two => {
                let http = client::http2::Builder::new(Executor::new());
                let (requests, connection) = http.handshake(io).await.unwrap();
                go! { connection.await };
                Self::Two(requests)
            }
        }
    }

    pub(crate) async fn send(
        &mut self,
        request: Request<AnyBody>,
    ) -> hyper::Result<Response<Incoming>> {
        match self {
            Self::One(requests) => {
                requests.ready().await?;
                requests.send_request(request).await
            }
            Self::Two(requests) => {
                requests.ready().await?;
                requests.send_request(request).await
            }
        }
    }

    pub(crate) async fn get(&mut self, path: &str) -> hyper::Result<Vec<u8>> {
        let response = self.send(get(path)).await?;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        all(response.into_body()).await
    }
}

pub(crate) fn get(path: &str) -> Request<AnyBody> {
    let uri = format!("http://site{path}");
    let request = Request::get(uri).header("host", "site");
    request.body(nothing()).unwrap()
}

pub(crate) fn post(path: &str, body: AnyBody) -> Request<AnyBody> {
    let uri = format!("http://site{path}");
    let request = Request::post(uri).header("host", "site");
    request.body(body).unwrap()
}

/// The next piece of a body with something in it; `None` at the end.
pub(crate) async fn piece<B>(body: &mut B) -> Option<Result<Bytes, B::Error>>
where
    B: Body<Data = Bytes> + Unpin,
{
    loop {
        let frame = body.frame().await?;
        match frame.map(|frame| frame.into_data().unwrap_or_default()) {
            // HTTP/2 may say with such a piece that it was the last.
            Ok(piece) if piece.is_empty() => {}
            piece => return Some(piece),
        }
    }
}

/// All of a body.
pub(crate) async fn all<B: Body<Data = Bytes>>(body: B) -> Result<Vec<u8>, B::Error> {
    let mut body = pin!(body);
    let mut bytes = Vec::new();
    while let Some(piece) = piece(&mut body).await {
        bytes.extend_from_slice(&piece?);
    }
    Ok(bytes)
}

/// Bytes that tell where they belong.
pub(crate) fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}
