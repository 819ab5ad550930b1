use chango::prelude::*;

fn main() {
    run! {
        let handle = go! { 1 + 1 };
        let n: i32 = <-handle;
        println!("{n}");
    }
}
