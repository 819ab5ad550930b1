//! The body's value taken for another type.
//!
//! Instead: a value of that type at the end of the body.

use chango::prelude::*;

fn main() {
    let text: String = run! { 1 + 1 };
    println!("{text}");
}
