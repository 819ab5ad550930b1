//! The macros nest: each lowers its own body, and the outer one leaves it alone.
#![deny(warnings)]

use chango::prelude::*;

async fn double(n: i32) -> i32 {
    2 * n
}

fn main() {
    let got = run! {
        let (tx, rx) = bounded::<i32>(8);
        let outer = go! {
            clone tx, rx;
            let inner = go!(async move {
                tx <- co! { 1 + co!(2) };
                go! { tx <- 4 }.await.unwrap();
                go!(double((<-rx).unwrap())).await.unwrap()
            });
            select! {
                r = <-inner => r.unwrap(),
                v = <-go! { select! {} } => v.unwrap(),
            }
        };
        assert_eq!((<-outer).unwrap(), 6);
        let mut seen = vec![<-rx];
        select! {
            tx <- co! { 5 } => {
                co! { tx <- (<-go!(double(3))).unwrap() }
            }
        }
        for v in <-co! { drop(tx); &rx } { seen.push(Some(v)) }
        let late = async { go! { select! { default => 7 } }.await };
        seen.push(late.await.ok());
        let block_in_closure = |n| go! { n + 1 };
        seen.push((<-block_in_closure(8)).ok());
        println!("{:?}", seen);
        seen
    };
    assert_eq!(got, [4, 5, 6, 7, 9].map(Some));
}
