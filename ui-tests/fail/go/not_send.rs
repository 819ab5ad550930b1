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
