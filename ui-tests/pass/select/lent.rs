//! `tx <- mut pending`: the value is back in its variable where another arm wins.
#![deny(warnings)]

use chango::prelude::*;

struct Outbox {
    next: String,
}

fn main() {
    run! {
        let (tx, rx) = bounded::<String>(1);
        let (stop, stopped) = bounded::<()>(1);
        let mut pending = String::from("first");
        let mut log = Vec::new();
        loop {
            select! {
                biased;
                tx <- mut pending => {
                    pending = String::from("second");
                    log.push("sent");
                    stop.try_send(()).unwrap();
                }
                <-stopped => {
                    assert_eq!(pending, "second");
                    break;
                }
            }
        }
        assert_eq!((<-rx).as_deref(), Some("first"));
        assert_eq!(log, ["sent"]);

        let mut outbox = Outbox { next: "kept".to_string() };
        select! {
            tx <- mut outbox.next, if false => unreachable!(),
            default => outbox.next.push('!'),
        }
        assert_eq!(outbox.next, "kept!");
    }
}
