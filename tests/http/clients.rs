//! Our client, and a server written by hand over std's sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use chango::prelude::*;
use hyper::StatusCode;
use hyper::body::Bytes;

use crate::site::{Client, Version, all, body_of, get, pattern, post, serve, site};
use crate::workers::on_workers;

/// Answers with what `answer` makes of each request's first line and the rest of its head.
fn by_hand(answer: impl Fn(&str, &str, &mut TcpStream) + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        let mut stream = stream;
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if lines.read_line(&mut head).unwrap() == 0 {
                    return;
                }
            }
            let (first, rest) = head.split_once("\r\n").unwrap();
            answer(first, rest, &mut stream);
        }
    });
    address
}

#[test]
fn a_server_by_hand_answers_request_after_request_on_one_connection() {
    on_workers(|| async {
        let address = by_hand(|first, rest, stream| {
            assert!(rest.to_lowercase().contains("host: site\r\n"), "{rest}");
            let text = format!("you said {first}");
            let len = text.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n{text}"
            )
            .unwrap();
        });
        let mut client = Client::connect(Version::One, address).await;
        for number in 0..20 {
            let path = format!("/page/{number}");
            let said = client.get(&path).await.unwrap();
            // hyper sends the URI as it is told it.
            let expected = format!("you said GET http://site{path} HTTP/1.1");
            assert_eq!(String::from_utf8(said).unwrap(), expected);
        }
    });
}

#[test]
fn an_answer_that_comes_byte_by_byte_in_chunks_is_read() {
    on_workers(|| async {
        let address = by_hand(|_, _, stream| {
            stream.set_nodelay(true).unwrap();
            let answer = b"HTTP/1.1 418 I'm a teapot\r\ntransfer-encoding: chunked\r\n\r\n\
                5\r\nshort\r\n11\r\n and not so short\r\n0\r\n\r\n";
            for byte in answer {
                stream.write_all(&[*byte]).unwrap();
            }
        });
        let mut client = Client::connect(Version::One, address).await;
        let response = client.send(get("/")).await.unwrap();
        assert_eq!(response.status(), StatusCode::IM_A_TEAPOT);
        let said = all(response.into_body()).await.unwrap();
        assert_eq!(said, b"short and not so short");
    });
}

#[test]
fn an_answer_that_is_cut_off_is_an_error() {
    on_workers(|| async {
        let address = by_hand(|_, _, stream| {
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nthat is all"
            )
            .unwrap();
            stream.shutdown(std::net::Shutdown::Both).unwrap();
        });
        let mut client = Client::connect(Version::One, address).await;
        let response = client.send(get("/")).await.unwrap();
        let error = all(response.into_body()).await.unwrap_err();
        assert!(error.is_incomplete_message() || error.is_body_write_aborted() || !error.is_user());
    });
}

#[test]
fn a_body_from_a_channel_reaches_a_server_by_hand_in_chunks() {
    on_workers(|| async {
        let address = by_hand(|_, rest, stream| {
            assert!(rest.contains("transfer-encoding: chunked"), "{rest}");
            let mut got = Vec::new();
            while !got.ends_with(b"0\r\n\r\n") {
                let mut piece = [0; 4096];
                let len = stream.read(&mut piece).unwrap();
                assert!(len > 0);
                got.extend_from_slice(&piece[..len]);
            }
            let len = got.len();
            write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n\r\n").unwrap();
            stream.write_all(&got).unwrap();
        });
        co! {
            let mut client = Client::connect(Version::One, address).await;
            let (tx, rx) = bounded(0);
            let (go_on, may_send) = bounded::<()>(0);
            go! {
                // Not before the head is read: what the server has buffered of the body it would miss.
                <-may_send;
                for word in ["one", "two", "three"] { tx <- Bytes::from(word); }
            };
            let sending = go! {
                let response = client.send(post("/", body_of(rx))).await.unwrap();
                all(response.into_body()).await.unwrap()
            };
            sleep(Duration::from_millis(20)).await;
            go_on <- ();
            let said = String::from_utf8((<-sending).unwrap()).unwrap();
            assert_eq!(said, "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
        }
    });
}

#[test]
fn many_streams_of_one_connection_are_answered_at_once() {
    on_workers(|| async {
        const MANY: usize = 150;
        let all_there = WaitGroup::new();
        all_there.add(MANY);
        let address = serve(Version::Two, move |request| {
            let all_there = all_there.clone();
            async move {
                all_there.done();
                all_there.wait().await;
                site(request).await
            }
        })
        .await;
        let Client::Two(requests) = Client::connect(Version::Two, address).await else {
            unreachable!("it was made so");
        };
        let asked: Vec<_> = (0..MANY)
            .map(|number| {
                let mut client = Client::Two(requests.clone());
                go! {
                    let sent = pattern(number * 1_000);
                    let body = crate::site::text(sent.clone());
                    let response = client.send(post("/echo", body)).await.unwrap();
                    assert!(all(response.into_body()).await.unwrap() == sent, "{number}");
                }
            })
            .collect();
        for handle in asked {
            handle.await.unwrap();
        }
    });
}
