//! A receive from the error of a context.
//!
//! Instead: `<-ctx.done()`, and `ctx.err()` after it.

use chango::context;
use chango::prelude::*;

fn main() {
    run! {
        let (ctx, _cancel) = context::with_cancel(&context::background());
        <-ctx.err();
    }
}
