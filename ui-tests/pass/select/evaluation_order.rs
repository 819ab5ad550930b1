//! Guards first, then operands, values and futures of the enabled arms, once each, in order.
#![deny(warnings)]

use std::cell::RefCell;

use chango::prelude::*;

fn main() {
    let runtime = chango::runtime::Builder::new().build().unwrap();
    let log = RefCell::new(Vec::new());
    let note = |what: &'static str| log.borrow_mut().push(what);
    runtime.block_on(async {
        let (tx, rx) = bounded::<i32>(1);
        let guard = |what, on| { note(what); on };
        let receiver = |what| { note(what); rx.clone() };
        let sender = |what| { note(what); None::<Sender<i32>> };
        let value = |what, v: i32| { note(what); v };
        let future = |what| { note(what); async move { note("polled") } };
        let mut lent = 5;
        let got = select! {
            biased;
            v = <-receiver("a"), if guard("guard a", true) => { note("body"); v },
            sender("b") <- value("value b", 1), if guard("guard b", true) => None,
            sender("c") <- value("value c", 1), if guard("guard c", false) => None,
            sender("d") <- mut lent => None,
            Some(_) = <-receiver("e"), if guard("guard e", false) => None,
            () = future("f") => { note("won"); Some(lent) },
            _ = future("g") => None,
            () = future("h"), if guard("guard h", false) => None,
        };
        assert_eq!(got, Some(5));
        let seen = log.take().join(" ");
        assert_eq!(
            seen,
            "guard a guard b guard c guard e guard h a b value b d e f g polled won"
                .replace(" e f", " f")
        );
        tx.try_send(6).unwrap();
        select! { v = <-receiver("i") => assert_eq!(v, Some(6)), default => unreachable!() }
        assert_eq!(log.take(), ["i"]);
    });
}
