//! The sentences of the language page, one file for each section. What must not compile is held by
//! `ui-tests`; what only Go's tests ask for, by `tests/golang`.

mod block_macros;
mod channels;
mod context;
mod deadlock;
mod dropped;
mod dump;
mod local;
mod operators;
mod select;
mod sockets;
mod tasks;
mod time_net_sync;

#[path = "../util/child.rs"]
mod child;
#[path = "../util/until.rs"]
mod until;
#[path = "../util/workers.rs"]
mod workers;
