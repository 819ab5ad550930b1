//! A library of the edition 2021 that depends on chango as `go_chan`, and hands it on.
//!
//! Its macros name chango's by `$crate`, so who calls them need not depend on chango at all.
//! `tests/renamed.rs` calls them.
#![deny(warnings)]

/// Where others find chango.
pub mod reexport {
    pub use go_chan as chango;
}

/// Sends from a goroutine and receives here.
#[macro_export]
macro_rules! through_a_goroutine {
    ($value:expr) => {
        $crate::reexport::chango::run! {
            let (tx, rx) = $crate::reexport::chango::chan::bounded(0);
            $crate::reexport::chango::go! { tx <- $value }
            $crate::reexport::chango::select! {
                Some(v) = <-rx => v,
                <-$crate::reexport::chango::time::after(std::time::Duration::from_secs(60)) => panic!("late"),
            }
        }
    };
}

/// Starts a call of this crate's.
#[macro_export]
macro_rules! start_twice {
    ($n:expr) => {
        $crate::reexport::chango::go!($crate::twice($n))
    };
}

/// An item of the caller's, with arrows in it.
#[macro_export]
macro_rules! receiver_of {
    ($name:ident, $kind:ty) => {
        $crate::reexport::chango::co! {
            async fn $name(rx: &$crate::reexport::chango::chan::Receiver<$kind>) -> Option<$kind> {
                let first = <-rx;
                for v in <-rx {
                    return Some(v);
                }
                first
            }
        }
    };
}

/// What [`start_twice`] calls.
pub async fn twice(n: i32) -> i32 {
    2 * n
}
