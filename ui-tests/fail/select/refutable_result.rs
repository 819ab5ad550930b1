use chango::prelude::*;

fn main() {
    run! {
        let handle = go! { 1 };
        select! {
            Ok(n) = <-handle => println!("{n}"),
            default => println!("not yet"),
        }
    }
}
