use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let shared = Rc::new(1);
        <-bounded::<i32>(1).1;
        println!("{shared}");
    }
}
