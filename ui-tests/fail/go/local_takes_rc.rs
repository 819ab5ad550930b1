//! A local goroutine that is given what must stay in its thread.
//!
//! Instead: make it inside; the closure goes to the goroutine's thread, and what it makes there stays.

use std::rc::Rc;

use chango::prelude::*;
use chango::task;

fn main() {
    run! {
        let shared = Rc::new(1);
        task::spawn_local(move || async move {
            println!("{shared}");
        });
    }
}
