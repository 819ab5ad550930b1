//! Every path, and every field chain, that can be called.
#![deny(warnings)]

use std::sync::Arc;

use chango::prelude::*;

mod deep {
    pub mod deeper {
        pub async fn id<T>(value: T) -> T {
            value
        }
        pub async fn up() -> i32 {
            chango::go!(super::super::one()).await.unwrap() + chango::go!(self::id(1)).await.unwrap()
        }
    }
}

fn one() -> i32 {
    1
}

trait Named {
    const NAME: &'static str;
    fn name() -> &'static str {
        Self::NAME
    }
    fn plus(self, n: i32) -> i32;
}

impl Named for i32 {
    const NAME: &'static str = "i32";
    fn plus(self, n: i32) -> i32 {
        self + n
    }
}

#[derive(Clone)]
struct Server<const N: i32> {
    inner: (Inner, [i32; 2]),
}

#[derive(Clone)]
struct Inner {
    call: fn(i32) -> i32,
}

impl<const N: i32> Server<N> {
    fn new(call: fn(i32) -> i32) -> Self {
        Self { inner: (Inner { call }, [1, 2]) }
    }
    async fn shared(self: Arc<Self>) -> i32 {
        let handle = go!(self.inner.1.len());
        handle.await.unwrap() as i32 + N
    }
    async fn own(self) -> i32 {
        go!(Self::shared(self.into())).await.unwrap()
    }
    async fn started(&self) -> i32 {
        let this = self.clone();
        go!(this.own()).await.unwrap()
    }
}

fn main() {
    run! {
        assert_eq!((<-go!(deep::deeper::up())).unwrap(), 2);
        assert_eq!((<-go!(crate::deep::deeper::id::<u8>(3))).unwrap(), 3);
        assert_eq!((<-go!(self::one())).unwrap(), 1);
        assert_eq!((<-go!(::std::cmp::max(1, 2))).unwrap(), 2);
        assert_eq!((<-go!(<i32 as Named>::name())).unwrap(), "i32");
        assert_eq!((<-go!(<i32>::plus(1, 2))).unwrap(), 3);
        assert_eq!((<-go!(Named::plus(2, 2))).unwrap(), 4);
        assert_eq!((<-go!(Vec::<u8>::with_capacity(0))).unwrap(), []);
        assert_eq!((<-go!(Vec::<Vec<u8>>::from([vec![1]]))).unwrap().len(), 1);
        let server = Server::<-1>::new(|n| n - 1);
        assert_eq!((<-go!(Server::<-1>::own(server.clone()))).unwrap(), 1);
        assert_eq!(server.started().await, 1);
        let shared = Arc::new(server.clone());
        assert_eq!((<-go!(shared.shared())).unwrap(), 1);
        let call = server.inner.0.call;
        assert_eq!((<-go!(call(5))).unwrap(), 4);
        assert_eq!((<-go!(server.inner.1.map::<_, i64>(i64::from))).unwrap(), [1, 2]);
        let r#fn = one;
        assert_eq!((<-go!(r#fn())).unwrap(), 1);
        assert_eq!((<-go!(Some(2).unwrap_or_default())).unwrap(), 2);
        assert!((<-go! { std::mem::size_of::<u8>() }).is_ok());
    }
}
