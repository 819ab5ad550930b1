//! A send statement has the type `()`; it panics on a channel that was closed, and ends a
//! goroutine that nobody listens to.
#![deny(warnings)]

use chango::prelude::*;

fn unit(_: ()) {}

fn main() {
    run! {
        let (tx, rx) = bounded::<u8>(4);
        unit({ tx <- 1 });
        let n = 2;
        match n {
            2 => tx <- 2,
            _ => tx <- 0,
        }
        if n > 1 { tx <- 3 } else { tx <- 0 }
        let later = async || tx <- 4;
        later().await;
        let mut got = vec![];
        for _ in 0..4 {
            got.extend(<-rx);
        }
        assert_eq!(got, [1, 2, 3, 4]);

        let (closed, _rx) = bounded::<u8>(1);
        let handle = go! {
            closed.close();
            closed <- 5;
        };
        let error = (<-handle).unwrap_err();
        let text = error.into_panic();
        let text = text.downcast_ref::<String>().unwrap();
        assert!(text.contains("u8") && text.contains("send_statement.rs:30:20"), "{text}");

        let (alone, rx) = bounded::<u8>(1);
        drop(rx);
        let handle = go! {
            alone <- 6;
            unreachable!("nobody listens");
        };
        assert!((<-handle).unwrap_err().is_exited());
    }
}
