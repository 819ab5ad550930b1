//! Where a send is a value and where it is a statement, place by place.
#![deny(warnings)]
#![allow(unused_parens, clippy::let_unit_value, clippy::never_loop, clippy::unit_arg)]

use chango::chan::SendError;
use chango::prelude::*;

type Sent = Result<(), SendError<i32>>;

struct Held(Sent);

fn value(sent: Sent) -> Sent {
    sent
}

fn unit(_: ()) {}

async fn places(tx: &Sender<i32>) -> Sent {
    co! {
        // Values.
        let _: Sent = tx <- 1;
        let _: Sent = (tx <- 2);
        let _: Sent = value(tx <- 3);
        let _: Option<Sent> = Some(tx <- 4);
        let _: Sent = Held(tx <- 5).0;
        let _: [Sent; 1] = [(tx <- 6)];
        let _: (Sent, i32) = ((tx <- 7), 0);
        let _: Held = Held { 0: (tx <- 8) };
        let _: Sent = loop { break tx <- 9; };
        let _: Sent = 'a: { break 'a tx <- 10 };
        let _: Sent = async { return tx <- 11; }.await;
        let _: Sent = (async || (tx <- 12))().await;
        let _: bool = !(tx <- 13).is_err() && (tx <- 14).is_ok();
        let _: Sent = value(tx <- 15).and(tx <- 16);
        let _: &Sent = &(tx <- 17);
        let _: Sent = { (tx <- 18) };
        let _: Sent = if true { (tx <- 19) } else { Ok(()) };
        if let Err(_) = (tx <- 20) { unreachable!() }
        // Statements.
        let _: () = { tx <- 21 };
        let _: () = if true { tx <- 22 } else { tx <- 0 };
        let _: () = match 0 { 0 => tx <- 23, _ => () };
        let _: () = (async || tx <- 24)().await;
        let _: () = async { tx <- 25 }.await;
        let _: () = { { tx <- 26 } };
        let _: () = select! { default => tx <- 27 };
        unit({ tx <- 28 });
        let _: () = co! { tx <- 29 };
        let _: () = go! { clone tx; tx <- 30 }.await.unwrap();
        let _: () = loop { tx <- 31; break };
        return tx <- 32
    }
}

fn main() {
    run! {
        let (tx, rx) = unbounded();
        assert!(places(&tx).await.is_ok());
        drop(tx);
        let mut expected = 1;
        for v in <-rx {
            assert_eq!(v, expected);
            expected += 1;
        }
        assert_eq!(expected, 33);
    }
}
