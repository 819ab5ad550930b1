//! An HTTP server: a goroutine for each connection, which is kept for request after request, a body that
//! comes out of a channel, and a good end at SIGINT (Ctrl-C) or SIGTERM (`kill`).
//!
//! `cargo run --features hyper --example http_server -- 127.0.0.1:7003` (that is the default address)
//! `cargo run --features hyper --example http_server -- --demo` makes some requests to itself, and ends.
//!
//! | | |
//! |---|---|
//! | `GET /` | a plain text |
//! | `GET /json` | what the runtime is doing |
//! | `GET /ticks` | ten lines, one every 20 ms |
//! | `POST /echo` | what is sent, while it is being sent |

use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;

use chango::hyper::{Io, Timer};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, client, server};

/// How long a connection may do nothing, or take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long connections may go on after the signal.
const LIMIT: Duration = Duration::from_secs(10);

type Body = BoxBody<Bytes, hyper::Error>;
type AnyError = Box<dyn Error + Send + Sync>;

fn text(text: impl Into<Bytes>) -> Body {
    let body = Full::new(text.into()).map_err(|never| match never {});
    body.boxed()
}

/// A body of what a goroutine sends into a channel. A slow client makes it wait, and when the client has gone
/// nobody receives any more, so that the send ends the goroutine.
fn ticks() -> Body {
    let (tx, rx) = bounded(0);
    go! {
        let ticker = tick(Duration::from_millis(20));
        for number in 1..=10 {
            <-ticker;
            tx <- Ok(Frame::data(Bytes::from(format!("tick {number}\n"))));
        }
    };
    BodyExt::boxed(StreamBody::new(rx))
}

async fn route(request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    let mut status = StatusCode::OK;
    let (kind, body) = match (request.method(), request.uri().path()) {
        (&Method::GET, "/") => ("text/plain", text("hello from chango\n")),
        (&Method::GET, "/json") => {
            let goroutines = chango::runtime::num_goroutines();
            let workers = chango::runtime::max_procs();
            let json = format!("{{\"goroutines\":{goroutines},\"workers\":{workers}}}\n");
            ("application/json", text(json))
        }
        (&Method::GET, "/ticks") => ("text/plain", ticks()),
        (&Method::POST, "/echo") => ("application/octet-stream", request.into_body().boxed()),
        _ => {
            status = StatusCode::NOT_FOUND;
            ("text/plain", text("there is no such page\n"))
        }
    };
    let response = Response::builder().status(status);
    let response = response.header("content-type", kind).body(body);
    Ok(response.expect("a status and a header that there are"))
}

/// Answers what comes over one connection, until it ends or `stop` is closed; then what was asked already.
async fn connection(stream: TcpStream, stop: Receiver<Infallible>) -> hyper::Result<()> {
    let mut http = server::conn::http1::Builder::new();
    http.timer(Timer::new()).header_read_timeout(PATIENCE);
    let mut serving = pin!(http.serve_connection(Io::new(stream), service_fn(route)));
    select! {
        ended = serving.as_mut() => return ended,
        <-stop => serving.as_mut().graceful_shutdown(),
    }
    serving.await
}

/// Serves until something comes from `signals`, and then until all connections have ended.
async fn serve<S: Send>(listener: TcpListener, signals: Receiver<S>) -> io::Result<()> {
    // Nothing is ever sent: that it is closed tells all connections at once.
    let (stop_tx, stop) = bounded(0);
    let connections = WaitGroup::new();
    loop {
        select! {
            accepted = listener.accept() => {
                let (stream, peer) = accepted?;
                stream.set_nodelay(true)?;
                let connection = connection(stream, stop.clone());
                connections.go(async move {
                    if let Err(error) = connection.await {
                        println!("{peer}: {error}");
                    }
                });
            }
            Some(_) = <-signals => break,
        }
    }
    println!("no more connections");
    drop((listener, stop_tx));
    let end = select! {
        _ = connections.wait() => "all connections have ended",
        <-after(LIMIT) => "some are cut off",
        Some(_) = <-signals => "some are cut off, as is wished",
    };
    println!("{end}");
    Ok(())
}

/// Some requests over one connection, and an end in the middle of the last one.
async fn demo(address: SocketAddr, signals: Sender<&'static str>) -> Result<(), AnyError> {
    let stream = TcpStream::connect(address).await?;
    let (mut requests, connection) = client::conn::http1::handshake(Io::new(stream)).await?;
    go! { connection.await };
    for (method, path, body) in [
        (Method::GET, "/", ""),
        (Method::GET, "/json", ""),
        (Method::POST, "/echo", "what I say\n"),
        (Method::GET, "/nowhere", ""),
        (Method::GET, "/ticks", ""),
    ] {
        let request = Request::builder().method(&method).uri(path);
        let request = request.header("host", address.to_string());
        requests.ready().await?;
        let response = requests.send_request(request.body(text(body))?).await?;
        print!("{method} {path}: {}: ", response.status());
        if path == "/ticks" {
            co! { signals <- "the end"; }
        }
        let mut body = response.into_body();
        while let Some(frame) = body.frame().await {
            if let Ok(piece) = frame?.into_data() {
                print!("{}", String::from_utf8_lossy(&piece));
            }
        }
    }
    Ok(())
}

#[cfg(unix)]
fn signals() -> Receiver<chango::signal::Signal> {
    use chango::signal::{SIGINT, SIGTERM, notify};
    notify(&[SIGINT, SIGTERM])
}

#[cfg(not(unix))]
fn signals() -> Receiver<()> {
    chango::chan::never()
}

#[chango::main]
async fn main() -> Result<(), AnyError> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() != Some("--demo") {
        let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7003")).await?;
        println!("serving http://{}", listener.local_addr()?);
        return Ok(serve(listener, signals()).await?);
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let (signals_tx, signals) = bounded(0);
    let client = go!(demo(address, signals_tx));
    serve(listener, signals).await?;
    client.await.expect("the client ends by itself")
}
