use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        select! {
            tx <- mut 1 + 1 => println!("sent"),
            default => println!("full"),
        }
    }
}
