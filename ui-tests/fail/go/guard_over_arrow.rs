//! A lock that is held over a channel operation.
//!
//! Instead: receive first and lock then; or end the lock in a block of its own: `{
//! *total.lock().unwrap() += v; }`.

use std::sync::{Arc, Mutex};

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let total = Arc::new(Mutex::new(0));
        go! {
            let mut sum = total.lock().unwrap();
            if let Some(v) = <-rx {
                *sum += v;
            }
        };
    }
}
