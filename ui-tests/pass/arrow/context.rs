//! `<-ctx` and `<-ctx.done()`: as statements, values, heads of loops; by reference, in fields, as a nil channel.
#![deny(warnings)]

use chango::chan::Receive;
use chango::context::{self, Context};
use chango::prelude::*;

struct Server {
    ctx: Context,
}

async fn generic<R: Receive<Output = ()> + Sync>(what: &R) {
    co! { <-what }
}

fn is_send<T: Send>(value: T) -> T {
    value
}

fn main() {
    run! {
        let (ctx, cancel) = context::with_cancel(&context::background());
        let server = Server { ctx: ctx.clone() };
        let waiting = go! { clone ctx;
            <-ctx;
            let () = <-ctx.done();
            for () in <-ctx.done() { break }
            for () in <-&ctx { break }
        };
        cancel.cancel();
        waiting.await.unwrap();
        <-server.ctx;
        <-server.ctx.done();
        <-&mut &server.ctx;
        <-Some(ctx.clone());
        <-Some(ctx.done());
        let done = ctx.done();
        <-done;
        <-&done;
        is_send(generic(&ctx)).await;
        is_send(generic(&done)).await;
        is_send(async { co! { <-ctx.done() } }).await;
        is_send(ctx.run(async {})).await.unwrap_err();
        assert_eq!((<-ctx.done(), <-ctx), ((), ()));
        match <-ctx { () => assert!(ctx.err().is_some()) }
    }
}
