//! An argument that must stay in its thread.
//!
//! Instead: `Arc` for `Rc`: a goroutine goes from worker to worker.

use std::rc::Rc;

use chango::prelude::*;

async fn show(n: Rc<i32>) {
    println!("{n}");
}

fn main() {
    run! {
        go!(show(Rc::new(1)));
    }
}
