use chango::prelude::*;

fn main() {
    run! {
        <-sleep(Duration::from_millis(1));
    }
}
