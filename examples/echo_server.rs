//! An echo server: one goroutine for each connection. Any TCP client will do, such as `nc`.
//!
//! `cargo run --example echo_server -- 127.0.0.1:7000` (that is the default address)
//! `cargo run --example echo_server -- --demo` runs clients against itself, and ends.

use std::io;

use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;

/// Sends back what comes until the client closes its side, and says how much that was.
async fn echo(stream: TcpStream) -> io::Result<usize> {
    let mut piece = [0; 4096];
    let mut total = 0;
    loop {
        let n = stream.read(&mut piece).await?;
        if n == 0 {
            return Ok(total);
        }
        stream.write_all(&piece[..n]).await?;
        total += n;
    }
}

async fn serve(listener: TcpListener) -> io::Result<()> {
    loop {
        let (stream, peer) = listener.accept().await?;
        go! {
            match echo(stream).await {
                Ok(bytes) => println!("{peer} has left after {bytes} bytes"),
                Err(error) => println!("{peer}: {error}"),
            }
        };
    }
}

/// Sends a line and gives back what came for it.
async fn call(address: std::net::SocketAddr, line: String) -> io::Result<String> {
    let stream = TcpStream::connect(address).await?;
    stream.write_all(line.as_bytes()).await?;
    let mut answer = vec![0; line.len()];
    stream.read_exact(&mut answer).await?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

#[chango::main]
async fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() != Some("--demo") {
        let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7000")).await?;
        println!("echoing on {}", listener.local_addr()?);
        return serve(listener).await;
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    go!(serve(listener));
    let calls: Vec<_> = (1..=5)
        .map(|i| go!(call(address, format!("hello {i}"))))
        .collect();
    for (i, handle) in (1..=5).zip(calls) {
        let answer = handle.await.expect("the call ends by itself")?;
        println!("client {i} heard: {answer}");
        assert_eq!(answer, format!("hello {i}"));
    }
    Ok(())
}
