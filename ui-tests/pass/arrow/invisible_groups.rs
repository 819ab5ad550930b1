//! What every kind of `macro_rules` variable stands for is seen through.
#![deny(warnings)]

use chango::prelude::*;

macro_rules! kinds {
    ($rx:expr, $tx:ident, $value:literal, $pattern:pat, $kind:ty, $path:path,
     $label:lifetime, $token:tt, $statement:stmt, $use:expr) => {
        co! {
            $statement;
            $tx <- $value;
            $tx <- 2 * $value as $kind;
            $path <- $value + 1;
            let $pattern = <-$rx else { return };
            let first = $use;
            let $pattern: Option<$kind> = <-$rx $token { return };
            assert_eq!($use, first * 2);
            let mut turns: $kind = <$kind>::default();
            if let Some(_) = <-$rx { turns += 1 }
            $tx <- $value;
            $label: loop {
                if $rx.is_empty() { break $label }
                match <-$rx { Some(v) => turns += v, _ => return }
            }
            assert_eq!(turns, $value + 1);
        }
    };
}

macro_rules! each {
    (while $rx:expr, $body:block) => { co! { while let Some(_) = <-$rx $body } };
    (if $rx:expr, $body:block else $other:block) => {
        co! { if (<-$rx).is_some() $body else $other }
    };
    (closure $rx:expr, $body:block) => { co! { (async || $body)().await + (<-$rx).unwrap() } };
    (for $pattern:pat = $rx:expr, $body:block) => { co! { for $pattern in <-$rx $body } };
}

macro_rules! group_of {
    ($tx:expr, $rx:expr; $a:expr, $b:expr) => {
        co! {
            $tx <- $a * $b;
            let sent = $tx <- -$a;
            sent.unwrap();
            (<-$rx).unwrap() * $b + (<-$rx).unwrap()
        }
    };
}

macro_rules! forwarded { ($($any:tt)*) => { co! { $($any)* } } }
macro_rules! twice_forwarded { ($($any:tt)*) => { forwarded! { $($any)* } } }
macro_rules! item { ($($item:item)*) => { co! { $($item)* } } }

item! {
    fn tx_of(tx: &Sender<i32>) -> &Sender<i32> { tx }
    async fn plain(n: i32) -> i32 { n }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        assert_eq!(group_of!(&tx, rx; 1 + 2, 3 + 4), 3 * 7 * 7 - 3);
        assert_eq!(group_of!(tx_of(&tx), Some(&rx); plain(2).await, 1), 0);
        let mut sum = 0;
        for i in 1..=3 { tx <- i }
        each!(for v = &rx, { sum += v; if v == 3 { break } });
        tx <- 4;
        each!(while rx, { sum += 10; break; });
        tx <- 5;
        each!(if &rx, { sum += 100 } else { unreachable!() });
        tx <- 6;
        assert_eq!(sum + each!(closure &rx, { 1 }), 123);
        twice_forwarded!(tx <- -1; sum = (<-rx).unwrap());
        assert_eq!(sum, -1);
        kinds!(rx, tx, 5, Some(v), i32, tx, 'a, else, sum += 2, v);
        assert_eq!(sum, 1);
    }
}
