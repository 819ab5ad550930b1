//! Labels, blocks, paths and guards from `macro_rules`, in the places that need them as such.
#![deny(warnings)]
#![allow(unused_unsafe, unused_labels)]

use chango::prelude::*;

macro_rules! labels {
    ($l:lifetime, $m:lifetime, $rx:expr, $b:block, $v:vis, $k:ty) => {
        co! {
            $v async fn inner(rx: &Receiver<$k>) -> Option<$k> { <-rx }
            let mut n = 0;
            $l: for v in <-$rx {
                $m: while v > 0 { n += v; if v > 2 { break $l } else if v > 1 { continue $l } break $m }
            }
            let x = $l: { break $l <-$rx };
            let y = 'in_: { if n == 6 { break 'in_ 1 } if n > 100 $b else { 2 } };
            let z = Some(if n > 1 { 1 } else $b).map(|n| n + 1);
            let w = unsafe { async $b.await };
            let u = loop { break async move $b.await };
            let f = async || $b;
            (n, x, y, z, w, u, f().await, inner(&$rx).await)
        }
    };
}

macro_rules! head {
    ($rx:expr, $p:path, $m:ident!) => {
        co! {
            if let $p(v) = <-$rx { assert_eq!(v, 6) }
            match <-$rx { $p(v) if v == 7 => $m!("{}", v), _ => unreachable!() }
            while let $p(_) = <-$rx {}
            let v = $p(<-$rx);
            v
        }
    };
}

macro_rules! nested { ($($t:tt)*) => { inner_nested! { [$($t)*] } } }
macro_rules! inner_nested { ([$($t:tt)*]) => { go! { $($t)* } } }

macro_rules! guard { ($g:expr, $rx:expr, $($b:tt)*) => { select! { _ = <-$rx, if $g => $($b)*, else => None } } }

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(16);
        for i in 1..10 { tx <- i }
        let got = labels!('a, 'b, rx, { 5 }, , i32);
        assert_eq!(got.0, 6);
        assert_eq!((got.1, got.2, got.3), (Some(4), 1, Some(2)));
        drop(tx);
        assert_eq!(head!(&rx, Some, println!), Some(None));
        let (tx, rx) = bounded::<i32>(16);
        let h = nested! { clone tx; tx <- 1; <-None::<Receiver<()>>; };
        assert_eq!(<-rx, Some(1));
        h.abort();
        tx <- 2;
        assert_eq!(guard!(tx.len() == 1, rx, { tx <- 3; <-rx }), Some(3));
    }
}
