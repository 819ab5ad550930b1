//! `let … else`, chains of conditions, and guards of `match`, with arrows in all their parts.
#![deny(warnings)]

use chango::prelude::*;

async fn both(a: &Receiver<i32>, b: &Receiver<i32>, late: &Sender<i32>) -> Option<i32> {
    co! {
        let Some(first) = <-a else {
            late <- -1;
            return None;
        };
        let Some((x, y)) = (<-a).zip(<-b) else {
            late <- -2;
            return (<-a).or(Some(first));
        };
        if let Some(z) = <-b && let Some(w) = <-b && z < w && (late <- z).is_ok() && w < -40 + 80 {
            return Some(first + x + y + z + w);
        } else if let (Some(v), None) = (<-a, <-b) {
            late <- v;
        } else if rx_is(<-b, 5) || !(late <- -4).is_err() {
            late <- -3
        }
        while let Some(v) = <-a && v != 9 && let Ok(()) = (late <- v) {}
        None
    }
}

fn rx_is(v: Option<i32>, n: i32) -> bool {
    v == Some(n)
}

fn filled(values: &[i32]) -> Receiver<i32> {
    let (tx, rx) = unbounded();
    values.iter().for_each(|v| tx.try_send(*v).unwrap());
    rx
}

fn main() {
    run! {
        let (late, log) = unbounded();
        assert_eq!(both(&filled(&[]), &filled(&[]), &late).await, None);
        assert_eq!(both(&filled(&[1]), &filled(&[]), &late).await, Some(1));
        let (a, b) = (filled(&[1, 2]), filled(&[3, 4, 5]));
        assert_eq!(both(&a, &b, &late).await, Some(15));
        let (a, b) = (filled(&[1, 2, 6, 7, 9, 8]), filled(&[3, 5, 4]));
        assert_eq!((both(&a, &b, &late).await, a.len()), (None, 1));
        drop(late);
        let mut got = Vec::new();
        for v in <-log { got.push(v) }
        assert_eq!(got, [-1, -2, 4, 6, 7]);
        let rx = filled(&[1, 2]);
        let third = match got.len() {
            5 if <-rx == Some(2) => 1,
            n if n == 5 && <-rx == Some(2) => 2,
            _ => 3,
        };
        assert_eq!(third, 2);
    }
}
