//! A select that a macro makes, of patterns, operands, guards and bodies that it was given.
#![deny(warnings)]

use chango::prelude::*;

macro_rules! first {
    ($($pattern:pat = $rx:expr => $body:expr),* ; $default:expr) => {
        select! { biased; $($pattern = <-$rx => $body,)* default => $default }
    };
}

macro_rules! send_or {
    ($tx:expr, $value:expr, $guard:expr, $body:block, $other:block) => {
        select! { $tx <- $value, if $guard => $body default => $other }
    };
}

macro_rules! lend {
    ($tx:ident, $variable:expr => $body:block) => {
        select! { $tx <- mut $variable => $body default => $body }
    };
}

macro_rules! future {
    ($pattern:pat, $future:expr, $after:literal, $body:expr) => {
        select! { biased; $pattern = $future => $body, _ = sleep(Duration::from_secs($after)) => -1 }
    };
    ($($arms:tt)*) => { select! { $($arms)* } };
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let (_open, empty) = bounded::<i32>(1);
        let rxs = [&empty, &rx];
        tx <- 1;
        assert_eq!(first!(Some(v) = rxs[0] => v, Some(v) = rxs[1] => v + 1; 0), 2);
        assert_eq!(first!(v = empty => v, v = rx.clone() => v; Some(3)), Some(3));
        assert_eq!(send_or!(&tx, 1 + 2, rx.is_empty(), { 4 }, { 5 }), 4);
        assert_eq!(send_or!(tx, 1, 1 > 2, { 4 }, { 5 }), 5);
        let mut pending = 6;
        lend!(tx, pending => { pending += 1 });
        assert_eq!((pending, <-rx), (7, Some(3)));
        // The winner's value is gone, so that its body gives another one.
        lend!(tx, pending => { pending = 8 });
        assert_eq!((pending, <-rx), (8, Some(7)));
        tx <- 9;
        let v = 10;
        assert_eq!(future!(_, async { 0 }, 60, v), 10);
        assert_eq!(future!(v = <-rx => v, else => None), Some(v - 1));
    }
}
