use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        go! {
            let shared = Rc::new(1);
            <-rx;
            println!("{shared}");
        };
    }
}
