//! The tokio runtime that all goroutines share where they have no other one.
//!
//! What must hold: there is one, and nothing of it before it is asked for; its thread drives it as long as the
//! process lives, and sleeps while there is nothing to do.

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::abort;
use std::sync::OnceLock;
use std::thread;

use ::tokio::runtime::{Builder, Handle, Runtime};

/// The name of its thread, and of those of `spawn_blocking`.
const NAME: &str = "chango-tokio";

pub(super) fn handle() -> &'static Handle {
    static HANDLE: OnceLock<Handle> = OnceLock::new();
    // A panic leaves it as it was, so the next caller tries again.
    HANDLE.get_or_init(|| match start() {
        Ok(handle) => handle,
        Err(error) => panic!("tokio's runtime could not be started: {error}"),
    })
}

fn start() -> io::Result<Handle> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        .thread_name(NAME)
        .build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name(NAME.to_owned())
        .spawn(move || drive(&runtime))?;
    Ok(handle)
}

/// tokio keeps the panics of its tasks, so what could come out here is that of a waker: not a goroutine's, but
/// that of another executor which polls a [`WithTokio`](super::WithTokio). It takes tokio's drivers with it, so
/// everybody who waits would wait for ever. (Under `#[tokio::main]` it is the end of `main`.)
fn drive(runtime: &Runtime) {
    let _ = catch_unwind(AssertUnwindSafe(|| runtime.block_on(pending::<()>())));
    eprintln!("fatal: a waker has panicked on the thread of tokio's runtime");
    abort();
}
