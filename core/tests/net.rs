//! TCP against std's blocking sockets, by situation.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind, Read, Write};
use std::mem::MaybeUninit;
use std::net::{self as std_net, Ipv4Addr, Shutdown, SocketAddr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{TcpListener, TcpStream, ToSocketAddrs, lookup_host};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time;
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

mod support;
use support::*;

#[test]
fn sockets_and_their_futures_can_move_between_threads() {
    fn send_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: T) {}
    send_sync::<TcpListener>();
    send_sync::<TcpStream>();
    send(TcpListener::bind("localhost:0"));
    send(TcpStream::connect(("localhost".to_owned(), 0)));
    send(lookup_host("localhost:0"));
    send(async {
        let (listener, _) = listen().await;
        let (stream, _) = listener.accept().await.unwrap();
        stream.read(&mut [0]).await.unwrap();
        stream.write_all(b"").await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
    });
}

#[test]
fn an_echo_server_serves_blocking_clients() {
    for workers in [1, 2] {
        let runtime = runtime(workers);
        let (listener, addr) = runtime.block_on(listen());
        let server = runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                spawn(async move {
                    let mut buffer = vec![0; 4096];
                    loop {
                        let read = stream.read(&mut buffer).await.unwrap();
                        if read == 0 {
                            break;
                        }
                        stream.write_all(&buffer[..read]).await.unwrap();
                    }
                })
                .detach();
            }
        });
        thread::scope(|scope| {
            for client in 0..8 {
                scope.spawn(move || {
                    let mut stream = std_net::TcpStream::connect(addr).unwrap();
                    let sent = pattern(100 * 1024 + client);
                    for chunk in sent.chunks(10_000) {
                        stream.write_all(chunk).unwrap();
                        let mut back = vec![0; chunk.len()];
                        stream.read_exact(&mut back).unwrap();
                        assert_eq!(back, chunk);
                    }
                });
            }
        });
        server.abort();
    }
}

#[test]
fn both_sides_can_be_ours() {
    runtime(2).run(async {
        let (listener, addr) = listen().await;
        let server = spawn(async move {
            let (stream, _) = listener.accept().await?;
            let mut request = Vec::new();
            stream.read_to_end(&mut request).await?;
            request.reverse();
            stream.write_all(&request).await
        });
        let client = TcpStream::connect(addr).await.unwrap();
        assert_eq!(client.peer_addr().unwrap(), addr);
        let request = pattern(3 << 20);
        client.write_all(&request).await.unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut reply = b"before".to_vec();
        let read = client.read_to_end(&mut reply).await.unwrap();
        assert_eq!(read, request.len());
        assert!(reply[6..].iter().eq(request.iter().rev()) && reply.starts_with(b"before"));
        server.await.unwrap().unwrap();
    });
}

#[test]
fn a_writer_waits_for_a_slow_reader() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair().await;
        let sent = pattern(8 << 20);
        let expected = sent.clone();
        let reader = thread::spawn(move || {
            let mut received = Vec::new();
            theirs.read_to_end(&mut received).unwrap();
            received
        });
        ours.write_all(&sent).await.unwrap();
        drop(ours);
        assert!(reader.join().unwrap() == expected);
    });
}

#[test]
fn a_stream_is_read_and_written_by_two_goroutines_at_once() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        let ours = Arc::new(ours);
        let echo = thread::spawn(move || {
            let mut other = theirs.try_clone().unwrap();
            io::copy(&mut theirs, &mut other).unwrap();
        });
        let sent = pattern(4 << 20);
        let expected = sent.clone();
        let writer = spawn({
            let ours = Arc::clone(&ours);
            async move {
                ours.write_all(&sent).await.unwrap();
                ours.shutdown(Shutdown::Write).unwrap();
            }
        });
        let mut received = vec![0; expected.len()];
        ours.read_exact(&mut received).await.unwrap();
        assert!(received == expected);
        writer.await.unwrap();
        echo.join().unwrap();
    });
}

#[test]
fn several_who_read_from_one_stream_get_every_byte_once() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        let ours = Arc::new(ours);
        let readers: Vec<_> = (0..4)
            .map(|_| {
                let ours = Arc::clone(&ours);
                spawn(async move {
                    let mut sum = 0;
                    let mut buffer = [0; 7];
                    loop {
                        match ours.read(&mut buffer).await.unwrap() {
                            0 => return sum,
                            read => {
                                sum += buffer[..read].iter().map(|&b| u64::from(b)).sum::<u64>()
                            }
                        }
                    }
                })
            })
            .collect();
        let sent = pattern(50_000);
        let expected: u64 = sent.iter().map(|&b| u64::from(b)).sum();
        let writer = thread::spawn(move || {
            for chunk in sent.chunks(101) {
                theirs.write_all(chunk).unwrap();
            }
        });
        let mut sum = 0;
        for reader in readers {
            sum += time::timeout(NEVER, reader)
                .await
                .expect("all see the end")
                .unwrap();
        }
        assert_eq!(sum, expected);
        writer.join().unwrap();
    });
}

#[test]
fn several_who_accept_share_the_connections() {
    runtime(2).run(async {
        let (listener, addr) = listen().await;
        let listener = Arc::new(listener);
        let acceptors: Vec<_> = (0..4)
            .map(|_| {
                let listener = Arc::clone(&listener);
                spawn(async move {
                    for _ in 0..25 {
                        listener.accept().await.unwrap();
                    }
                })
            })
            .collect();
        let clients = thread::spawn(move || {
            (0..100)
                .map(|_| std_net::TcpStream::connect(addr).unwrap())
                .collect::<Vec<_>>()
        });
        for acceptor in acceptors {
            time::timeout(NEVER, acceptor)
                .await
                .expect("each gets its share")
                .unwrap();
        }
        drop(clients.join().unwrap());
    });
}

#[test]
fn a_dropped_read_loses_no_byte() {
    runtime(2).run(async {
        let (ours, mut theirs) = pair().await;
        let sent = pattern(20_000);
        let expected = sent.clone();
        let writer = thread::spawn(move || {
            for chunk in sent.chunks(37) {
                theirs.write_all(chunk).unwrap();
                thread::yield_now();
            }
        });
        let mut received = Vec::new();
        let mut buffer = [0; 64];
        while received.len() < expected.len() {
            // Given up after one poll, or after a moment, or kept until it is ready.
            let read = match received.len() % 3 {
                0 => poll_once(ours.read(&mut buffer)).await,
                1 => time::timeout(Duration::from_micros(20), ours.read(&mut buffer))
                    .await
                    .ok(),
                _ => Some(ours.read(&mut buffer).await),
            };
            match read {
                Some(read) => received.extend_from_slice(&buffer[..read.unwrap()]),
                None => yield_now().await,
            }
        }
        assert!(received == expected);
        writer.join().unwrap();
    });
}

#[test]
fn peeking_leaves_the_bytes_there() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair().await;
        theirs.write_all(b"peek").unwrap();
        let mut buffer = [0; 16];
        for _ in 0..3 {
            assert_eq!(ours.peek(&mut buffer).await.unwrap(), 4);
        }
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"peek");
    });
}

#[test]
fn a_read_into_memory_that_holds_nothing_gives_what_came_and_waits_for_more() {
    runtime(2).block_on(async {
        let (ours, mut theirs) = pair().await;
        let mut buffer = [MaybeUninit::uninit(); 8];
        let mut read = Vec::new();
        for text in ["some", " and much more than there is room for", "!"] {
            let poll = ours.poll_read_uninit(&mut Context::from_waker(Waker::noop()), &mut buffer);
            assert!(poll.is_pending(), "{poll:?}");
            theirs.write_all(text.as_bytes()).unwrap();
            let mut came = 0;
            while came < text.len() {
                let poll = |cx: &mut Context<'_>| ours.poll_read_uninit(cx, &mut buffer);
                let len = poll_fn(poll).await.unwrap();
                assert!((1..=buffer.len()).contains(&len));
                // SAFETY: what was read.
                read.extend(
                    buffer[..len]
                        .iter()
                        .map(|byte| unsafe { byte.assume_init() }),
                );
                came += len;
            }
        }
        assert_eq!(read, b"some and much more than there is room for!");
        drop(theirs);
        let end = poll_fn(|cx| ours.poll_read_uninit(cx, &mut buffer)).await;
        assert_eq!(end.unwrap(), 0);
    });
}

#[test]
fn the_end_of_the_other_side_is_a_read_of_nothing() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        let waiting = spawn(async move {
            let read = ours.read(&mut [0; 8]).await;
            (ours, read)
        });
        settle().await;
        theirs.shutdown(Shutdown::Write).unwrap();
        let (ours, read) = waiting.await.unwrap();
        assert_eq!(read.unwrap(), 0);
        let error = ours.read_exact(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
    });
}

#[test]
fn a_connection_that_breaks_is_an_error_of_its_own() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        // Closing with something unread resets the connection.
        ours.write_all(b"unread").await.unwrap();
        theirs.peek(&mut [0]).unwrap();
        drop(theirs);
        let error = ours.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn nobody_listens_there() {
    runtime(1).run(async {
        let (listener, addr) = listen().await;
        drop(listener);
        let error = TcpStream::connect(addr).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn every_address_is_tried() {
    runtime(1).run(async {
        let (gone, refused) = listen().await;
        drop(gone);
        let (listener, addr) = listen().await;
        let stream = TcpStream::connect([refused, addr]).await.unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
        drop(listener);
        let none: [SocketAddr; 0] = [];
        let error = TcpStream::connect(none).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_port_that_is_taken_is_refused_and_free_again_after_close() {
    runtime(1).run(async {
        let (listener, addr) = listen().await;
        assert_eq!(
            TcpListener::bind(addr).await.unwrap_err().kind(),
            ErrorKind::AddrInUse
        );
        // A connection that was accepted does not keep the port.
        let theirs = std_net::TcpStream::connect(addr).unwrap();
        let (ours, _) = listener.accept().await.unwrap();
        listener.close();
        drop((ours, theirs));
        TcpListener::bind(addr).await.unwrap();
        assert_eq!(
            listener.local_addr().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
    });
}

#[test]
fn closing_a_listener_wakes_who_accepts() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (listener, _) = listen().await;
            let listener = Arc::new(listener);
            let acceptors: Vec<_> = (0..3)
                .map(|_| {
                    let listener = Arc::clone(&listener);
                    spawn(async move { listener.accept().await.map(drop) })
                })
                .collect();
            settle().await;
            listener.close();
            listener.close();
            for acceptor in acceptors {
                let error = acceptor.await.unwrap().unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NotConnected);
                assert!(
                    error.to_string().contains("closed by this program"),
                    "{error}"
                );
            }
        });
    }
}

#[test]
fn closing_a_stream_wakes_who_reads_and_who_writes() {
    runtime(2).run(async {
        let (ours, theirs) = pair().await;
        let ours = Arc::new(ours);
        let reader = spawn({
            let ours = Arc::clone(&ours);
            async move { ours.read(&mut [0]).await }
        });
        let chunk = vec![1; 1 << 20];
        while poll_once(ours.write(&chunk)).await.is_some() {}
        let writer = spawn({
            let ours = Arc::clone(&ours);
            async move { ours.write_all(&chunk).await }
        });
        settle().await;
        ours.close();
        assert_eq!(
            reader.await.unwrap().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        assert_eq!(
            writer.await.unwrap().unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        assert_eq!(
            ours.set_nodelay(true).unwrap_err().kind(),
            ErrorKind::NotConnected
        );
        // The descriptor is closed at once: the other side sees the end of the stream.
        let mut theirs = theirs;
        theirs.set_read_timeout(Some(NEVER)).unwrap();
        let mut rest = Vec::new();
        theirs.read_to_end(&mut rest).unwrap();
    });
}

#[test]
fn a_connection_that_goes_away_before_it_is_accepted_harms_nobody() {
    runtime(1).run(async {
        let (listener, addr) = listen().await;
        let gone =
            socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
        gone.connect(&addr.into()).unwrap();
        gone.set_linger(Some(Duration::ZERO)).unwrap();
        drop(gone);
        let _stays = std_net::TcpStream::connect(addr).unwrap();
        // The one that is gone is accepted and broken, or passed over: that is up to the system.
        let first = time::timeout(NEVER, listener.accept())
            .await
            .unwrap()
            .unwrap();
        drop(first);
    });
}

#[test]
fn many_connections_at_once_wait_to_be_accepted() {
    // More than 128, the backlog that is usual where nobody asks for more.
    const CONNECTIONS: usize = 500;
    let runtime = runtime(2);
    let (listener, addr) = runtime.block_on(listen());
    let start = Instant::now();
    let clients: Vec<_> = (0..CONNECTIONS)
        .map(|_| std_net::TcpStream::connect(addr).unwrap())
        .collect();
    assert!(start.elapsed() < NEVER);
    runtime.block_on(async {
        for _ in 0..CONNECTIONS {
            listener.accept().await.unwrap();
        }
    });
    drop(clients);
}

#[test]
fn options_are_set_and_read() {
    runtime(1).run(async {
        let (ours, theirs) = pair().await;
        assert!(!ours.nodelay().unwrap());
        ours.set_nodelay(true).unwrap();
        assert!(ours.nodelay().unwrap());
        ours.set_keepalive(Some(Duration::from_secs(30))).unwrap();
        assert_eq!(ours.keepalive().unwrap(), Some(Duration::from_secs(30)));
        ours.set_keepalive(None).unwrap();
        assert_eq!(ours.keepalive().unwrap(), None);
        assert_eq!(ours.linger().unwrap(), None);
        ours.set_ttl(7).unwrap();
        assert_eq!(ours.ttl().unwrap(), 7);
        ours.set_recv_buffer_size(20_000).unwrap();
        ours.set_send_buffer_size(30_000).unwrap();
        // Linux doubles them, others need not.
        assert!((20_000..=40_000).contains(&ours.recv_buffer_size().unwrap()));
        assert!((30_000..=60_000).contains(&ours.send_buffer_size().unwrap()));
        assert_eq!(ours.local_addr().unwrap(), theirs.peer_addr().unwrap());
        assert!(format!("{ours:?}").contains(&theirs.peer_addr().unwrap().port().to_string()));
    });
}

#[test]
fn a_stream_that_does_not_linger_resets_its_connection() {
    runtime(1).block_on(async {
        let (ours, mut theirs) = pair().await;
        ours.set_linger(Some(Duration::ZERO)).unwrap();
        assert_eq!(ours.linger().unwrap(), Some(Duration::ZERO));
        drop(ours);
        let error = theirs.read(&mut [0]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn sockets_of_std_can_be_taken_over() {
    let runtime = runtime(1);
    let listener = std_net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    runtime.block_on(async {
        let listener = TcpListener::from_std(listener).unwrap();
        let client = std_net::TcpStream::connect(addr).unwrap();
        let client = TcpStream::from_std(client).unwrap();
        let (server, _) = listener.accept().await.unwrap();
        let mut buffer = [0; 2];
        let read = spawn(async move { server.read_exact(&mut buffer).await.map(|()| buffer) });
        settle().await;
        client.write_all(b"ok").await.unwrap();
        assert_eq!(&read.await.unwrap().unwrap(), b"ok");
    });
}

#[test]
fn the_adapters_of_futures_lite_work() {
    runtime(2).run(async {
        let (ours, theirs) = pair().await;
        let mut theirs = TcpStream::from_std(theirs).unwrap();
        let sent = pattern(300_000);
        let expected = sent.clone();
        let writer = spawn(async move {
            AsyncWriteExt::write_all(&mut theirs, &sent).await.unwrap();
            AsyncWriteExt::flush(&mut theirs).await.unwrap();
            AsyncWriteExt::close(&mut theirs).await.unwrap();
        });
        let mut received = Vec::new();
        let mut reader = futures_lite::io::BufReader::new(&ours);
        AsyncReadExt::read_to_end(&mut reader, &mut received)
            .await
            .unwrap();
        assert!(received == expected);
        writer.await.unwrap();
    });
}

#[test]
fn connections_come_as_a_stream() {
    runtime(1).run(async {
        let (listener, addr) = listen().await;
        let clients: Vec<_> = (0..3)
            .map(|_| std_net::TcpStream::connect(addr).unwrap())
            .collect();
        let mut incoming = pin!(listener.incoming());
        for client in &clients {
            let stream = incoming.next().await.unwrap().unwrap();
            assert_eq!(stream.peer_addr().unwrap(), client.local_addr().unwrap());
        }
    });
}

#[test]
fn a_reader_with_bytes_at_hand_lets_others_run() {
    // On one worker a goroutine whose reads never wait would keep the other one from its turn.
    runtime(1).run(async {
        let (ours, mut theirs) = pair().await;
        theirs.write_all(&pattern(100_000)).unwrap();
        let other = spawn(async {});
        let mut read = 0;
        while !other.is_finished() {
            read += ours.read(&mut [0]).await.unwrap();
        }
        assert!(read < 1_000, "{read} bytes before the other one ran");
    });
}

#[test]
fn numeric_addresses_need_no_lookup() {
    fn known<A: ToSocketAddrs>(addr: A) -> Vec<SocketAddr> {
        // Ready at the first poll, in no runtime.
        match poll_now(pin!(lookup_host(addr))) {
            Poll::Ready(addrs) => addrs.unwrap().collect(),
            Poll::Pending => panic!("it was looked up"),
        }
    }
    let v4: SocketAddr = "127.0.0.1:80".parse().unwrap();
    let v6: SocketAddr = "[::1]:80".parse().unwrap();
    assert_eq!(known("127.0.0.1:80"), [v4]);
    assert_eq!(known("[::1]:80".to_owned()), [v6]);
    assert_eq!(known(("127.0.0.1", 80)), [v4]);
    assert_eq!(known(("::1".to_owned(), 80)), [v6]);
    assert_eq!(known((v6.ip(), 80)), [v6]);
    assert_eq!(known((Ipv4Addr::LOCALHOST, 80)), [v4]);
    assert_eq!(known(v4), [v4]);
    assert_eq!(known(v6), [v6]);
    assert_eq!(known([v4, v6]), [v4, v6]);
}

#[test]
fn names_are_looked_up() {
    runtime(1).run(async {
        let addrs: Vec<_> = lookup_host(("localhost", 80)).await.unwrap().collect();
        assert!(!addrs.is_empty());
        assert!(
            addrs
                .iter()
                .all(|addr| addr.ip().is_loopback() && addr.port() == 80)
        );
        let (listener, addr) = listen().await;
        let stream = TcpStream::connect(("localhost", addr.port()))
            .await
            .unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
        drop(listener);
        // Given up while it goes on.
        drop(poll_once(lookup_host("localhost:80")).await);
    });
}

#[test]
fn what_is_no_address_is_refused() {
    runtime(1).run(async {
        for text in [
            "",
            "localhost",
            "localhost:",
            "localhost:99999",
            "127.0.0.1",
        ] {
            let error = lookup_host(text).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput, "{text:?}");
        }
    });
}

#[test]
fn a_socket_outside_every_runtime_panics_and_says_what_to_do() {
    let message = |future: Pin<Box<dyn Future<Output = ()>>>| {
        let panic = catch_unwind(AssertUnwindSafe(|| block_on(future))).unwrap_err();
        panic.downcast_ref::<String>().expect("a message").clone()
    };
    for future in [
        Box::pin(async { drop(TcpListener::bind("127.0.0.1:0").await) })
            as Pin<Box<dyn Future<Output = ()>>>,
        Box::pin(async { drop(TcpStream::connect("127.0.0.1:1").await) }),
    ] {
        let message = message(future);
        assert!(
            message.contains("run!") && message.contains("Handle::enter"),
            "{message}"
        );
    }
}

#[test]
fn a_socket_whose_runtime_is_gone_gives_an_error_where_it_would_wait() {
    let runtime = runtime(1);
    let (listener, addr) = runtime.block_on(listen());
    let (ours, mut theirs) = runtime.block_on(pair());
    drop(runtime);
    theirs.write_all(b"1").unwrap();
    theirs.shutdown(Shutdown::Write).unwrap();
    let error = block_on(listener.accept()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(error.to_string().contains("shut down"), "{error}");
    let _ = (ours, addr);
}

#[test]
fn a_goroutine_that_waits_for_a_socket_goes_with_its_runtime() {
    let runtime = runtime(2);
    let alive = Arc::new(());
    let (ours, theirs) = runtime.block_on(pair());
    let _reader = runtime.spawn({
        let alive = Arc::clone(&alive);
        async move {
            let _ = ours.read(&mut [0]).await;
            drop(alive);
        }
    });
    runtime.block_on(settle());
    drop(runtime);
    assert_eq!(Arc::strong_count(&alive), 1);
    // Its socket went with it.
    let mut theirs = theirs;
    assert_eq!(theirs.read(&mut [0]).unwrap(), 0);
}

#[cfg(unix)]
const FEW_FILES: &str = "CHANGO_TEST_FEW_FILES";

/// Runs the test `name` again as a process of its own that may have `limit` open files.
#[cfg(unix)]
fn with_few_files(limit: u32, name: &str) {
    let shell = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
    let output = std::process::Command::new("sh")
        .args(["-c", &shell])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FEW_FILES, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("accepted in the end"),
        "the test did not run: {text}"
    );
}

#[cfg(unix)]
#[test]
fn a_listener_survives_a_full_table_of_files() {
    if std::env::var_os(FEW_FILES).is_none() {
        return with_few_files(48, "a_listener_survives_a_full_table_of_files");
    }
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (listener, addr) = listen().await;
            let client = std_net::TcpStream::connect(addr).unwrap();
            let mut files = Vec::new();
            let full = loop {
                match std::fs::File::open("/dev/null") {
                    Ok(file) => files.push(file),
                    Err(error) => break error,
                }
            };
            assert_eq!(full.raw_os_error(), Some(24));
            let acceptor = spawn(async move { listener.accept().await });
            // Long enough for a few attempts that fail.
            time::sleep(Duration::from_millis(30)).await;
            assert!(!acceptor.is_finished());
            drop(files);
            let (_, peer) = time::timeout(NEVER, acceptor)
                .await
                .unwrap()
                .unwrap()
                .unwrap();
            assert_eq!(peer, client.local_addr().unwrap());
        });
    }
    eprintln!("accepted in the end");
}
