//! `Some(…)` before a future that gives no `Option`.
//!
//! Instead: `n = async { 1 } => …`.

use chango::prelude::*;

fn main() {
    run! {
        select! {
            Some(n) = async { 1 } => println!("{n}"),
        }
    }
}
