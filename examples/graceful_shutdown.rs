//! A server that ends well: at SIGINT (Ctrl-C) or SIGTERM (`kill`) it accepts no more connections, and lets
//! those that it has come to their ends, for some seconds or until the signal comes again.
//!
//! `cargo run --example graceful_shutdown -- 127.0.0.1:7002` (that is the default address)
//! `cargo run --example graceful_shutdown -- --demo` sends itself a SIGTERM while a client talks, and ends.

#[cfg(unix)]
mod server {
    use std::io;
    use std::net::SocketAddr;
    use std::process::Command;

    use chango::net::{TcpListener, TcpStream};
    use chango::prelude::*;
    use chango::signal::{self, SIGINT, SIGTERM};

    /// How long connections may go on after the signal.
    const LIMIT: Duration = Duration::from_secs(10);

    async fn echo(stream: TcpStream) -> io::Result<()> {
        let mut piece = [0; 4096];
        loop {
            match stream.read(&mut piece).await? {
                0 => return Ok(()),
                n => stream.write_all(&piece[..n]).await?,
            }
        }
    }

    /// Serves until it is told to end; whether all connections came to their ends.
    async fn serve(listener: TcpListener) -> io::Result<bool> {
        let signals = signal::notify(&[SIGINT, SIGTERM]);
        let connections = WaitGroup::new();
        loop {
            select! {
                accepted = listener.accept() => {
                    let (stream, peer) = accepted?;
                    connections.go(async move {
                        if let Err(error) = echo(stream).await {
                            println!("{peer}: {error}");
                        }
                    });
                }
                Some(signal) = <-signals => {
                    println!("{signal}: no more connections");
                    break;
                }
            }
        }
        // From here on the system refuses who comes.
        drop(listener);
        let ended = select! {
            _ = connections.wait() => true,
            <-after(LIMIT) => false,
            // Whoever asks twice is in a hurry. What goes on ends with the program.
            <-signals => false,
        };
        println!(
            "{}",
            if ended {
                "all connections have ended"
            } else {
                "some are cut off"
            }
        );
        Ok(ended)
    }

    async fn say(stream: &TcpStream, line: &str) -> io::Result<()> {
        stream.write_all(line.as_bytes()).await?;
        let mut answer = vec![0; line.len()];
        stream.read_exact(&mut answer).await?;
        println!("the client heard: {}", String::from_utf8_lossy(&answer));
        Ok(())
    }

    /// A client that has the server told to end, and goes on talking.
    async fn talk(address: SocketAddr) -> io::Result<()> {
        let stream = TcpStream::connect(address).await?;
        say(&stream, "before the signal").await?;
        let id = std::process::id().to_string();
        Command::new("kill").args(["-s", "TERM", &id]).status()?;
        while TcpStream::connect(address).await.is_ok() {
            sleep(Duration::from_millis(1)).await;
        }
        say(&stream, "after the signal").await
    }

    #[chango::main]
    pub async fn main() -> io::Result<()> {
        let argument = std::env::args().nth(1);
        let is_demo = argument.as_deref() == Some("--demo");
        let address = argument.filter(|_| !is_demo);
        let default = if is_demo {
            "127.0.0.1:0"
        } else {
            "127.0.0.1:7002"
        };
        let listener = TcpListener::bind(address.as_deref().unwrap_or(default)).await?;
        let address = listener.local_addr()?;
        println!("echoing on {address}");
        let client = is_demo.then(|| go!(talk(address)));
        let ended = serve(listener).await?;
        if let Some(client) = client {
            client.await.expect("the client ends by itself")?;
            assert!(ended);
        }
        Ok(())
    }
}

#[cfg(unix)]
use server::main;

#[cfg(not(unix))]
fn main() {
    println!("there are no signals here");
}
