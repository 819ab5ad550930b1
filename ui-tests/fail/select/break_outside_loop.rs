//! A `break` in an arm of a select that stands in no loop.
//!
//! Instead: `return`, or a loop around the select; or a labelled block around it: `break 'done`.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        select! {
            v = <-rx => println!("{v:?}"),
            default => break,
        }
    }
}
