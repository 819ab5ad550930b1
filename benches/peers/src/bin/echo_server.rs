//! A TCP echo server on each runtime, a goroutine or task for each connection, in that runtime's own
//! idiom: read what is there, write it back.
//!
//!     echo_server chango|tokio|smol|may WORKERS BUFFER [PAIRS]
//!
//! Prints its address, serves until its standard input ends, and exits. `BUFFER` is the size in bytes
//! of each connection's buffer. With `PAIRS`, as many pairs of goroutines beside the connections do
//! nothing but send each other a value over channels of capacity 1 (with may, whose channels have no
//! bounds, over these). What must hold: on all runtimes the same listener, the same options, the same
//! buffer. `go/servers.go` has the same as `echo_server`.

use std::io::{self, Read as _, Write as _};
use std::net::TcpListener;
use std::process::exit;
use std::thread;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| arguments.get(at).and_then(|text| text.parse().ok());
    let peer = arguments.first().map(String::as_str);
    let (Some(workers), Some(buffer)) = (number(1), number(2)) else {
        eprintln!("usage: echo_server chango|tokio|smol|may WORKERS BUFFER [PAIRS]");
        exit(2);
    };
    let pairs = number(3).unwrap_or(0);
    let listener = workload::server::listen().expect("a port of the loopback");
    workload::server::announce(&listener);
    let served = match peer {
        Some("chango") => on_chango::serve(listener, workers, buffer, pairs),
        Some("tokio") => on_tokio::serve(listener, workers, buffer, pairs),
        Some("smol") => on_smol::serve(listener, workers, buffer, pairs),
        Some("may") => on_may::serve(listener, workers, buffer, pairs),
        _ => panic!("no peer is called {peer:?}"),
    };
    served.expect("the listener works");
}

mod on_chango {
    use super::*;
    use chango::net::{TcpListener, TcpStream};
    use chango::prelude::*;

    pub(super) fn serve(
        listener: super::TcpListener,
        workers: usize,
        buffer: usize,
        pairs: usize,
    ) -> io::Result<()> {
        let runtime = chango::runtime::Builder::new().workers(workers).build()?;
        runtime.run(async move {
            for _ in 0..pairs {
                let (ping, pinged) = bounded::<u64>(1);
                let (pong, ponged) = bounded::<u64>(1);
                go! { for value in <-pinged { pong <- value + 1; } };
                go! { for value in 0.. { ping <- value; <-ponged; } };
            }
            let listener = TcpListener::from_std(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                go!(echo(stream, buffer));
            }
        })
    }

    async fn echo(stream: TcpStream, buffer: usize) -> io::Result<()> {
        let mut buffer = vec![0; buffer];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                read => stream.write_all(&buffer[..read]).await?,
            }
        }
    }
}

mod on_tokio {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};
    use tokio::sync::mpsc;

    pub(super) fn serve(
        listener: super::TcpListener,
        workers: usize,
        buffer: usize,
        pairs: usize,
    ) -> io::Result<()> {
        listener.set_nonblocking(true)?;
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_io()
            .build()?;
        let accepting = async move {
            let listener = TcpListener::from_std(listener)?;
            for _ in 0..pairs {
                let (ping, mut pinged) = mpsc::channel::<u64>(1);
                let (pong, mut ponged) = mpsc::channel::<u64>(1);
                tokio::spawn(async move {
                    while let Some(value) = pinged.recv().await {
                        pong.send(value + 1).await.expect("the partner listens");
                    }
                });
                tokio::spawn(async move {
                    for value in 0.. {
                        ping.send(value).await.expect("the partner listens");
                        ponged.recv().await;
                    }
                });
            }
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                tokio::spawn(echo(stream, buffer));
            }
        };
        // A task of its own: what `block_on` polls itself is no worker's.
        runtime.block_on(async { tokio::spawn(accepting).await.expect("no panic") })
    }

    async fn echo(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
        let mut buffer = vec![0; buffer];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                read => stream.write_all(&buffer[..read]).await?,
            }
        }
    }
}

mod on_smol {
    use super::*;
    use smol::channel::bounded;
    use smol::io::{AsyncReadExt, AsyncWriteExt};
    use smol::{Async, Executor};

    pub(super) fn serve(
        listener: TcpListener,
        workers: usize,
        buffer: usize,
        pairs: usize,
    ) -> io::Result<()> {
        let executor: &Executor<'_> = Box::leak(Box::new(Executor::new()));
        for _ in 0..workers {
            thread::spawn(|| smol::block_on(executor.run(std::future::pending::<()>())));
        }
        for _ in 0..pairs {
            let (ping, pinged) = bounded::<u64>(1);
            let (pong, ponged) = bounded::<u64>(1);
            let answers = async move {
                while let Ok(value) = pinged.recv().await {
                    pong.send(value + 1).await.expect("the partner listens");
                }
            };
            let asks = async move {
                for value in 0.. {
                    ping.send(value).await.expect("the partner listens");
                    ponged.recv().await.expect("the partner answers");
                }
            };
            executor.spawn(answers).detach();
            executor.spawn(asks).detach();
        }
        let accepting = async move {
            let listener = Async::new(listener)?;
            loop {
                let (stream, _) = listener.accept().await?;
                stream.get_ref().set_nodelay(true)?;
                executor.spawn(echo(stream, buffer)).detach();
            }
        };
        smol::block_on(executor.spawn(accepting))
    }

    async fn echo(mut stream: Async<std::net::TcpStream>, buffer: usize) -> io::Result<()> {
        let mut buffer = vec![0; buffer];
        loop {
            match stream.read(&mut buffer).await? {
                0 => return Ok(()),
                read => stream.write_all(&buffer[..read]).await?,
            }
        }
    }
}

mod on_may {
    use super::*;
    use may::go;
    use may::net::{TcpListener, TcpStream};
    use may::sync::spsc;
    use std::os::fd::{FromRawFd as _, IntoRawFd as _};

    pub(super) fn serve(
        listener: super::TcpListener,
        workers: usize,
        buffer: usize,
        pairs: usize,
    ) -> io::Result<()> {
        may::config().set_workers(workers);
        for _ in 0..pairs {
            let (ping, pinged) = spsc::channel::<u64>();
            let (pong, ponged) = spsc::channel::<u64>();
            go!(move || while let Ok(value) = pinged.recv() {
                pong.send(value + 1).expect("the partner listens");
            });
            go!(move || for value in 0.. {
                ping.send(value).expect("the partner listens");
                ponged.recv().expect("the partner answers");
            });
        }
        let accepting = go!(move || -> io::Result<()> {
            // SAFETY: the descriptor is open, and nobody else's from here on.
            let listener = unsafe { TcpListener::from_raw_fd(listener.into_raw_fd()) };
            loop {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                go!(move || echo(stream, buffer));
            }
        });
        accepting.join().expect("no panic")
    }

    fn echo(mut stream: TcpStream, buffer: usize) -> io::Result<()> {
        let mut buffer = vec![0; buffer];
        loop {
            match stream.read(&mut buffer)? {
                0 => return Ok(()),
                read => stream.write_all(&buffer[..read])?,
            }
        }
    }
}
