//! A send as the value of an assignment.
//!
//! Instead: parentheses: `sent = (tx <- 1);`. Only a `let` takes a send without.

use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let mut sent = Ok(());
        println!("{sent:?}");
        sent = tx <- 1;
        println!("{sent:?}");
    }
}
