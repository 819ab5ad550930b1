use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        go! {
            let v = (<-rx)?;
            println!("{v}");
        };
    }
}
