use chango::prelude::*;

fn main() {
    let (_tx, rx) = bounded::<i32>(1);
    let v = co! { <-rx };
    println!("{v:?}");
}
