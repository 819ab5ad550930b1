//! Arguments of a call: what may stand there, their types, and a comma at the end.
#![deny(warnings)]

use std::fmt::Display;

use chango::prelude::*;

async fn show(a: Box<dyn Display + Send>, b: Box<dyn Display + Send>) -> String {
    format!("{a}{b}")
}

fn length(bytes: &[u8], text: &str, more: Option<Vec<u8>>) -> usize {
    bytes.len() + text.len() + more.map_or(0, |more| more.len())
}

fn ok(sent: Result<(), chango::chan::SendError<i32>>, v: Option<i32>) -> (bool, Option<i32>) {
    (sent.is_ok(), v)
}

fn apply(f: fn(i32) -> i32, n: u8, unit: ()) -> i32 {
    let () = unit;
    f(n.into())
}

async fn both<A: Future, B: Future>(a: A, b: B) -> (A::Output, B::Output) {
    (a.await, b.await)
}

fn main() {
    run! {
        let shown = go!(show(Box::new(1), Box::new("a")));
        assert_eq!((<-shown).unwrap(), "1a");
        assert_eq!((<-go!(length(b"abc", "de", None))).unwrap(), 5);
        assert_eq!((<-go!(length(&[1, 2], Default::default(), Some(vec![3])))).unwrap(), 3);
        let text: &'static String = Box::leak(Box::new("text".to_string()));
        assert_eq!((<-go!(length(text.as_bytes(), text, "".parse::<u8>().ok().map(|n| vec![n]),))).unwrap(), 8);
        let (tx, rx) = bounded::<i32>(1);
        assert_eq!((<-go!(ok(tx <- 1, <-rx))).unwrap(), (true, Some(1)));
        assert_eq!((<-go!(ok((tx <- 2), if rx.is_full() { <-rx } else { None }))).unwrap(), (true, Some(2)));
        let double: fn(i32) -> i32 = |n| 2 * n;
        assert_eq!((<-go!(apply(double, "5".parse().unwrap(), ()))).unwrap(), 10);
        assert_eq!((<-go!(apply(i32::abs, 200, { }))).unwrap(), 200);
        let inner = go!(both(async { 1 }, async move { <-rx }));
        tx <- 3;
        assert_eq!((<-inner).unwrap(), (1, Some(3)));
        assert_eq!((<-go!(i32::pow(go!(i32::pow(2, 2)).await.unwrap(), 1 + 1))).unwrap(), 16);
        let n = &mut 7;
        assert_eq!((<-go!(i64::from(*n))).unwrap(), 7);
        *n += 1;
        assert_eq!((*n).min(9), 8);
    }
}
