//! A send as a field of a struct.
//!
//! Instead: parentheses: `Report { sent: (tx <- 1) }`.

use chango::chan::SendError;
use chango::prelude::*;

struct Report {
    sent: Result<(), SendError<i32>>,
}

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let report = Report { sent: tx <- 1 };
        println!("{}", report.sent.is_ok());
    }
}
