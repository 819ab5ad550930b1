use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let ready = true;
        if ready && tx <- 1 {
            println!("sent");
        }
    }
}
