//! Async closures and async blocks in closures take the operators; other closures are left alone.
#![deny(warnings)]

use chango::prelude::*;

macro_rules! call {
    ($($closure:tt)*) => { co! { ($($closure)*)(2) }
    };
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        call!(async |n| tx <- n).await;
        call!(async |n: i32| { tx <- n + 1; }).await;
        call!(async |n| -> () { tx <- n + 2 }).await;
        let sent = call!(async |n| (tx <- n + 3)).await;
        assert!(sent.is_ok());
        let moved = async move || -> Option<i32> { Some((<-rx)? + (<-rx)? + (<-rx)? + (<-rx)?) };
        assert_eq!(moved().await, Some(14));

        let (tx, rx) = bounded::<i32>(8);
        let later = |n: i32| { let tx = &tx; async move { tx <- n } };
        later(1).await;
        let next = || async { <-rx };
        assert_eq!(next().await, Some(1));
        let less = [-3, 3].iter().filter(|n| **n < -1).count();
        let either = |a: bool| a || (less as i8) < - 1;
        let typed = |&(a, _): &(i32, [u8; 2])| -> bool { a < -1_i32.pow(2) || a == 0 };
        assert!(either(true) && less == 1 && typed(&(0, [1, 2])));
        let nested = async |a: i32| {
            let inner = async |b: i32| { tx <- a * b; <-rx };
            let plain = |v: Option<i32>| v.map(|v| v + 1);
            plain(inner(5).await)
        };
        assert_eq!(nested(4).await, Some(21));
        let handles = [1, 2].map(|n| go! { clone tx; tx <- n; n });
        let mut sum = 0;
        for handle in handles { sum += (<-handle).unwrap() + (<-rx).unwrap() }
        assert_eq!(sum, 6);
    }
}
