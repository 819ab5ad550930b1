use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let mut pending = "hello";
        select! {
            tx <- mut pending => println!("sent"),
            default => println!("{pending} is left"),
        }
    }
}
