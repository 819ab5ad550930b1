use chango::prelude::*;

fn main() {
    run! {
        let v = (<-bounded::<i32>(1).1)?;
        println!("{v}");
    }
}
