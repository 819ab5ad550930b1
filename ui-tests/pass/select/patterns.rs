//! The patterns of arms: what is irrefutable, and `Some` of it.
#![deny(warnings)]

use chango::prelude::*;

#[derive(Clone, Copy, Debug, PartialEq)]
struct Point<const N: i32> {
    x: i32,
    y: i32,
}

struct Wrapper(i32, (u8, u8));

enum Only {
    One(i32),
}

enum Either {
    Left(i32),
    Right(i32),
}

fn filled<T>(value: T) -> Receiver<T> {
    let (tx, rx) = bounded(1);
    drop(tx.try_send(value));
    rx
}

fn main() {
    run! {
        let mut got = Vec::new();
        select! { mut v = <-filled(1) => { v = v.map(|v| v + 1); got.extend(v) } }
        select! { ref v = <-filled(3) => got.extend(v) }
        select! { v @ (Some(_) | None) = <-filled(4) => got.extend(v) }
        select! { Some(_) | None = <-filled(5) => got.push(5) }
        select! { _ = <-filled("dropped".to_string()) => got.push(6) }
        select! { Some(mut v) = <-filled(6) => { v += 1; got.push(v) } }
        select! { Some(Point { x, y: _ }) = <-filled(Point::<-1> { x: 8, y: 0 }) => got.push(x) }
        select! { Some(Wrapper(a, (.., _))) = <-filled(Wrapper(9, (0, 0))) => got.push(a) }
        select! { Some([a, .., b]) = <-filled([10, 0, 0, 11]) => got.extend([a, b]) }
        select! { Some(&n) = <-filled(&12) => got.push(n) }
        select! { Some(Only::One(n)) = <-filled(Only::One(13)) => got.push(n) }
        select! { Some(Either::Left(n) | Either::Right(n)) = <-filled(Either::Right(14)) => got.push(n) }
        select! { Some(whole @ Point::<-1> { x, .. }) = <-filled(Point { x: 15, y: 1 }) => {
            got.push(x * whole.y)
        } }
        select! { (a, b) = async { (16, 17) } => got.extend([a, b]) }
        select! { Point::<0> { x, .. } = async { Point { x: 18, y: 0 } } => got.push(x) }
        select! { Either::Left(n) | Either::Right(n) = async { Either::Left(19) } => got.push(n) }
        select! { () = async {} => got.push(20) }
        select! { Some(n) = async { Some(21) } => got.push(n), else => unreachable!() }
        select! { n = async { None::<i32> } => got.push(n.unwrap_or(22)) }
        let (tx, _rx) = bounded::<i32>(1);
        select! { _sent = tx <- 1 => got.push(23) }
        select! { (Ok(()) | Err(_)) = tx <- 1, if false => {} else => got.push(24) }
        select! { Result::<_, _>::Ok(n) | Result::Err(n) = async { Ok::<_, i32>(25) } => got.push(n) }
        select! { n @ _ = async { 26 } => got.push(n) }
        let expected: Vec<i32> = [2].into_iter().chain(3..=26).collect();
        assert_eq!(got, expected);
    }
}
