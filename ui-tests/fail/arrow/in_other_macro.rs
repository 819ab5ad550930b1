use chango::prelude::*;

macro_rules! twice {
    ($value:expr) => {
        2 * $value
    };
}

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        println!("{}", twice!(<-rx));
    }
}
