//! In the head of a loop, an `if` or a `match` the operand may be a block, as behind `!` and `-`.
#![deny(warnings)]
#![allow(unused_unsafe, clippy::match_single_binding)]

use chango::prelude::*;

fn filled(values: &[i32]) -> Receiver<i32> {
    let (tx, rx) = unbounded();
    values.iter().for_each(|v| tx.try_send(*v).unwrap());
    rx
}

fn main() {
    run! {
        let mut sum = 0;
        for v in <-{ filled(&[1, 2]) } {
            sum += v;
        }
        for v in <-{ let rx = Some(filled(&[3])); rx }.unwrap() { sum += v }
        for v in <-unsafe { filled(&[4]) } { sum += v }
        for v in <-&{ filled(&[5]) } { sum += v }
        'a: for v in <-'b: { if sum == 0 { break 'b filled(&[]) } filled(&[6, 100]) } {
            sum += v;
            break 'a;
        }
        assert_eq!(sum, 21);
        let rx = filled(&[1, 2, 3, 4, 5, 6, 7, 8]);
        if <-{ &rx } == Some(1) && <-{ &rx } == Some(2) { sum += 1 }
        match <-{ &rx } { Some(v) => sum += v, None => unreachable!() }
        match <-unsafe { &rx } { Some(v) => sum += v, None => unreachable!() }
        while let Some(v) = <-{ &rx } { sum += v; if v == 5 { break } }
        while (<-{ &rx }).is_some_and(|v| v < 7) { sum += 1 }
        match { <-rx } { v => assert_eq!((sum, v), (35, Some(8))) }
        let total = if let Some(0) = <-match sum { _ => filled(&[0]) } { 1 } else { 2 };
        assert_eq!(total, 1);
        for v in <-if total == 1 { filled(&[9]) } else { filled(&[]) } { assert_eq!(v, 9) }
        for v in <-(filled)(&[9]).clone() { assert_eq!(v, 9) }
        for (v, w) in (<-filled(&[1])).into_iter().zip(<-filled(&[2])) { assert_eq!((v, w), (1, 2)) }
    }
}
