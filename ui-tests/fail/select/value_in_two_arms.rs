//! One value in two arms.
//!
//! Instead: `text.clone()` in one of them: both values are made before either arm is chosen.

use chango::prelude::*;

fn main() {
    run! {
        let (a, _ra) = bounded::<String>(1);
        let (b, _rb) = bounded::<String>(1);
        let text = String::from("hello");
        select! {
            a <- text => println!("first"),
            b <- text => println!("second"),
        }
    }
}
