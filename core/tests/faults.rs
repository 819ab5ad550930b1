//! Connections that break, who is slow, and goroutines that panic or hold their thread: whatever goes wrong
//! with one connection is an error of that one, and the others are served.
#![allow(missing_docs)]

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{self as std_net, Shutdown, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{TcpListener, TcpStream};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::{sleep, timeout};
use socket2::SockRef;

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// Lets others run until they wait.
async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

/// A blocking client, which waits for nothing for ever.
fn client(addr: SocketAddr) -> std_net::TcpStream {
    let client = std_net::TcpStream::connect(addr).unwrap();
    client.set_read_timeout(Some(NEVER)).unwrap();
    client
}

async fn pair() -> (TcpStream, std_net::TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let theirs = client(listener.local_addr().unwrap());
    let (ours, _) = listener.accept().await.unwrap();
    (ours, theirs)
}

/// Closes a connection with a reset instead of an end.
fn reset(stream: std_net::TcpStream) {
    let linger = Some(Duration::ZERO);
    SockRef::from(&stream).set_linger(linger).unwrap();
}

/// Asks an echo server for one byte.
fn is_served(client: &mut std_net::TcpStream) -> bool {
    let mut byte = [0];
    client.write_all(b"?").is_ok() && client.read_exact(&mut byte).is_ok() && &byte == b"?"
}

/// A server that echoes bytes, of whose handlers one panics where it is sent a `!`.
async fn echo_server() -> (SocketAddr, Arc<Ends>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let ends = Arc::new(Ends::default());
    spawn({
        let ends = Arc::clone(&ends);
        async move {
            loop {
                let (stream, _) = listener.accept().await.expect("accepting goes on");
                let ends = Arc::clone(&ends);
                spawn(async move {
                    match echo(&stream).await {
                        Ok(()) => ends.quiet.fetch_add(1, Ordering::Relaxed),
                        Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                            ends.reset.fetch_add(1, Ordering::Relaxed)
                        }
                        Err(error) => panic!("what is that? {error}"),
                    };
                })
                .detach();
            }
        }
    })
    .detach();
    (addr, ends)
}

/// How connections of the server ended.
#[derive(Debug, Default)]
struct Ends {
    quiet: AtomicUsize,
    reset: AtomicUsize,
}

async fn echo(stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let read = stream.read(&mut buffer).await?;
        if read == 0 {
            return Ok(());
        }
        assert!(!buffer[..read].contains(&b'!'), "this handler is to panic");
        stream.write_all(&buffer[..read]).await?;
    }
}

async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < NEVER, "in vain waited until {what}");
        sleep(Duration::from_millis(1)).await;
    }
}

#[test]
fn who_is_reset_is_told_so_and_the_others_are_served() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (addr, ends) = runtime.block_on(echo_server());
        let mut other = client(addr);
        assert!(is_served(&mut other));
        for count in 1..=10 {
            let mut broken = client(addr);
            assert!(is_served(&mut broken));
            // Its handler waits for more, and gets this.
            reset(broken);
            let told = || ends.reset.load(Ordering::Relaxed) == count;
            runtime.block_on(until("the handler was told", told));
            assert!(is_served(&mut other));
        }
        assert!(is_served(&mut client(addr)));
    }
}

#[test]
fn a_reset_wakes_who_reads_and_who_writes() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair().await;
            let (reader, writer) = ours.into_split();
            let writes = spawn(async move {
                let chunk = vec![0; 1 << 20];
                loop {
                    if let Err(error) = writer.write(&chunk).await {
                        return error.kind();
                    }
                }
            });
            let reads = spawn(async move { reader.read(&mut [0]).await });
            settle().await;
            reset(theirs);
            let read = timeout(NEVER, reads).await.expect("it is woken").unwrap();
            let wrote = timeout(NEVER, writes).await.expect("it is woken").unwrap();
            // The system tells one of the two, and the other one that the connection has an end.
            let reset = ErrorKind::ConnectionReset;
            match read {
                Err(error) => {
                    assert_eq!(error.kind(), reset);
                    assert_eq!(wrote, ErrorKind::BrokenPipe);
                }
                Ok(read) => {
                    assert_eq!(read, 0);
                    assert_eq!(wrote, reset);
                }
            }
        });
    }
}

#[test]
fn writing_to_who_is_gone_is_an_error_and_not_the_end_of_the_process() {
    runtime(1).run(async {
        for vectored in [false, true] {
            let (ours, theirs) = pair().await;
            drop(theirs);
            // The first ones may be sent: the other side answers with a reset.
            let error = loop {
                let written = if vectored {
                    // This has no flag that keeps the signal away: std has the process ignore it.
                    ours.write_vectored(&[IoSlice::new(b"x"), IoSlice::new(b"y")])
                        .await
                } else {
                    ours.write(b"x").await
                };
                match written {
                    Ok(_) => sleep(Duration::from_millis(1)).await,
                    Err(error) => break error,
                }
            };
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
            // And so it stays.
            assert!(ours.write_all(b"x").await.is_err());
        }
        let (ours, _theirs) = pair().await;
        ours.shutdown(Shutdown::Write).unwrap();
        let slices = [IoSlice::new(b"x"), IoSlice::new(b"y")];
        let error = ours.write_vectored(&slices).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_handler_that_panics_closes_its_connection_and_no_other() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (addr, ends) = runtime.block_on(echo_server());
        let mut others: Vec<_> = (0..8).map(|_| client(addr)).collect();
        assert!(others.iter_mut().all(is_served));
        for _ in 0..5 {
            let mut unlucky = client(addr);
            unlucky.write_all(b"!").unwrap();
            assert_eq!(unlucky.read(&mut [0]).unwrap(), 0);
            assert!(others.iter_mut().all(is_served));
            others.push(client(addr));
        }
        assert!(others.iter_mut().all(is_served));
        let count = others.len();
        drop(others);
        let ended = || ends.quiet.load(Ordering::Relaxed) == count;
        runtime.block_on(until("all others have ended", ended));
    }
}

/// What both sides of a connection keep for each direction, at most: buffers of this size, which the system
/// doubles.
const BUFFER: usize = 64 << 10;

fn small_buffers(socket: SockRef<'_>) {
    socket.set_recv_buffer_size(BUFFER).unwrap();
    socket.set_send_buffer_size(BUFFER).unwrap();
}

/// A server whose connections have small buffers, and a client with the same.
fn small_server(runtime: &Runtime) -> (TcpListener, std_net::TcpStream) {
    let listener = std_net::TcpListener::bind("127.0.0.1:0").unwrap();
    // Before there are connections, which inherit them.
    small_buffers(SockRef::from(&listener));
    let client = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    small_buffers(SockRef::from(&client));
    client
        .connect(&listener.local_addr().unwrap().into())
        .unwrap();
    let listener = runtime.block_on(async { TcpListener::from_std(listener).unwrap() });
    (listener, client.into())
}

#[test]
fn a_writer_is_never_further_ahead_of_a_slow_reader_than_the_buffers_are_large() {
    const AHEAD: usize = 16 * BUFFER;
    let runtime = runtime(2);
    let (listener, mut reader) = small_server(&runtime);
    let written = Arc::new(AtomicUsize::new(0));
    let writer = runtime.spawn({
        let written = Arc::clone(&written);
        async move {
            let (stream, _) = listener.accept().await.unwrap();
            let chunk = [7; 1000];
            while written.load(Ordering::Relaxed) < 64 * BUFFER {
                let count = stream.write(&chunk).await.unwrap();
                written.fetch_add(count, Ordering::Relaxed);
            }
        }
    });
    let mut taken = 0;
    let mut buffer = [0; BUFFER];
    loop {
        runtime.block_on(async {
            settle().await;
            sleep(Duration::from_micros(200)).await;
        });
        assert!(written.load(Ordering::Relaxed) <= taken + AHEAD);
        match reader.read(&mut buffer).unwrap() {
            0 => break,
            read => taken += read,
        }
    }
    runtime.block_on(writer).unwrap();
    assert_eq!(taken, written.load(Ordering::Relaxed));
}

#[test]
fn who_does_not_take_what_an_echo_server_sends_can_send_no_more() {
    let runtime = runtime(2);
    let (listener, mut client) = small_server(&runtime);
    let serves = runtime.spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        echo(&stream).await
    });
    client
        .set_write_timeout(Some(Duration::from_millis(100)))
        .unwrap();
    let chunk = [7; 1000];
    let mut sent = 0;
    let full = loop {
        match client.write(&chunk) {
            Ok(count) => sent += count,
            Err(error) => break error,
        }
        assert!(sent < 64 * BUFFER, "the server takes whatever comes");
    };
    assert_eq!(full.kind(), ErrorKind::WouldBlock);
    assert!(!serves.is_finished());
    // It goes on once its client does.
    let mut back = vec![0; sent];
    client.read_exact(&mut back).unwrap();
    assert!(is_served(&mut client));
    drop(client);
    runtime.block_on(serves).unwrap().unwrap();
}

#[test]
fn sockets_are_served_while_goroutines_hold_the_threads_that_would_poll_for_them() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (addr, _ends) = runtime.block_on(echo_server());
        // As many as there are workers, and each has the only thread that might poll: it waits for what
        // has to be polled for.
        let blocking: Vec<_> = (0..workers)
            .map(|_| {
                runtime.spawn(async move {
                    let blocked = thread::current();
                    let asks = thread::spawn(move || {
                        let served = (0..100).all(|_| is_served(&mut client(addr)));
                        blocked.unpark();
                        served
                    });
                    while !asks.is_finished() {
                        thread::park_timeout(Duration::from_millis(1));
                    }
                    asks.join().unwrap()
                })
            })
            .collect();
        for blocked in blocking {
            let served = runtime.block_on(async { timeout(NEVER, blocked).await });
            assert!(served.expect("others poll").unwrap());
        }
    }
}

#[test]
fn a_blocking_client_inside_a_goroutine_is_served_by_the_same_runtime() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (addr, _ends) = runtime.block_on(echo_server());
        let clients: Vec<_> = (0..4)
            .map(|_| {
                runtime.spawn(async move {
                    let mut client = client(addr);
                    (0..20).all(|_| is_served(&mut client))
                })
            })
            .collect();
        for client in clients {
            let served = runtime.block_on(async { timeout(NEVER, client).await });
            assert!(served.expect("others poll").unwrap());
        }
    }
}
