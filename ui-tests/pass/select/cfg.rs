//! `#[cfg(…)]` takes arms away without touching the others.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(1);
        let mut pending = 1;
        let got = select! {
            #[cfg(any())]
            v = <-there_is_no_such_channel => v.no_such_method(),
            #[cfg(all())]
            tx <- mut pending => {
                pending = 2;
                10
            }
            #[cfg(all())]
            #[cfg(any())]
            no_such <- mut thing => 0,
            v = <-rx => v.unwrap(),
        };
        assert_eq!((got, pending), (10, 2));
        let got = select! {
            v = <-rx => v.unwrap(),
            #[cfg(any())]
            default => no_such_value,
        };
        assert_eq!(got, 1);
        let got = select! {
            v = <-rx => v.unwrap(),
            #[cfg(all())]
            default => 5,
            #[cfg(any())]
            else => 6,
        };
        assert_eq!(got, 5);
    }
}
