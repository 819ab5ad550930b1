//! Arrows on both sides of assignments, in indexes, comparisons and blocks of operands.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(16);
        let t = (&tx, 4);
        t.0 <- t.1;
        let _ = async { <-rx }.await.map(|n| -> i32 { n }).filter(|n| *n < -1 || *n > -1);
        let v: Vec<Option<i32>> = { tx <- 5; vec![<-rx; 1] };
        assert!(v[0] < Some(6) && v[..1].len() == 1 && &v[0] > &Some(-1));
        let x = if (tx <- 7).is_ok() { <-rx } else { None } as Option<i32>;
        let y = match x { Some(7) => { tx <- 8; <-rx } _ => None };
        let Some(z) = ({ tx <- 9; <-rx }) else { unreachable!() };
        assert_eq!((x, y, z), (Some(7), Some(8), 9));
        let mut a = [0; 3];
        tx <- 10;
        a[(<-rx).unwrap() as usize] = { tx <- 1; (<-rx).unwrap() };
        a[0] -= -{ tx <- 11; <-rx }.unwrap();
        assert_eq!(a, [11, 10, 0]);
        let s = move |n: u8| async move { for i in 0..n { tx <- i.into() } tx.close(); };
        let (sum, ()) = (go! { let mut s = 0; for v in <-rx { s += v } s }, s(4).await);
        assert_eq!((<-sum).unwrap(), 6);
    }
}
