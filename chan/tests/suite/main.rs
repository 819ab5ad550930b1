//! The tests of the public face, one program so that they link once and share their tools.

mod ledger;
mod support;

mod any;
mod bad_waker;
mod batch;
mod blocking;
mod close;
mod close_many;
mod close_race;
mod drop;
mod fairness;
mod goroutines;
mod memory;
mod never;
mod order;
mod panic;
mod probe;
mod select;
mod select_arms;
mod statement;
mod storm;
mod stream;
mod sync_lock;
mod sync_run;
mod sync_words;
mod timeout;
mod wait_group;
mod weak;
