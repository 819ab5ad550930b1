//! The main goroutine holds over a channel operation what must stay in its thread.
//!
//! Instead: `Arc` for `Rc`; or `Runtime::block_on`, whose future stays in its thread.

use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let shared = Rc::new(1);
        <-bounded::<i32>(1).1;
        println!("{shared}");
    }
}
