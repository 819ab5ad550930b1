use chango::prelude::*;

fn main() {
    run! {
        let mut slow = Box::pin(async { 1 });
        select! {
            n = &mut slow => println!("{n}"),
            default => println!("not yet"),
        }
    }
}
