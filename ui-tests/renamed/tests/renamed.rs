//! The macros under other names, in an older edition.
#![deny(warnings, rust_2018_idioms, rust_2024_compatibility)]

use chango_ui_renamed::{receiver_of, reexport, start_twice, through_a_goroutine};
use go_chan::prelude::*;

receiver_of!(second, u8);

/// Runs under a name that neither Cargo nor `use` gives.
#[go_chan::main(crate = "go_chan", workers = 1)]
async fn renamed_main() -> i32 {
    let (tx, rx) = bounded(1);
    go! { tx <- 1 };
    co! { <-rx }.unwrap()
}

#[reexport::chango::main(crate = "chango_ui_renamed::reexport::chango")]
async fn handed_on() -> i32 {
    start_twice!(2).await.unwrap()
}

#[go_chan::test(crate = "::go_chan")]
async fn attribute_takes_the_new_name() {
    assert_eq!(go!(chango_ui_renamed::twice(3)).await.unwrap(), 6);
}

#[test]
fn macros_find_the_crate_wherever_it_is() {
    assert_eq!((renamed_main(), handed_on()), (1, 4));
    assert_eq!(through_a_goroutine!("text".to_string()), "text");
    let got = reexport::chango::run! {
        let (tx, rx) = bounded::<u8>(2);
        tx <- 1;
        tx <- 2;
        second(&rx).await
    };
    assert_eq!(got, Some(2));
}

#[test]
fn every_form_works_in_the_older_edition() {
    run! {
        let (tx, rx) = bounded::<i32>(4);
        let sent = tx <- 1;
        sent.unwrap();
        if let Some(v) = <-rx { tx <- v + 1 } else { unreachable!() }
        let handle = go! { clone tx; tx <- 3; };
        handle.await.unwrap();
        let mut pending = 4;
        let mut all = Vec::new();
        loop {
            select! {
                biased;
                Some(v) = <-rx => all.push(v),
                tx <- mut pending, if pending < 6 => pending = 6,
                _ = async {}, if all.len() == 3 => break,
            }
        }
        assert_eq!(all, [2, 3, 4]);
        let closure = async |n: i32| { tx <- n; <-rx };
        assert_eq!(closure(5).await, Some(5));
        drop(tx);
        for v in <-rx { unreachable!("{v}") }
    }
}

/// In this edition a temporary of an `if let` lives until its end; those of an expansion do not.
#[test]
fn what_was_tried_is_not_kept_over_the_wait() {
    const MESSAGE: usize = size_of::<[u64; 64]>();
    let (tx, rx) = bounded::<[u64; 64]>(1);
    let receive = async {
        co! { <-rx; }
    };
    let send = async {
        co! { tx <- [0; 64]; }
    };
    let each = async {
        co! { for v in <-rx { assert_eq!(v[0], 0); } }
    };
    let sizes = [
        size_of_val(&receive),
        size_of_val(&send),
        size_of_val(&each),
    ];
    assert!(sizes.iter().all(|&size| size < 2 * MESSAGE), "{sizes:?}");
    // An arm that waits has room for a message in its node, and for one in its output.
    let select = async {
        co! { select! { tx <- [0; 64] => {}, _ = <-rx => {} } }
    };
    let size = size_of_val(&select);
    assert!(size < 5 * MESSAGE, "{size}");
}

struct Counter {
    rx: Receiver<i32>,
    count: i32,
}

impl Counter {
    fn add(&mut self, n: i32) {
        self.count += n;
    }

    async fn all(&mut self) -> i32 {
        co! {
            if let Some(v) = <-self.rx { self.add(v) }
            match <-self.rx { Some(v) => self.add(v), None => self.add(-1) }
            select! { v = <-self.rx => self.add(v.unwrap_or(100)) }
            while let Some(v) = <-self.rx { self.add(v) }
        }
        self.count
    }
}

#[go_chan::test(crate = "go_chan")]
async fn what_was_borrowed_is_free_in_the_body_behind() {
    let (tx, rx) = bounded(4);
    for v in 1..=4 {
        tx.try_send(v).unwrap();
    }
    drop(tx);
    assert_eq!(Counter { rx, count: 0 }.all().await, 10);
}
