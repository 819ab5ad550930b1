//! `run!` has its body's value, resumes its panic, and drops what still runs.
#![deny(warnings)]

use std::sync::Arc;

use chango::prelude::*;

fn parse(text: &'static str) -> Result<i32, std::num::ParseIntError> {
    run! { Ok(text.parse::<i32>()? + 1) }
}

fn main() {
    assert_eq!(parse("41"), Ok(42));
    assert!(parse("x").is_err());
    assert_eq!(run!(async move { 5 }), 5);

    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    run! {
        go! { let _held = held; select! {} };
    }
    assert_eq!(Arc::strong_count(&alive), 1);

    let panicked = std::panic::catch_unwind(|| run! { if true { panic!("on purpose") } });
    assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"on purpose"));
}
