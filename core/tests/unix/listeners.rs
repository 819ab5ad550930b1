//! Listeners, and who connects to them.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net as std_net;
use std::pin::pin;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{UnixListener, UnixStream};
use chango_core::spawn::spawn;
use chango_core::time::{self, timeout};
use futures_lite::StreamExt;

use crate::{MOMENT, NEVER, Place, pattern, runtime, settle};

#[test]
fn an_echo_server_serves_blocking_clients() {
    for workers in [1, 2] {
        let place = Place::new();
        let runtime = runtime(workers);
        let listener = runtime.block_on(async { UnixListener::bind(&place).unwrap() });
        let server = runtime.spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                assert!(peer.is_unnamed());
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
                let place = &place;
                scope.spawn(move || {
                    let mut stream = std_net::UnixStream::connect(place).unwrap();
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
fn a_blocking_server_is_connected_to() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            let server = std_net::UnixListener::bind(&place).unwrap();
            let ours = UnixStream::connect(&place).await.unwrap();
            let same = UnixStream::connect_addr(&server.local_addr().unwrap()).await;
            let peer = ours.peer_addr().unwrap();
            assert_eq!(peer.as_pathname(), Some(place.as_ref()));
            assert!(ours.local_addr().unwrap().is_unnamed());
            let (mut theirs, _) = server.accept().unwrap();
            theirs.write_all(b"hello").unwrap();
            let mut buffer = [0; 5];
            ours.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"hello");
            drop(same.unwrap());
        });
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_no_file_is_listened_at_and_connected_to() {
    use std::os::linux::net::SocketAddrExt;

    runtime(1).run(async {
        let name = format!("chango-abstract-{}", std::process::id());
        let addr = std_net::SocketAddr::from_abstract_name(&name).unwrap();
        let listener = UnixListener::bind_addr(&addr).unwrap();
        let taken = UnixListener::bind_addr(&addr).unwrap_err();
        assert_eq!(taken.kind(), ErrorKind::AddrInUse);
        let client = UnixStream::connect_addr(&addr).await.unwrap();
        let (server, _) = listener.accept().await.unwrap();
        for named in [client.peer_addr(), server.local_addr()] {
            assert_eq!(named.unwrap().as_abstract_name(), Some(name.as_bytes()));
        }
        client.write_all(b"x").await.unwrap();
        assert_eq!(server.read(&mut [0]).await.unwrap(), 1);
        // It goes with the listener, and leaves nothing.
        listener.close();
        let gone = UnixStream::connect_addr(&addr).await.unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::ConnectionRefused);
        drop(UnixListener::bind_addr(&addr).unwrap());
    });
}

#[test]
fn a_listener_that_is_closed_wakes_who_accepts_and_leaves_its_file() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            let listener = Arc::new(UnixListener::bind(&place).unwrap());
            let acceptors: Vec<_> = (0..3)
                .map(|_| {
                    let listener = Arc::clone(&listener);
                    spawn(async move { listener.accept().await.map(drop) })
                })
                .collect();
            settle().await;
            listener.close();
            for acceptor in acceptors {
                let ended = timeout(NEVER, acceptor).await.expect("woken").unwrap();
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotConnected);
            }
            let refused = UnixStream::connect(&place).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            let taken = UnixListener::bind(&place).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            fs::remove_file(&place).unwrap();
            let gone = UnixStream::connect(&place).await.unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::NotFound);
            drop(UnixListener::bind(&place).unwrap());
            assert!(place.as_ref().exists());
        });
    }
}

#[test]
fn connections_come_as_a_stream_until_the_deadline() {
    runtime(1).run(async {
        let place = Place::new();
        let listener = UnixListener::bind(&place).unwrap();
        assert_eq!(
            listener.local_addr().unwrap().as_pathname(),
            Some(place.as_ref())
        );
        let clients: Vec<_> = (0..3)
            .map(|_| std_net::UnixStream::connect(&place).unwrap())
            .collect();
        let mut incoming = pin!(listener.incoming());
        for mut client in clients {
            let stream = incoming.next().await.unwrap().unwrap();
            client.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
        }
        listener.set_deadline(Some(Instant::now() + MOMENT));
        let late = incoming.next().await.unwrap().unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn who_finds_the_queue_full_waits_until_there_is_room() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            // A queue of the shortest length, which std cannot make.
            let listener =
                socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
            listener
                .bind(&socket2::SockAddr::unix(&place).unwrap())
                .unwrap();
            listener.listen(0).unwrap();
            let connects = |_| {
                let place = place.0.clone();
                spawn(async move { UnixStream::connect(place).await.map(drop) })
            };
            let connecting: Vec<_> = (0..8).map(connects).collect();
            settle().await;
            let waiting = connecting.iter().filter(|one| !one.is_finished()).count();
            assert!(waiting > 0, "the queue is longer than it was made");
            let acceptor = thread::spawn(move || {
                for _ in 0..8 {
                    drop(listener.accept().unwrap());
                }
            });
            for one in connecting {
                timeout(NEVER, one)
                    .await
                    .expect("room came")
                    .unwrap()
                    .unwrap();
            }
            acceptor.join().unwrap();
        });
    }
}

const FEW_FILES: &str = "CHANGO_TEST_FEW_FILES";

/// Runs the test `name` again as a process of its own that may have `limit` open files.
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

#[test]
fn a_listener_survives_a_full_table_of_files() {
    if std::env::var_os(FEW_FILES).is_none() {
        return with_few_files(48, "listeners::a_listener_survives_a_full_table_of_files");
    }
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            let listener = UnixListener::bind(&place).unwrap();
            let client = std_net::UnixStream::connect(&place).unwrap();
            let mut files = Vec::new();
            let full = loop {
                match fs::File::open("/dev/null") {
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
            let accepted = timeout(NEVER, acceptor).await.unwrap().unwrap();
            let (_, peer) = accepted.unwrap();
            assert!(peer.is_unnamed());
            drop(client);
        });
    }
    eprintln!("accepted in the end");
}
