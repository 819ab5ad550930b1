//! Ten thousand connections at the same time, with a goroutine for each on both sides, which are two
//! processes: one may often have not that many files twice.
#![cfg(unix)]
#![allow(missing_docs)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chango_core::net::{TcpListener, TcpStream};
use chango_core::runtime::{Builder, Handle};
use chango_core::spawn::spawn;
use chango_core::time::{sleep, timeout};

const CONNECTIONS: usize = 10_000;

/// Files that a process has open beside its connections.
const OTHERS: u64 = 200;

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(60);

const NAME: &str = "ten_thousand_connections_are_open_at_once_and_each_is_served";
const ROLE: &str = "CHANGO_TEST_MANY";

#[test]
fn ten_thousand_connections_are_open_at_once_and_each_is_served() {
    match std::env::var(ROLE).ok().as_deref() {
        None => {}
        Some("server") => return server(),
        Some(addr) => return client(addr.parse().unwrap()),
    }
    let limit = Command::new("sh")
        .args(["-c", "ulimit -Hn"])
        .output()
        .unwrap();
    let limit = String::from_utf8(limit.stdout).unwrap();
    // Where there is none, this is no number.
    if limit
        .trim()
        .parse()
        .is_ok_and(|limit: u64| limit < CONNECTIONS as u64 + OTHERS)
    {
        eprintln!(
            "skipped: a process may have only {} files open here",
            limit.trim()
        );
        return;
    }
    let mut server = start("server");
    let mut lines = BufReader::new(server.stdout.take().unwrap()).lines();
    let addr = lines
        .find_map(|line| line.unwrap().strip_prefix("listens at ").map(str::to_owned))
        .expect("the server says where");
    let client = start(&addr).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&client.stdout);
    assert!(
        client.status.success() && said.contains("all were served"),
        "{said}"
    );
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert!(server.wait().unwrap().success(), "{rest:?}");
    assert!(
        rest.iter().any(|line| line.contains("served all")),
        "{rest:?}"
    );
}

/// Runs this test again in a process of its own, in a role, with as many files as it may have.
fn start(role: &str) -> Child {
    Command::new("sh")
        .args(["-c", "ulimit -n $(ulimit -Hn) && exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", NAME, "--nocapture"])
        .env(ROLE, role)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until so many sockets are open.
async fn until_open(handle: &Handle, sockets: usize) {
    let start = Instant::now();
    while handle.metrics().files() != sockets {
        let open = handle.metrics().files();
        assert!(
            start.elapsed() < NEVER,
            "{open} sockets are open and not {sockets}"
        );
        sleep(Duration::from_millis(1)).await;
    }
}

fn server() {
    let runtime = Builder::new().workers(2).build().unwrap();
    let handle = runtime.handle();
    runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        // A line of its own, after what the test's name has begun.
        println!("\nlistens at {}", listener.local_addr().unwrap());
        let served = Arc::new(AtomicUsize::new(0));
        for _ in 0..CONNECTIONS {
            let accepted = timeout(NEVER, listener.accept()).await;
            let (stream, _) = accepted.expect("all come").unwrap();
            let served = Arc::clone(&served);
            spawn(async move {
                let mut word = [0; 8];
                stream.read_exact(&mut word).await.unwrap();
                stream.write_all(&word).await.unwrap();
                served.fetch_add(1, Ordering::Relaxed);
                // Closed by the client first, whose ports are many.
                assert_eq!(stream.read(&mut word).await.unwrap(), 0);
            })
            .detach();
        }
        assert_eq!(handle.metrics().files(), CONNECTIONS + 1);
        until_open(&handle, 1).await;
        assert_eq!(served.load(Ordering::Relaxed), CONNECTIONS);
        println!("served all");
    });
}

fn client(addr: SocketAddr) {
    let runtime = Builder::new().workers(2).build().unwrap();
    let handle = runtime.handle();
    runtime.block_on(async {
        let opened: Vec<_> = (0..CONNECTIONS)
            .map(|_| spawn(TcpStream::connect(addr)))
            .collect();
        let mut streams = Vec::with_capacity(CONNECTIONS);
        for stream in opened {
            let stream = timeout(NEVER, stream).await.expect("it connects");
            streams.push(stream.unwrap().unwrap());
        }
        assert_eq!(handle.metrics().files(), CONNECTIONS);
        let served: Vec<_> = (0_u64..)
            .zip(streams)
            .map(|(number, stream)| {
                spawn(async move {
                    let word = number.to_ne_bytes();
                    stream.write_all(&word).await.unwrap();
                    let mut back = [0; 8];
                    stream.read_exact(&mut back).await.unwrap();
                    assert_eq!(back, word);
                    stream
                })
            })
            .collect();
        // Kept until all have their answer.
        let mut streams = Vec::with_capacity(CONNECTIONS);
        for stream in served {
            let stream = timeout(NEVER, stream).await.expect("it is served");
            streams.push(stream.unwrap());
        }
        println!("all were served");
    });
}
