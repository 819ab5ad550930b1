use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        go! { clone tz; tz <- 1; };
        tx <- 2;
    }
}
