//! A client that is written for tokio, one goroutine a page: fetches pages at once, and says how long each is.
//!
//!     cargo run --features tokio-compat --example tokio_client -- http://example.org/ http://example.com/
//!
//! It takes what has come after five seconds. With `--demo` it asks a small server of its own.

use std::io::{self, BufRead, BufReader, Write};
use std::net::TcpListener;
use std::thread;

use chango::compat::with_tokio;
use chango::prelude::*;
use reqwest::Client;

#[chango::main]
async fn main() -> io::Result<()> {
    let mut urls: Vec<String> = std::env::args().skip(1).collect();
    if urls == ["--demo"] {
        let address = serve()?;
        urls = (1..=3)
            .map(|page| format!("http://{address}/{page}"))
            .collect();
    }
    let client = Client::new();
    let (tx, pages) = bounded(0);
    for url in urls {
        go! {
            clone client, tx;
            let page = with_tokio(async { client.get(&url).send().await?.text().await }).await;
            tx <- (url, page);
        };
    }
    drop(tx);
    let late = after(Duration::from_secs(5));
    co! {
        loop {
            select! {
                page = <-pages => match page {
                    Some((url, Ok(page))) => println!("{url}: {} bytes", page.len()),
                    Some((url, Err(error))) => println!("{url}: {error}"),
                    None => break,
                },
                // The goroutines that still ask end with the program.
                <-late => break println!("too late"),
            }
        }
    }
    Ok(())
}

/// A server of std's, which answers with what it was asked.
fn serve() -> io::Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || -> io::Result<()> {
        for stream in listener.incoming() {
            let mut from = BufReader::new(stream?);
            let mut asked = String::new();
            while from.read_line(&mut asked)? > 2 {}
            let (head, length) = ("HTTP/1.1 200 OK\r\nconnection: close", asked.len());
            write!(
                from.get_mut(),
                "{head}\r\ncontent-length: {length}\r\n\r\n{asked}"
            )?;
        }
        Ok(())
    });
    Ok(address)
}
