//! One call: of an async fn, of a plain fn, of a method, of a local closure.
#![deny(warnings)]

use chango::prelude::*;

struct Server {
    factor: u64,
}

impl Server {
    async fn times(&self, n: u64) -> u64 {
        self.factor * n
    }

    fn plus(self, n: u64) -> u64 {
        self.factor + n
    }
}

struct Outer {
    server: Server,
}

async fn twice(n: u64) -> u64 {
    2 * n
}

fn length(any: Box<dyn AsRef<str> + Send>) -> usize {
    (*any).as_ref().len()
}

fn first<T>(items: Vec<T>) -> Option<T> {
    items.into_iter().next()
}

mod deep {
    pub fn unit() {}
}

fn main() {
    run! {
        assert_eq!((<-go!(twice(21))).unwrap(), 42);
        assert_eq!((<-go!(length(Box::new("four")))).unwrap(), 4);
        assert_eq!((<-go!(first::<u8>(vec![1, 2]))).unwrap(), Some(1));
        assert_eq!((<-go!(first(vec!["a"]))).unwrap(), Some("a"));
        (<-go!(deep::unit())).unwrap();
        let server = Server { factor: 3 };
        assert_eq!((<-go!(server.times(5))).unwrap(), 15);
        let outer = Outer { server: Server { factor: 3 } };
        assert_eq!((<-go!(outer.server.plus(5))).unwrap(), 8);
        let mut calls = 0;
        let count = move || { calls += 1; calls };
        assert_eq!((<-go!(count())).unwrap(), 1);
        assert_eq!((<-go!(Some(1))).unwrap(), Some(1));
    }
}
