//! Arms of different types.
//!
//! Instead: values of one type, or blocks that end with a semicolon.

use chango::prelude::*;

fn main() {
    run! {
        let (_tx, rx) = bounded::<i32>(1);
        let n = select! {
            Some(v) = <-rx => v,
            <-after(Duration::from_millis(1)) => "late",
        };
        println!("{n}");
    }
}
