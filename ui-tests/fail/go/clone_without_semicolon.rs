//! A clone list without its semicolon.
//!
//! Instead: `go! { clone tx; … }`.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        go! { clone tx };
    }
}
