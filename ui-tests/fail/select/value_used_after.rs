//! A value is used after an arm that sends it.
//!
//! Instead: `tx <- mut text => …`: then it has its value back if another arm wins.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<String>(1);
        let text = String::from("hello");
        select! {
            tx <- text => println!("sent"),
            default => println!("full"),
        }
        println!("{text}");
    }
}
