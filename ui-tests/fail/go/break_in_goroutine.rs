//! A `break` out of a goroutine.
//!
//! Instead: let the goroutine say so over a channel, or join it: `if (<-handle).is_err() {
//! break; }`.

use chango::prelude::*;

fn main() {
    run! {
        loop {
            go! { break; };
        }
    }
}
