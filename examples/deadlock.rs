//! A mistake, and what the runtime says of it: `main` hands out all jobs before it takes the first
//! result, so in the end everybody wants to send.
//!
//! `cargo run --example deadlock`

use chango::prelude::*;

fn main() {
    run! {
        let (jobs, todo) = bounded(2);
        let (done, squares) = bounded(0);
        for _ in 0..3 {
            go! { clone todo, done;
                for n in <-todo { done <- n * n; }
            }
        }
        for n in 1..=20 { jobs <- n; }
        let mut sum = 0;
        for _ in 1..=20 { sum += (<-squares).unwrap(); }
        println!("the sum is {sum}");
    }
}
