//! An HTTP/1.1 server by hyper on chango and on tokio: "Hello, World!" to everybody, connections kept alive.
//!
//!     http_server chango|tokio WORKERS
//!
//! Prints its address, serves until its standard input ends, and exits. What must hold: on both the same
//! service, the same options, a goroutine or task for each connection. `go/servers.go` has the same as
//! `http_server`, by its net/http.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;
use std::process::exit;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let workers = arguments.get(1).and_then(|text| text.parse().ok());
    let (Some(peer), Some(workers)) = (arguments.first(), workers) else {
        eprintln!("usage: http_server chango|tokio WORKERS");
        exit(2);
    };
    let listener = workload::server::listen().expect("a port of the loopback");
    workload::server::announce(&listener);
    let served = match peer.as_str() {
        "chango" => on_chango(listener, workers),
        "tokio" => on_tokio(listener, workers),
        _ => panic!("no peer is called {peer:?}"),
    };
    served.expect("the listener works");
}

async fn hello(_: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = Response::new(Full::new(Bytes::from_static(b"Hello, World!")));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(response)
}

fn on_chango(listener: TcpListener, workers: usize) -> io::Result<()> {
    use chango::hyper::{Io, Timer};
    let runtime = chango::runtime::Builder::new().workers(workers).build()?;
    runtime.run(async move {
        let listener = chango::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            chango::go(async move {
                let mut connection = http1::Builder::new();
                connection.timer(Timer::new());
                connection
                    .serve_connection(Io::new(stream), service_fn(hello))
                    .await
            });
        }
    })
}

fn on_tokio(listener: TcpListener, workers: usize) -> io::Result<()> {
    use hyper_util::rt::{TokioIo, TokioTimer};
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    let accepting = async move {
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            stream.set_nodelay(true)?;
            tokio::spawn(async move {
                let mut connection = http1::Builder::new();
                connection.timer(TokioTimer::new());
                connection
                    .serve_connection(TokioIo::new(stream), service_fn(hello))
                    .await
            });
        }
    };
    // A task of its own: what `block_on` polls itself is no worker's.
    runtime.block_on(async { tokio::spawn(accepting).await.expect("no panic") })
}
