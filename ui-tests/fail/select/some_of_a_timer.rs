use chango::prelude::*;

fn main() {
    run! {
        select! {
            Some(t) = <-after(Duration::from_millis(1)) => println!("{t:?}"),
        }
    }
}
