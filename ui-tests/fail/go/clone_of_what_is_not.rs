//! A clone list with something that cannot be cloned.
//!
//! Instead: move it in, without the list; or `#[derive(Clone)]`; or an `Arc` of it.

use chango::prelude::*;

struct Ticket;

fn main() {
    run! {
        let ticket = Ticket;
        go! { clone ticket; drop(ticket); };
        drop(ticket);
    }
}
