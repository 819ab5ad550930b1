use std::rc::Rc;

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<Rc<i32>>(1);
        go! { tx <- Rc::new(1); };
        println!("{:?}", <-rx);
    }
}
