//! A statement that ends with a brace ends there: the arrow behind it begins the next one.
#![deny(warnings)]
#![allow(clippy::blocks_in_conditions, clippy::needless_bool, clippy::never_loop)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        let yes = rx.is_empty();
        if yes { tx <- 1; } <-rx;
        { tx <- 2; } <-rx;
        match yes { true => {} false => {} } tx <- 3;
        loop { break; } <-rx;
        while !yes {} tx <- 4;
        for _ in 0..1 {} <-rx;
        unsafe_free! {} tx <- 5;
        'a: { if yes { break 'a; } } <-rx;
        const {} tx <- 6;
        go! {} <-rx;
        struct Unit {} tx <- 7;
        fn nested() {} <-rx;
        nested();
        let _ = Unit {};
        assert!(rx.is_empty());

        // Behind the brace of a value, or with a postfix, the expression goes on.
        let sent = { tx.clone() } <- 8;
        sent.unwrap();
        match yes { _ => &tx }.clone() <- 9;
        if yes { &rx } else { &rx }.len();
        let eight = <-if yes { &rx } else { unreachable!() };
        let nine = <-match yes { _ => &rx };
        assert_eq!((eight, nine), (Some(8), Some(9)));
    }
}

#[macro_export]
macro_rules! unsafe_free {
    () => {};
}
