//! What a goroutine has taken may be used behind it, where it is `Copy` or another variable.
#![deny(warnings)]

use chango::prelude::*;

/// Has a `text` of its own, which is not the caller's.
macro_rules! in_a_goroutine {
    ($text:ident) => {{
        let text = String::from("own");
        let handle = go! { $text.len() };
        (text.len(), handle)
    }};
}

/// The same in one body.
macro_rules! in_one_body {
    ($text:ident) => {
        co! {
            let $text = String::from("caller's");
            let text = String::from("own");
            let handle = go! { $text.len() };
            (text.len(), <-handle)
        }
    };
}

fn main() {
    run! {
        // Numbers and references are copied.
        let n = 1_u32;
        let text: &'static str = "text";
        let (tx, rx) = bounded::<u32>(8);
        let tx = Box::leak(Box::new(tx)) as &'static Sender<u32>;
        let first = go! { tx <- n.pow(2); text.len() };
        tx <- n.pow(3);
        assert_eq!((<-first).unwrap(), text.len());

        // In a loop too.
        for turn in 0..2 {
            go! { tx <- turn; }
        }
        let mut sum = 0;
        for _ in 0..4 {
            sum += (<-rx).unwrap();
        }
        assert_eq!(sum, 3);

        // Another variable of the same name.
        let (tx, rx) = bounded::<u32>(8);
        go! { tx <- 4; };
        let (tx, more) = bounded::<u32>(8);
        tx <- 5;
        assert_eq!((<-rx, <-more), (Some(4), Some(5)));

        // A new value for it.
        let (mut tx, rx) = bounded::<u32>(8);
        go! { tx <- 6; };
        let next = bounded::<u32>(8);
        tx = next.0;
        tx <- 7;
        assert_eq!((<-rx, <-next.1), (Some(6), Some(7)));

        // One turn of a loop, and each turn with a variable of its own.
        let (tx, rx) = bounded::<u32>(8);
        #[allow(clippy::never_loop)]
        loop {
            go! { tx <- 8; };
            break;
        }
        let senders = vec![bounded::<u32>(1).0];
        for tx in senders {
            go! { drop(tx); };
        }
        assert_eq!(<-rx, Some(8));

        // What a `#[cfg]` takes away takes nothing.
        let (tx, rx) = bounded::<u32>(8);
        go! {
            #[cfg(any())]
            tx <- 9;
        }
        tx <- 10;
        assert_eq!(<-rx, Some(10));

        // Another variable by its hygiene.
        let text = String::from("caller's");
        let (own, callers) = in_a_goroutine!(text);
        assert_eq!((own, (<-callers).unwrap()), (3, 8));
        let (own, callers) = in_one_body!(text);
        assert_eq!((own, callers.unwrap()), (3, 8));
    }
}
