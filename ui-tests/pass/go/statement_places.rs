//! A `go! { … }` without a semicolon, in every place where one is added.
#![deny(warnings)]
#![allow(clippy::never_loop)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = unbounded::<u32>();
        go! { clone tx; tx <- 1 }
        'label: for i in 0..2 {
            if i == 1 { break 'label }
            go! { clone tx; tx <- 10 }
        }
        let (more, turns) = bounded::<u32>(2);
        more <- 100;
        more <- 1_000;
        drop(more);
        for n in <-turns { go! { clone tx; tx <- n } }
        let mut list = vec![10_000, 100_000];
        while let Some(n) = list.pop() { go! { clone tx; tx <- n } }
        if let Some(n) = Some(1_000_000) && n > 1 { go! { clone tx; tx <- n } }
        if list.len() > 9 {
            unreachable!()
        } else if list.is_empty() {
            go! { clone tx; tx <- 10_000_000 }
        }
        'once: loop {
            if list.is_empty() { go! { clone tx; tx <- 100_000_000 } }
            break 'once;
        }
        match list.len() {
            0 => { go! { clone tx; tx <- 1_000_000_000 } }
            _ => unreachable!(),
        };
        {
            go! { drop(list) }
            go! { clone tx; tx <- 1 }
            drop(tx);
        }
        let nested = async {
            go! {}
            go! { go! {} go! {} }.await.unwrap();
            go! { 5 }
        };
        assert_eq!(nested.await.await.unwrap(), 5);
        let mut sum = 0;
        for n in <-rx { sum += n }
        assert_eq!(sum, 1_111_111_112);
    }
}
