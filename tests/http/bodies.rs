//! Bodies that come while others go, and that wait for each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::prelude::*;
use hyper::Response;
use hyper::body::Bytes;

use crate::site::{BOTH, Client, body_of, get, pattern, piece, post, serve, site};
use crate::workers::on_workers;

#[test]
fn each_piece_comes_back_before_the_next_one_is_sent() {
    on_workers(|| async {
        for version in BOTH {
            let address = serve(version, site).await;
            let mut client = Client::connect(version, address).await;
            let (tx, rx) = bounded(0);
            let response = client.send(post("/echo", body_of(rx))).await.unwrap();
            let mut body = response.into_body();
            co! {
                for number in 0..20 {
                    let sent = pattern(1 + 999 * number);
                    tx <- Bytes::from(sent.clone());
                    let mut got = Vec::new();
                    while got.len() < sent.len() {
                        got.extend(piece(&mut body).await.unwrap().unwrap());
                    }
                    assert!(got == sent, "{version:?}: piece {number}");
                }
            }
            drop(tx);
            let end = piece(&mut body).await;
            assert!(end.is_none(), "{version:?}: {end:?}");
            assert_eq!(client.get("/hello").await.unwrap(), b"hello");
        }
    });
}

const PIECE: usize = 64 * 1024;
const PIECES: usize = 1_000;
/// How far the one who sends may be ahead of the one who reads: what hyper and the system keep in between,
/// which for Linux may be 33 MiB. It is less than all.
const AHEAD: usize = 800;

/// What was sent and received of a large body.
#[derive(Clone, Default)]
struct Ledger(Arc<[AtomicUsize; 2]>);

impl Ledger {
    /// A goroutine that sends the pieces, and is never far ahead.
    fn send(&self) -> Receiver<Bytes> {
        let (tx, rx) = bounded::<Bytes>(0);
        let ledger = self.clone();
        go! {
            let piece = Bytes::from(pattern(PIECE));
            for sent in 1..=PIECES {
                tx <- piece.clone();
                ledger.0[0].store(sent, Ordering::Relaxed);
                let received = ledger.0[1].load(Ordering::Relaxed) / PIECE;
                assert!(sent <= received + AHEAD, "{sent} pieces sent and {received} received");
            }
        };
        rx
    }

    /// Reads a body that was sent so, and does not begin before some of it waits.
    async fn receive<B>(&self, mut body: B) -> usize
    where
        B: hyper::body::Body<Data = Bytes> + Unpin,
        B::Error: std::fmt::Debug,
    {
        let some = || self.0[0].load(Ordering::Relaxed) >= 1;
        crate::until::until("something is sent", some).await;
        for _ in 0..1_000 {
            chango::task::yield_now().await;
        }
        let mut total = 0;
        while let Some(piece) = piece(&mut body).await {
            total += piece.unwrap().len();
            self.0[1].store(total, Ordering::Relaxed);
        }
        total
    }
}

#[test]
fn who_sends_a_response_waits_for_a_client_that_reads_slowly() {
    on_workers(|| async {
        for version in BOTH {
            let ledger = Ledger::default();
            let theirs = ledger.clone();
            let address = serve(version, move |_| {
                let body = body_of(theirs.send());
                async { Ok(Response::new(body)) }
            })
            .await;
            let mut client = Client::connect(version, address).await;
            let response = client.send(get("/")).await.unwrap();
            let total = ledger.receive(response.into_body()).await;
            assert_eq!(total, PIECES * PIECE, "{version:?}");
        }
    });
}

#[test]
fn who_sends_a_request_waits_for_a_server_that_reads_slowly() {
    on_workers(|| async {
        for version in BOTH {
            let ledger = Ledger::default();
            let theirs = ledger.clone();
            let address = serve(version, move |request| {
                let ledger = theirs.clone();
                async move {
                    let total = ledger.receive(request.into_body()).await;
                    Ok(Response::new(crate::site::text(total.to_string())))
                }
            })
            .await;
            let mut client = Client::connect(version, address).await;
            let request = post("/", body_of(ledger.send()));
            let response = client.send(request).await.unwrap();
            let total = crate::site::all(response.into_body()).await.unwrap();
            let total = String::from_utf8(total).unwrap();
            assert_eq!(total, (PIECES * PIECE).to_string(), "{version:?}");
        }
    });
}

#[test]
fn a_client_that_goes_away_ends_the_goroutine_that_sends_to_it() {
    on_workers(|| async {
        for version in BOTH {
            let (ended_tx, ended) = bounded::<()>(0);
            let address = serve(version, move |_| {
                let (tx, rx) = bounded::<Bytes>(0);
                go! { clone ended_tx;
                    // Dropped when the send below finds nobody that listens.
                    let _ended_tx = ended_tx;
                    loop { tx <- Bytes::from_static(b"on and on "); }
                };
                async { Ok(Response::new(body_of(rx))) }
            })
            .await;
            let mut client = Client::connect(version, address).await;
            let response = client.send(get("/")).await.unwrap();
            let mut body = response.into_body();
            assert!(piece(&mut body).await.is_some());
            let senders = ended.sender_count();
            assert!(senders > 1);
            drop((body, client));
            let gone = || ended.sender_count() < senders;
            crate::until::until("the goroutine has ended", gone).await;
        }
    });
}
