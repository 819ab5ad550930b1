use chango::prelude::*;

fn main() {
    run! {
        const FIRST: Option<i32> = <-bounded::<i32>(1).1;
        println!("{FIRST:?}");
    }
}
