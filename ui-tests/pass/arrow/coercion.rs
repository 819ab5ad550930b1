//! Values coerce and types are inferred as for a method's argument.
#![deny(warnings)]

use std::fmt::Debug;

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<Box<dyn Debug + Send>>(2);
        tx <- Box::new(1);
        let sent = tx <- Box::new("two");
        sent.unwrap();
        let (one, two) = ((<-rx).unwrap(), (<-rx).unwrap());
        assert_eq!(format!("{one:?} {two:?}"), "1 \"two\"");

        let (tx, rx) = bounded(1);
        tx <- "5".parse().unwrap();
        let n: u16 = (<-rx).unwrap();
        assert_eq!(n, 5);

        let (tx, rx) = bounded::<fn(i32) -> i32>(1);
        tx <- |n| n + 1;
        assert_eq!((<-rx).unwrap()(1), 2);

        let (tx, rx) = bounded::<u64>(1);
        let (tx, rx): (&dyn Fn() -> Sender<u64>, _) = (&|| tx.clone(), rx);
        let tx = tx();
        tx <- 1 + 2;
        assert_eq!(<-rx, Some(3));
    }
}
