//! The call form is seen through the variables of `macro_rules`.
#![deny(warnings)]

use std::sync::atomic::{AtomicI32, Ordering::SeqCst};

use chango::prelude::*;

static CALLS: AtomicI32 = AtomicI32::new(0);

/// Counts, so that one sees whether it ran in the caller.
fn next() -> i32 {
    CALLS.fetch_add(1, SeqCst)
}

fn add(a: i32, b: i32) -> i32 {
    a + b
}

struct Server {
    base: Base,
}

#[derive(Clone, Copy)]
struct Base(i32);

impl Base {
    async fn plus(self, n: i32) -> i32 {
        self.0 + n
    }
    fn new(n: i32) -> Self {
        Base(n)
    }
}

macro_rules! started {
    (path $path:path, $($argument:expr),*) => { go!($path($($argument),*)) };
    (type $kind:ty, $method:ident, $argument:expr) => { go!(<$kind>::$method($argument)) };
    (method $receiver:expr, $method:ident, $($argument:expr),*) => { go!($receiver.$method($($argument),*)) };
    (call $call:expr) => { go!($call) };
    (closure $closure:expr) => { go!(map(next(), $closure)) };
    (block $block:block) => { go!($block) };
    (tokens $($token:tt)*) => { go! { $($token)* } };
    (clone $($name:ident),* => $body:expr) => { go! { clone $($name),*; $body } };
}

fn map(n: i32, f: impl FnOnce(i32) -> i32) -> i32 {
    f(n)
}

fn main() {
    run! {
        let server = Server { base: Base(10) };
        let now = |n| assert_eq!(CALLS.load(SeqCst), n, "the arguments are evaluated by the caller");
        let mut all = vec![started!(path crate::add, next(), 1)];
        now(1);
        all.push(started!(method server.base, plus, next()));
        now(2);
        all.push(started!(call add(next(), 100)));
        now(3);
        all.push(started!(call server.base.plus(next())));
        now(4);
        all.push(started!(tokens add(next(), 1000)));
        now(5);
        let base = started!(type Base, new, next());
        now(6);
        let mut got = Vec::new();
        for handle in all { got.push((<-handle).unwrap()) }
        got.push((<-base).unwrap().0);
        // A closure among the arguments makes it a block.
        let of_closure = started!(closure |n| n);
        got.push((<-of_closure).unwrap());
        got.push((<-started!(block { next() })).unwrap());
        let (a, b) = (1, "b".to_string());
        got.push((<-started!(clone a, b => a + b.len() as i32)).unwrap());
        assert_eq!(got, [1, 11, 102, 13, 1004, 5, 6, 7, 2]);
        assert_eq!(b, "b");
    }
}
