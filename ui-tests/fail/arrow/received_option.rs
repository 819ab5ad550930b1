//! A received value without its `Option`.
//!
//! Instead: `let Some(v) = <-rx else { return };`, since the channel may be closed; or
//! `(<-rx).expect("…")`, with the parentheses that the compiler's hint leaves out.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let v: i32 = <-rx;
        println!("{v}");
    }
}
