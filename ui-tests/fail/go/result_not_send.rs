use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let handle = go! { Rc::new(1) };
        println!("{:?}", (<-handle).is_ok());
    }
}
