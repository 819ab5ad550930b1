use chango::prelude::*;

struct Ticket;

fn main() {
    run! {
        let ticket = Ticket;
        go! { clone ticket; drop(ticket); };
        drop(ticket);
    }
}
