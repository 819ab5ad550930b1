//! `for … in <-operand`: operands, patterns, nesting, values that leave it, an early end.
#![deny(warnings)]
#![allow(clippy::never_loop)]

use chango::prelude::*;

struct Pair {
    a: i32,
    b: [i32; 2],
}

fn filled<T>(values: impl IntoIterator<Item = T>) -> Receiver<T> {
    let (tx, rx) = unbounded();
    values.into_iter().for_each(|v| drop(tx.try_send(v)));
    rx
}

async fn first_even(rx: Receiver<i32>) -> Result<i32, std::num::ParseIntError> {
    co! {
        for v in <-rx {
            if v % 2 == 0 { return Ok(v) }
            v.to_string().parse::<i32>()?;
        }
        "none".parse()
    }
}

fn main() {
    run! {
        let mut seen = Vec::new();
        for Pair { a, b: [b, ..] } in <-filled([Pair { a: 1, b: [2, 3] }]) { seen.extend([a, b]) }
        for (mut a, ref b) in <-filled([(3, 4)]) { a += b; seen.push(a) }
        for &n in <-filled([&8]) { seen.push(n) }
        for [a, rest @ ..] in <-filled([[9, 10, 11]]) { seen.push(a); seen.extend(rest) }
        for Ok(n) | Err(n) in <-filled([Err(12)]) { seen.push(n) }
        for _ in <-filled(["a"; 3]) { seen.push(0) }
        for rx in <-filled([filled([13]), filled([14])]) { for n in <-rx { seen.push(n) } }
        for () in <-filled([()]) {}
        assert_eq!(seen, [1, 2, 7, 8, 9, 10, 11, 12, 0, 0, 0, 13, 14]);
        assert_eq!((first_even(filled([1, 4])).await, first_even(filled([])).await.is_err()), (Ok(4), true));
        for result in <-go! { 15 } { seen = vec![result.unwrap()]; break }
        for at in <-&tick(Duration::from_millis(1)) { assert!(at <= Instant::now()); break }
        for at in <-Some(after(Duration::from_millis(1))) { assert!(at <= Instant::now()); break }
        let rx = filled([1, 2, 3]);
        for n in <-rx {
            for m in <-&rx { seen.push(10 * n + m); break }
            if let 1 = n { continue }
            break;
        }
        for n in 0..2 { for _ in (<-filled([n])).iter().filter(|n| **n == 1) { seen.push(n) } }
        for n in vec![(<-filled([5])).unwrap(); 2] { seen.push(n) }
        assert_eq!(seen, [15, 12, 1, 5, 5]);
    }
}
