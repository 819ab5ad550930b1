//! A ticker beside a timer: ticks are received in a `select!` until the timer fires; and a ticker
//! as the head of a `for` loop, which goes on until it is left.
//!
//! `cargo run --example ticker`

use chango::prelude::*;

fn main() {
    run! {
        let start = Instant::now();
        let ticker = tick(Duration::from_millis(50));
        let boom = after(Duration::from_millis(275));
        loop {
            select! {
                moment = <-ticker => println!("tick at {:?}", moment.duration_since(start)),
                <-boom => break println!("BOOM at {:?}", start.elapsed()),
            }
        }

        let mut count = 0;
        for _ in <-ticker {                 // the operand is used in place: it is the same ticker
            count += 1;
            if count == 3 { break; }
        }
        println!("{count} ticks more, {:?} in all", start.elapsed());
    }
}
