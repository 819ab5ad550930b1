//! A channel without its arrow.
//!
//! Instead: `<-rx => …`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            rx => println!("received"),
            default => println!("none"),
        }
    }
}
