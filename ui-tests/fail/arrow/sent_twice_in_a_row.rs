use chango::prelude::*;

fn main() {
    run! {
        let (a, _ra) = bounded::<i32>(1);
        let (b, _rb) = bounded::<i32>(1);
        a <- b <- 1;
    }
}
