//! Fetches pages, all at the same time, and prints each as soon as it is there whole.
//!
//! `cargo run --features hyper --example http_client -- http://example.org/ http://example.com/`
//! `cargo run --features hyper --example http_client -- --demo` fetches from a server of its own.

use std::error::Error;
use std::net::SocketAddr;

use chango::hyper::Io;
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri};

/// How long a page may take.
const PATIENCE: Duration = Duration::from_secs(10);

type AnyError = Box<dyn Error + Send + Sync>;

/// Fetches one page.
async fn fetch(url: &str) -> Result<(StatusCode, Bytes), AnyError> {
    let uri: Uri = url.parse()?;
    if uri.scheme_str() != Some("http") {
        return Err("only http:// can be fetched".into());
    }
    let authority = uri.authority().ok_or("there is no host in it")?;
    let stream = TcpStream::connect((authority.host(), uri.port_u16().unwrap_or(80))).await?;
    let (mut requests, connection) = http1::handshake(Io::new(stream)).await?;
    // It moves what is read and written, until both the requests and the response are gone.
    go! { connection.await };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let request = Request::get(path).header("host", authority.as_str());
    let response = requests
        .send_request(request.body(Empty::<Bytes>::new())?)
        .await?;
    let status = response.status();
    Ok((status, response.into_body().collect().await?.to_bytes()))
}

/// Fetches all of them and prints them in the order in which they come.
async fn fetch_all(urls: Vec<String>) {
    let (pages_tx, pages) = bounded(0);
    for url in urls {
        go! { clone pages_tx;
            let page = match timeout(PATIENCE, fetch(&url)).await {
                Ok(Ok((status, text))) => Ok((status, text)),
                Ok(Err(error)) => Err(error.to_string()),
                Err(_) => Err("it takes too long".to_owned()),
            };
            pages_tx <- (url, page);
        };
    }
    drop(pages_tx);
    co! {
        for (url, page) in <-pages {
            match page {
                Ok((status, text)) => {
                    println!("== {url}: {status}, {} bytes", text.len());
                    println!("{}", String::from_utf8_lossy(&text).trim_end());
                }
                Err(error) => println!("== {url}: {error}"),
            }
        }
    }
}

/// A server of two pages, to whoever asks for whatever.
async fn serve_two(listener: TcpListener) -> std::io::Result<()> {
    for text in ["one page", "and the other"] {
        let (stream, _) = listener.accept().await?;
        stream.read(&mut [0; 1024]).await?;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", text.len());
        stream.write_all(format!("{head}{text}").as_bytes()).await?;
    }
    Ok(())
}

#[chango::main]
async fn main() -> Result<(), AnyError> {
    let urls: Vec<_> = std::env::args().skip(1).collect();
    if urls.is_empty() {
        return Err("which pages? Give me their URLs, or --demo".into());
    }
    if urls != ["--demo"] {
        fetch_all(urls).await;
        return Ok(());
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address: SocketAddr = listener.local_addr()?;
    go!(serve_two(listener));
    let first = format!("http://{address}/first");
    let second = format!("http://{address}/second?with=a+question");
    fetch_all(vec![first, second, "https://example.org/".to_owned()]).await;
    Ok(())
}
