//! The end of a context as an arm: the operand in place, a call, a clone, an `Option`, beside all others.
#![deny(warnings)]

use chango::context::{self, Context, ContextError};
use chango::prelude::*;

struct Request {
    ctx: Context,
    parent: Option<Context>,
}

async fn serve(request: &Request, jobs: &Receiver<u32>) -> Result<u32, ContextError> {
    let mut sum = 0;
    loop {
        select! {
            biased;
            <-request.ctx => return request.ctx.err().map_or(Ok(sum), Err),
            <-request.parent => return Ok(sum),
            Some(job) = <-jobs => sum += job,
            else => return Ok(sum),
        }
    }
}

fn main() {
    run! {
        let (ctx, cancel) = context::with_cancel(&context::background());
        let (tx, jobs) = unbounded();
        let request = Request { ctx: ctx.clone(), parent: None };
        tx <- 1;
        tx <- 2;
        let ended = select! { <-ctx.done() => true, <-ctx => true, default => false };
        assert!(!ended);
        let serving = go! { serve(&request, &jobs).await };
        cancel.cancel();
        assert_eq!(serving.await.unwrap(), Err(ContextError::Canceled));
        let waited = select! {
            () = <-ctx.done() => 1,
            _ = <-ctx.clone(), if ctx.err().is_some() => 1,
            <-Some(&ctx) => 1,
            n = std::future::pending::<i32>() => n,
            _ = <-after(Duration::from_secs(60)) => 2,
        };
        assert_eq!(waited, 1);
    }
}
