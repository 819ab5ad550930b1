//! A goroutine whose result must stay in its thread.
//!
//! Instead: `Arc` for `Rc`.

use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let handle = go! { Rc::new(1) };
        println!("{:?}", (<-handle).is_ok());
    }
}
