use chango::prelude::*;

fn main() {
    run! {
        select! {
            Some(n) = async { 1 } => println!("{n}"),
        }
    }
}
