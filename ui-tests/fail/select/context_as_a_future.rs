//! A context as an arm without an arrow.
//!
//! Instead: `<-ctx => …`.

use chango::context;
use chango::prelude::*;

fn main() {
    run! {
        let (ctx, _cancel) = context::with_cancel(&context::background());
        select! {
            _ = ctx.done() => println!("{:?}", ctx.err()),
        }
    }
}
