//! A client that many programs use, `reqwest`, in goroutines. It is written for tokio: its sockets, its timers
//! and the tasks that it spawns are tokio's. The server is std's, with a thread for each connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use chango::compat::{self, with_tokio};
use chango::prelude::*;
use chango::runtime::Builder;
use reqwest::{Client, StatusCode};

use crate::until::until;
use crate::workers::{on, on_workers};

/// Answers what it is asked, until it is dropped by its last client.
struct Server {
    address: SocketAddr,
    counts: Arc<Counts>,
    /// A connection of which a request for `/never` came in, and that ended without an answer.
    given_up: Mutex<Receiver<()>>,
}

#[derive(Default)]
struct Counts {
    requests: AtomicUsize,
    connections: AtomicUsize,
}

impl Server {
    fn start() -> Arc<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (gives_up, given_up) = mpsc::channel();
        let server = Arc::new(Self {
            address: listener.local_addr().unwrap(),
            counts: Arc::default(),
            given_up: Mutex::new(given_up),
        });
        let counts = Arc::clone(&server.counts);
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (counts, gives_up) = (Arc::clone(&counts), gives_up.clone());
                counts.connections.fetch_add(1, Ordering::SeqCst);
                thread::spawn(move || serve(&stream.unwrap(), &counts, &gives_up));
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn wait_for_one_that_gives_up(&self) {
        let given_up = self.given_up.lock().unwrap();
        let waited = given_up.recv_timeout(Duration::from_secs(30));
        waited.expect("the client has closed its connection");
    }
}

/// `POST` gives the body back; `GET /never` waits for the client to go; another one gives its path.
fn serve(mut stream: &TcpStream, counts: &Counts, gives_up: &Sender<()>) -> Option<()> {
    let mut from = BufReader::new(stream);
    loop {
        let (mut path, mut length) = (String::new(), 0);
        for line in from.by_ref().lines() {
            let line = line.ok()?;
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            if line.is_empty() {
                break;
            }
            if path.is_empty() {
                path = line.split(' ').nth(1)?.to_owned();
            }
        }
        if path.is_empty() {
            return None;
        }
        counts.requests.fetch_add(1, Ordering::SeqCst);
        let mut body = vec![0; length];
        from.read_exact(&mut body).ok()?;
        if path == "/never" {
            let end = from.read(&mut [0]);
            assert!(matches!(end, Ok(0) | Err(_)));
            return gives_up.send(()).ok();
        }
        let body = if length == 0 { path.into_bytes() } else { body };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n",
            body.len()
        )
        .and_then(|()| stream.write_all(&body))
        .ok()?;
    }
}

/// Without the proxies of the environment.
fn client() -> Client {
    Client::builder().no_proxy().build().unwrap()
}

async fn get(client: &Client, url: String) -> reqwest::Result<String> {
    with_tokio(async { client.get(url).send().await?.text().await }).await
}

#[test]
fn a_goroutine_asks_a_server() {
    on_workers(|| async {
        let server = Server::start();
        let asked = go! {
            let answer = with_tokio(client().get(server.url("/hello")).send()).await.unwrap();
            assert_eq!(answer.status(), StatusCode::OK);
            // The rest of the answer in a context of its own.
            with_tokio(answer.text()).await.unwrap()
        };
        assert_eq!(asked.await.unwrap(), "/hello");
    });
}

#[test]
fn a_hundred_goroutines_share_a_client() {
    on_workers(|| async {
        let (server, client) = (Server::start(), client());
        let (tx, answers) = bounded(10);
        for number in 0..100 {
            go! {
                clone server, client, tx;
                let path = format!("/number/{number}");
                let first = get(&client, server.url(&path)).await.unwrap();
                let body = vec![number as u8; 30_000];
                let posts = client.post(server.url("/")).body(body.clone());
                let back = with_tokio(async { posts.send().await?.bytes().await }).await.unwrap();
                assert_eq!((first, &back[..]), (path, &body[..]));
                tx <- number;
            };
        }
        drop(tx);
        let mut sum = 0;
        co! { for number in <-answers { sum += number; } }
        assert_eq!(sum, 99 * 100 / 2);
        assert_eq!(server.counts.requests.load(Ordering::SeqCst), 200);
        // Its pool keeps connections open: that is done by tasks of tokio's.
        assert!(server.counts.connections.load(Ordering::SeqCst) < 200);
    });
}

#[test]
fn a_body_comes_in_pieces_through_a_channel() {
    on_workers(|| async {
        let server = Server::start();
        let (tx, pieces) = bounded(0);
        let body = vec![b'x'; 3_000_000];
        let posts = client().post(server.url("/")).body(body.clone());
        go! {
            with_tokio(async move {
                let mut answer = posts.send().await.unwrap();
                while let Some(piece) = answer.chunk().await.unwrap() {
                    tx <- piece;
                }
            })
            .await
        };
        let (mut length, mut count) = (0, 0);
        co! {
            for piece in <-pieces {
                length += piece.len();
                count += 1;
            }
        }
        assert!(length == body.len() && count > 1, "{length} in {count}");
    });
}

#[test]
fn changos_timeout_ends_a_request_and_its_connection() {
    on_workers(|| async {
        let (server, client) = (Server::start(), client());
        // Again, if it had not even asked by then.
        while server.counts.requests.load(Ordering::SeqCst) == 0 {
            let asked = get(&client, server.url("/never"));
            assert!(timeout(Duration::from_millis(50), asked).await.is_err());
        }
        server.wait_for_one_that_gives_up();
        assert_eq!(get(&client, server.url("/next")).await.unwrap(), "/next");
    });
}

#[test]
fn the_clients_own_timeout_is_by_tokios_clock() {
    on_workers(|| async {
        let (server, client) = (Server::start(), client());
        while server.counts.requests.load(Ordering::SeqCst) == 0 {
            let asked = client.get(server.url("/never"));
            let asked = asked.timeout(Duration::from_millis(20));
            // `send` sets the timer, so it is called in the context.
            let late = with_tokio(async { asked.send().await }).await;
            assert!(late.unwrap_err().is_timeout());
        }
        server.wait_for_one_that_gives_up();
    });
}

#[test]
fn a_request_that_loses_in_a_select_is_given_up_and_one_that_wins_is_answered() {
    on_workers(|| async {
        let (server, client) = (Server::start(), client());
        select! {
            answer = get(&client, server.url("/never")) => panic!("{answer:?}"),
            () = until("it has asked", || server.counts.requests.load(Ordering::SeqCst) == 1) => {
                server.wait_for_one_that_gives_up();
            }
        }
        select! {
            answer = get(&client, server.url("/won")) => assert_eq!(answer.unwrap(), "/won"),
            answer = get(&client, server.url("/never")) => panic!("{answer:?}"),
        }
    });
}

#[test]
fn requests_of_goroutines_that_are_aborted_are_given_up() {
    on_workers(|| async {
        let (server, client) = (Server::start(), client());
        let asks: Vec<_> = (0..20)
            .map(|_| go! { clone server, client; get(&client, server.url("/never")).await })
            .collect();
        let all_asked = || server.counts.requests.load(Ordering::SeqCst) == 20;
        until("all have asked", all_asked).await;
        for ask in asks {
            ask.abort();
            server.wait_for_one_that_gives_up();
            assert!(ask.await.unwrap_err().is_aborted());
        }
    });
}

#[test]
fn a_runtime_that_ends_gives_its_requests_up() {
    for workers in [1, 2, 8] {
        let server = Server::start();
        let runtime = Builder::new().workers(workers).build().unwrap();
        let asks = with_tokio(client().get(server.url("/never")).send());
        let goroutine = runtime.spawn(asks);
        while server.counts.requests.load(Ordering::SeqCst) == 0 {
            thread::yield_now();
        }
        drop(runtime);
        server.wait_for_one_that_gives_up();
        let ended = futures_lite::future::block_on(goroutine);
        assert!(ended.unwrap_err().is_aborted());
    }
}

#[test]
fn a_server_that_is_not_there_is_an_error() {
    on(2, async {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let refused = get(&client(), format!("http://{}/", address.unwrap())).await;
        assert!(refused.unwrap_err().is_connect());
    });
}

#[test]
fn a_client_asks_in_the_runtime_of_a_program_of_tokios() {
    let tokio = tokio::runtime::Runtime::new().unwrap();
    on_workers(|| {
        let handle = tokio.handle().clone();
        async move {
            let server = Server::start();
            let url = server.url("/there");
            let asked = compat::on(&handle, async {
                client().get(url).send().await?.text().await
            });
            assert_eq!(asked.await.unwrap(), "/there");
        }
    });
}
