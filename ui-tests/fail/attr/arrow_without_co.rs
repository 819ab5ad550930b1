//! An arrow directly in a fn with an attribute.
//!
//! Instead: `co! { … }` around the body: the compiler reads the fn before an attribute sees it.
//! The same message comes from an arrow outside of every block macro.

use chango::prelude::*;

#[chango::main]
async fn main() {
    let (tx, _rx) = bounded(1);
    tx <- 1;
}
