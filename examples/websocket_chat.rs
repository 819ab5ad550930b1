//! A chat over WebSockets: the room is a goroutine that selects over joins, leaves and messages; a connection
//! is one goroutine that selects over what its client says and what the room says to it. The first message of a
//! client is its name.
//!
//! `cargo run --example websocket_chat -- 127.0.0.1:7004` (that is the default address), and then in the
//! consoles of some browsers `s = new WebSocket("ws://127.0.0.1:7004"); s.onmessage = m => console.log(m.data)`,
//! `s.send("ann")`, `s.send("hello")`.
//! `cargo run --example websocket_chat -- --demo` lets three clients talk, and ends.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_tungstenite::tungstenite::{Message, Result};
use async_tungstenite::{WebSocketStream, accept_async, client_async};
use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use futures_lite::StreamExt;

/// Somebody who comes in. The address tells two of one name apart.
struct Client {
    address: SocketAddr,
    name: String,
    outbox: Sender<String>,
}

/// What the connections hold: ways to the room.
#[derive(Clone)]
struct Door {
    joins: Sender<Client>,
    leaves: Sender<SocketAddr>,
    messages: Sender<String>,
}

async fn room(joins: Receiver<Client>, leaves: Receiver<SocketAddr>, messages: Receiver<String>) {
    let mut clients: BTreeMap<SocketAddr, Client> = BTreeMap::new();
    loop {
        let line = select! {
            Some(client) = <-joins => {
                let line = format!("* {} is here", client.name);
                clients.insert(client.address, client);
                line
            }
            Some(address) = <-leaves => match clients.remove(&address) {
                Some(client) => format!("* {} has left", client.name),
                None => continue,
            },
            Some(line) = <-messages => line,
            else => return,
        };
        for client in clients.values() {
            // Who does not read misses what there is no room for.
            let _ = client.outbox.try_send(line.clone());
        }
    }
}

/// The next line that somebody says; none at the end. Pings are answered by the library.
async fn line_of(socket: &mut WebSocketStream<TcpStream>) -> Option<Result<String>> {
    loop {
        match socket.next().await? {
            Ok(Message::Text(line)) => return Some(Ok(line.to_string())),
            Ok(_) => {}
            Err(error) => return Some(Err(error)),
        }
    }
}

async fn connection(stream: TcpStream, address: SocketAddr, door: Door) -> Result<()> {
    let mut socket = accept_async(stream).await?;
    let Some(name) = line_of(&mut socket).await.transpose()? else {
        return Ok(());
    };
    let (outbox, inbox) = bounded::<String>(64);
    co! {
        door.joins <- Client { address, name: name.clone(), outbox };
        let ended = loop {
            select! {
                said = line_of(&mut socket) => match said {
                    Some(Ok(line)) => door.messages <- format!("{name}: {line}"),
                    Some(Err(error)) => break Err(error),
                    None => break Ok(()),
                },
                Some(line) = <-inbox => {
                    if let Err(error) = socket.send(Message::text(line)).await { break Err(error); }
                }
            }
        };
        door.leaves <- address;
        ended
    }
}

async fn serve(listener: TcpListener) -> std::io::Result<()> {
    let (joins, join_rx) = bounded(0);
    let (leaves, leave_rx) = bounded(0);
    let (messages, message_rx) = bounded(0);
    go!(room(join_rx, leave_rx, message_rx));
    let door = Door {
        joins,
        leaves,
        messages,
    };
    loop {
        let (stream, address) = listener.accept().await?;
        go! { clone door;
            if let Err(error) = connection(stream, address, door).await {
                println!("{address}: {error}");
            }
        };
    }
}

/// A client of the demo: says hello when it is in, and leaves when it has heard a hello.
async fn guest(address: SocketAddr, name: &'static str) -> Result<()> {
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async(format!("ws://{address}/"), stream).await?;
    socket.send(Message::text(name)).await?;
    while let Some(line) = line_of(&mut socket).await {
        let line = line?;
        println!("[{name}] {line}");
        if line == format!("* {name} is here") {
            socket.send(Message::text("hello, all")).await?;
        } else if line.ends_with(": hello, all") {
            break;
        }
    }
    // The end is said by both sides.
    socket.close(None).await?;
    while line_of(&mut socket).await.is_some() {}
    Ok(())
}

#[chango::main]
async fn main() -> Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() != Some("--demo") {
        let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7004")).await?;
        println!("chatting on ws://{}", listener.local_addr()?);
        return Ok(serve(listener).await?);
    }

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    go!(serve(listener));
    let guests = ["ann", "bob", "eve"].map(|name| go!(guest(address, name)));
    for handle in guests {
        handle.await.expect("a guest leaves by itself")?;
    }
    Ok(())
}
