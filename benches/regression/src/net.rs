//! A message to a server on this machine and back.

use std::io;

use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use chango::task::{JoinHandle, spawn};

use crate::{Scenario, shares};

/// The bytes of a message.
const MESSAGE: usize = 64;

/// One operation is 64 bytes there and back, on one of so many connections.
pub fn scenarios() -> Vec<Scenario> {
    let of = |connections: u64| {
        let name = format!("net/echo_{connections}");
        Scenario::new(name, move |messages| echo(connections, messages)).on_both()
    };
    vec![of(1), of(10)]
}

async fn echo(connections: u64, messages: u64) -> Duration {
    let (mut servers, mut clients) = (Vec::new(), Vec::new());
    for _ in 0..connections {
        let (client, server) = pair().await.expect("no connection on this machine");
        servers.push(spawn(serve(server)));
        clients.push(client);
    }
    let began = Instant::now();
    let ask = |(client, share)| spawn(ask(client, share));
    let asked: Vec<_> = clients
        .into_iter()
        .zip(shares(messages, connections))
        .map(ask)
        .collect();
    all_well(asked).await;
    let spent = began.elapsed();
    all_well(servers).await;
    spent
}

async fn pair() -> io::Result<(TcpStream, TcpStream)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let (server, _) = listener.accept().await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    Ok((client, server))
}

async fn serve(stream: TcpStream) -> io::Result<()> {
    let mut message = [0; MESSAGE];
    loop {
        let read = stream.read(&mut message).await?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&message[..read]).await?;
    }
}

async fn ask(stream: TcpStream, times: u64) -> io::Result<()> {
    let mut answer = [0; MESSAGE];
    for number in 0..times {
        let question = [number as u8; MESSAGE];
        stream.write_all(&question).await?;
        stream.read_exact(&mut answer).await?;
        assert_eq!(answer, question, "another answer");
    }
    Ok(())
}

async fn all_well(handles: Vec<JoinHandle<io::Result<()>>>) {
    for handle in handles {
        let end = handle.await.expect("a goroutine panicked");
        end.expect("a connection failed");
    }
}
