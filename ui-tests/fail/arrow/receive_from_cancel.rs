//! A receive from the handle that cancels a context.
//!
//! Instead: `<-ctx` or `<-ctx.done()`: the context is what ends.

use chango::context;
use chango::prelude::*;

fn main() {
    run! {
        let (_ctx, cancel) = context::with_cancel(&context::background());
        <-cancel;
    }
}
