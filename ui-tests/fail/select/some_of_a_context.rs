//! `Some(…)` before the end of a context.
//!
//! Instead: `<-ctx.done() => …`: there is no value in it, and `ctx.err()` says why.

use chango::context;
use chango::prelude::*;

fn main() {
    run! {
        let (ctx, _cancel) = context::with_cancel(&context::background());
        select! {
            Some(end) = <-ctx.done() => println!("{end:?}"),
        }
    }
}
