//! A chat server: one goroutine owns the list of who is there, and selects over joins, leaves and
//! messages, so that nothing is shared and nothing is locked. The first line a client sends is its
//! name. Any TCP client will do, such as `nc`.
//!
//! `cargo run --example chat -- 127.0.0.1:7001` (that is the default address)
//! `cargo run --example chat -- --demo` lets three clients talk, and ends.

use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;

use chango::net::{TcpListener, TcpStream};
use chango::prelude::*;
use futures_lite::AsyncBufReadExt;
use futures_lite::io::BufReader;

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

/// The room: knows who is there and passes on what is said.
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
            // Who does not read misses what there is no room for: one slow client must not stop
            // the others.
            let _ = client.outbox.try_send(line.clone());
        }
    }
}

/// One connection: a goroutine that writes, and this one, which reads.
async fn connection(stream: TcpStream, address: SocketAddr, door: Door) -> io::Result<()> {
    let stream = std::sync::Arc::new(stream);
    let mut lines = BufReader::new(&*stream);
    let mut name = String::new();
    lines.read_line(&mut name).await?;
    let name = name.trim_end().to_owned();

    let (outbox, inbox) = bounded::<String>(64);
    go! { clone stream;
        for line in <-inbox {
            if stream.write_all(format!("{line}\n").as_bytes()).await.is_err() { break; }
        }
    };
    co! {
        door.joins <- Client { address, name: name.clone(), outbox };
        let mut line = String::new();
        while lines.read_line(&mut line).await.is_ok_and(|n| n > 0) {
            door.messages <- format!("{name}: {}", line.trim_end());
            line.clear();
        }
        door.leaves <- address;
    }
    Ok(())
}

async fn serve(listener: TcpListener) -> io::Result<()> {
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
        go!(connection(stream, address, door.clone()));
    }
}

/// A client of the demo: says hello when it is in, and leaves when it has heard a hello.
async fn guest(address: SocketAddr, name: &'static str) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let mut lines = BufReader::new(&stream);
    stream.write_all(format!("{name}\n").as_bytes()).await?;
    let mut line = String::new();
    while !line.ends_with(": hello, all\n") {
        line.clear();
        if lines.read_line(&mut line).await? == 0 {
            break;
        }
        print!("[{name}] {line}");
        if line == format!("* {name} is here\n") {
            stream.write_all(b"hello, all\n").await?;
        }
    }
    Ok(())
}

#[chango::main]
async fn main() -> io::Result<()> {
    let argument = std::env::args().nth(1);
    if argument.as_deref() != Some("--demo") {
        let listener = TcpListener::bind(argument.as_deref().unwrap_or("127.0.0.1:7001")).await?;
        println!("chatting on {}", listener.local_addr()?);
        return serve(listener).await;
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
