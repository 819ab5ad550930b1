use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        if <-rx == 1 {
            println!("one");
        }
    }
}
