//! `#[chango::main]` with a result.
#![deny(warnings)]

use chango::prelude::*;

#[chango::main]
async fn main() -> Result<(), std::num::ParseIntError> {
    let (tx, rx) = bounded::<i32>(1);
    go! { tx <- 41 };
    let n = co! { (<-rx).unwrap() } + "1".parse::<i32>()?;
    assert_eq!(n, 42);
    Ok(())
}
