//! A user's trait that gives every type the methods an expansion calls gets into nobody's way.
#![deny(warnings)]
#![allow(dead_code, unused_variables, clippy::should_implement_trait)]

use std::sync::Arc;

use chango::prelude::*;

macro_rules! every_type_has {
    ($($by_value:ident $by_reference:ident $by_mut:ident: $($name:ident)*;)*) => {
        $(
            /// By value, which is tried first.
            trait $by_value: Sized {
                $(fn $name(self) -> Wrong { Wrong })*
            }
            /// By reference.
            trait $by_reference {
                $(fn $name(&self) -> Wrong { Wrong })*
            }
            trait $by_mut {
                $(fn $name(&mut self) -> Wrong { Wrong })*
            }
            impl<T> $by_value for T {}
            impl<T: ?Sized> $by_reference for T {}
            impl<T: ?Sized> $by_mut for T {}
        )*
    };
}

/// What nothing in an expansion expects.
struct Wrong;

every_type_has! {
    A B C: now wait begin statement value start sent operation each place this arm location take
        finish poll_receive never mistaken settle is_ready into_future poll recv send
        to future call go run select receive send_to recv_some borrow as_ref;
}

async fn plain(n: i32) -> i32 {
    n
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(2);
        tx <- 1;
        let sent = tx <- 2;
        assert!(sent.is_ok());
        assert_eq!([<-rx, <-rx], [Some(1), Some(2)]);
        let waiting = go! { tx <- 3; tx <- 4; let r = tx <- 5; (r, tx) };
        for v in <-rx { if v == 5 { break } }
        let Ok((_, tx)) = <-waiting else { unreachable!() };
        let mut lent = 6;
        let shared = Arc::new(1);
        let kept = &shared;
        let got = select! {
            v = <-rx => v,
            tx <- mut lent, if false => None,
            n = plain(7) => Some(n + lent),
        };
        let handle = go! { clone kept, rx; (kept, rx.capacity()) };
        assert_eq!((<-handle).unwrap(), (shared, Some(2)));
        select! { tx <- 8 => {} }
        select! { sent = tx <- 9 => assert!(sent.is_ok()) }
        assert_eq!(got, Some(13));
        assert_eq!((<-go!(plain(8))).unwrap() + (<-go!(i32::abs(-9))).unwrap(), 17);
    }
}
