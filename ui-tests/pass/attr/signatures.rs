//! Functions of every signature under the attributes, wherever they stand.
#![deny(warnings)]
#![deny(missing_docs)]

use std::process::{ExitCode, Termination};

use chango::prelude::*;

/// Not a program's `main`, but a function like any other.
#[must_use]
#[inline]
#[chango::main(workers = 1)]
pub async fn answer() -> Result<i32, String> {
    let (tx, rx) = bounded(0);
    go! { tx <- 42 };
    let n: i32 = co! { <-rx }.ok_or("closed")?;
    if n == 0 {
        return Err("none".into());
    }
    Ok(n)
}

mod inner {
    #[chango::main]
    pub(super) async fn unit() {}

    #[chango::main]
    pub(in crate::inner) async fn never() -> ! {
        panic!("never")
    }

    pub fn ended() -> bool {
        std::panic::catch_unwind(|| never()).is_err()
    }
}

#[chango::main]
async fn opaque() -> impl std::fmt::Display + Send {
    "shown"
}

#[chango::test]
#[should_panic(expected = "on purpose")]
async fn panics() {
    panic!("on purpose");
}

#[chango::test]
async fn gives() -> Result<(), std::num::ParseIntError> {
    "1".parse::<u8>().map(drop)
}

#[chango::main]
async fn main() -> impl Termination {
    let results = std::thread::spawn(|| (answer(), inner::ended(), opaque().to_string()));
    let joined = results.join().unwrap();
    assert_eq!(joined, (Ok(42), true, "shown".to_string()));
    std::thread::spawn(inner::unit).join().unwrap();
    ExitCode::SUCCESS
}
