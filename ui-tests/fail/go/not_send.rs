//! A goroutine that takes what must stay in its thread.
//!
//! Instead: `Arc` for `Rc`: a goroutine goes from worker to worker.

use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let shared = Rc::new(1);
        go! {
            let n = *shared + 1;
            println!("{n}");
        };
    }
}
