//! Items in a body: their async fns take the operators, everything else in them stays.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        const STEP: i32 = 1 - 2;
        static NAMES: [&str; 2] = ["a", "b"];
        use std::fmt::{self, Display};
        mod deep {
            use super::*;
            pub(crate) async fn first(rx: &Receiver<i32>) -> Option<i32> { <-rx }
            pub(in crate) mod deeper {
                pub async fn send(tx: &super::Sender<i32>) { tx <- 2 }
            }
        }
        trait Next {
            const LESS: bool = STEP < -1;
            type Item: Display;
            fn source(&self) -> &Receiver<Self::Item>;
            #[allow(async_fn_in_trait)]
            async fn next(&self) -> Option<Self::Item> { <-self.source() }
        }
        #[derive(Clone)]
        struct Wrapper<T>(Receiver<T>);
        impl<T: Display> Next for Wrapper<T> {
            type Item = T;
            fn source(&self) -> &Receiver<T> { &self.0 }
        }
        impl<T> fmt::Debug for Wrapper<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", self.0.len())
            }
        }
        impl Wrapper<i32> {
            async fn all<const N: usize>(&self) -> [Option<i32>; N] {
                let mut all = [None; N];
                for place in &mut all { *place = <-self.0; }
                all
            }
        }
        enum Kind { One = 1, Two = 1 << 1 }
        const unsafe extern "C" fn raw() -> i32 { Kind::One as i32 - Kind::Two as i32 }
        macro_rules! receive { ($rx:expr) => { co! { <-$rx } }; }
        async fn helper<T>(rx: &Receiver<T>) -> Option<T> { async { <-rx }.await }

        let (tx, rx) = bounded::<i32>(8);
        tx <- STEP;
        deep::deeper::send(&tx).await;
        for i in 3..8 { tx <- i }
        assert_eq!([deep::first(&rx).await, receive!(rx)], [Some(-1), Some(2)]);
        let rx = Wrapper(rx);
        assert_eq!((rx.next().await, helper(&rx.0).await), (Some(3), Some(4)));
        assert_eq!((rx.all().await, format!("{rx:?}")), ([Some(5), Some(6)], "1".to_string()));
        assert!(!<Wrapper<i32> as Next>::LESS && NAMES.len() == 2);
        assert_eq!(unsafe { raw() }, -1);
    }
}
