//! What a called function returns: a future of any kind is awaited, anything else is the result.
#![deny(warnings)]
#![allow(clippy::manual_async_fn)]

use std::future::{Ready, ready};
use std::pin::Pin;

use chango::prelude::*;
use chango::task::JoinHandle;

fn boxed(n: i32) -> Pin<Box<dyn Future<Output = i32> + Send>> {
    Box::pin(async move { n })
}

fn opaque(n: i32) -> impl Future<Output = i32> {
    async move { n }
}

fn named(n: i32) -> Ready<i32> {
    ready(n)
}

fn handle(n: i32) -> JoinHandle<i32> {
    go! { n }
}

async fn nested(n: i32) -> Ready<i32> {
    ready(n)
}

fn option(n: i32) -> Option<Ready<i32>> {
    Some(ready(n))
}

fn failing(n: i32) -> Result<i32, String> {
    Err(n.to_string())
}

async fn never(_: i32) -> ! {
    panic!("never")
}

fn unit(_: i32) {}

fn channel(n: i32) -> (Sender<i32>, Receiver<i32>) {
    bounded(n.unsigned_abs() as usize)
}

async fn generic<T: Default + Send>(_: i32) -> T {
    T::default()
}

fn main() {
    run! {
        assert_eq!((<-go!(boxed(1))).unwrap(), 1);
        assert_eq!((<-go!(opaque(2))).unwrap(), 2);
        assert_eq!((<-go!(named(3))).unwrap(), 3);
        assert_eq!((<-go!(handle(4))).unwrap().unwrap(), 4);
        assert_eq!((<-go!(nested(5))).unwrap().await, 5);
        assert_eq!((<-go!(option(6))).unwrap().unwrap().await, 6);
        assert_eq!((<-go!(failing(7))).unwrap(), Err("7".to_string()));
        assert!((<-go!(never(8))).is_err());
        let () = (<-go!(unit(9))).unwrap();
        assert_eq!((<-go!(channel(10))).unwrap().0.capacity(), Some(10));
        let default: String = (<-go!(generic(11))).unwrap();
        assert_eq!((default, (<-go!(generic::<u8>(12))).unwrap()), (String::new(), 0));
        let mut stateful = 0;
        let mut counter = async || { stateful += 1; stateful };
        assert_eq!(counter().await + counter().await, 3);
        let closure = |n: i32| async move { n };
        assert_eq!((<-go!(closure(13))).unwrap(), 13);
    }
}
