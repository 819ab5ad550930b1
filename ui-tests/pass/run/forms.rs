//! `run!` as an expression: delimiters, captures, early ends, results, one after the other.
#![deny(warnings)]

use chango::prelude::*;

fn found(texts: Vec<String>) -> Option<usize> {
    let count = texts.len();
    let longest = run! {
        let (tx, rx) = bounded(1);
        go! { for text in texts { tx <- text.len() } }
        let mut longest = (<-rx)?;
        for n in <-rx {
            if n == 0 { return None }
            longest = longest.max(n);
        }
        Some(longest)
    }?;
    Some(longest + count)
}

fn method(n: i32) -> String {
    run!(go!(i32::pow(n, 2)).await).unwrap().to_string() + &run![n + 1].to_string()
}

const LIMIT: i32 = 1 << 3;

fn main() {
    assert_eq!(found(vec!["a".into(), "bcd".into()]), Some(5));
    assert_eq!((found(vec!["".into(), "".into()]), found(vec![])), (None, None));
    assert_eq!(method(-3), "9-2");
    let values = [run! { 1 }, run!(async { 2 }), run! { async { 3 }.await }, run!({ 4 })];
    assert_eq!(values, [1, 2, 3, 4]);
    let _: () = run! {};
    run! { const { assert!(LIMIT == 8) } };
    run! {
        fn inner() -> u8 { 5 }
        struct Kept(u8);
        let Kept(n) = Kept(inner());
        assert_eq!(n, 5);
        return;
    }
    let threads: Vec<_> = (0..2).map(|n| std::thread::spawn(move || run! {
        let (tx, rx) = bounded(0);
        go! { tx <- n };
        <-rx
    })).collect();
    let got: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
    assert_eq!(got, [Some(0), Some(1)]);
    if run! { let (_tx, rx) = bounded::<u8>(1); select! { v = <-rx => v.is_some(), default => true } } {
        let parsed: Result<i32, std::num::ParseIntError> = run! { let n: i32 = "8".parse()?; Ok(n) };
        assert_eq!(parsed, Ok(8));
    }
}
