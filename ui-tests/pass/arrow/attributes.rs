//! Attributes on statements, bindings, arms, fields and items stay where they are.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        #[cfg(all())]
        tx <- 1;
        #[cfg(any())]
        no_such <- <-thing;
        #[rustfmt::skip]
        tx   <-   2;
        #[allow(unused_variables)]
        let unused = <-rx;
        #[expect(unused_variables, reason = "it is looked at by nobody")]
        let Some(unused) = <-rx else { return };
        #[cfg(any())]
        let never = <-no_such;
        #[cfg(all())]
        {
            tx <- 3;
        }
        #[cfg(all())]
        <-rx;
        #[cfg(any())]
        for v in <-no_such { tx <- v }
        #[cfg(all())]
        for v in <-{ tx <- 4; tx.close(); &rx } { assert_eq!(v, 4) }
        #[allow(unused_must_use)]
        if rx.is_empty() {
            <-go! { 5 };
        }
        let got = match <-rx {
            #[cfg(any())]
            Some(v) => <-no_such,
            #[allow(unreachable_patterns)]
            Some(v) | Some(v) => v,
            #[cfg(all())]
            None => {
                #[allow(unused_variables)]
                let unused = <-rx;
                -1
            }
        };
        assert_eq!(got, -1);
        #[derive(Debug, PartialEq)]
        struct Got {
            #[cfg(all())]
            v: Option<i32>,
        }
        let made = Got {
            #[cfg(all())]
            v: <-rx,
        };
        assert_eq!(made, Got { v: None });
        #[cfg(any())]
        go! { no_such() }
        #[inline]
        async fn last(rx: &Receiver<i32>) -> Option<i32> { <-rx }
        assert_eq!(last(&rx).await, None);
    }
}
