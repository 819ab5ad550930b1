//! `clone a, b = expression;` clones for the goroutine and leaves the originals.
#![deny(warnings)]

use std::sync::Arc;

use chango::prelude::*;

struct State {
    name: Arc<str>,
}

fn main() {
    run! {
        let (tx, rx) = bounded::<String>(4);
        let state = State { name: "worker".into() };
        let n = 1;
        for i in 0..2 {
            go! { clone tx, n, name = state.name; tx <- format!("{name} {}", i + n) };
        }
        go! { clone mut list = vec![3]; list.push(4); assert_eq!(list, [3, 4]); }.await.unwrap();
        drop(tx);
        let mut got = Vec::new();
        for line in <-rx {
            got.push(line);
        }
        got.sort();
        assert_eq!(got, ["worker 1", "worker 2"]);
        assert_eq!((&*state.name, n), ("worker", 1));
    }
}
