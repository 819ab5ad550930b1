//! What the servers have in common: how they listen, say where, and end.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::process::exit;
use std::thread;

use socket2::{Domain, Socket, Type};

/// A listener with as long a queue as the system allows, which std's and tokio's are not.
pub fn listen() -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())?;
    socket.listen(i32::MAX)?;
    Ok(socket.into())
}

/// Prints the address, and has the process end with its standard input.
pub fn announce(listener: &TcpListener) {
    println!("{}", listener.local_addr().expect("its own address"));
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink());
        exit(0);
    });
}
