//! Messages that must stay in their thread.
//!
//! Instead: `Arc` for `Rc`: what goes through a channel goes from thread to thread.

use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<Rc<i32>>(1);
        go! { tx <- Rc::new(1); };
        println!("{:?}", <-rx);
    }
}
