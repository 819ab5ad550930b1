//! What `select!` calls: arms in a list, and one future that waits for all of them.
//!
//! The rules, as the language has them, and where they are kept:
//!
//! 1. Guards and operands are the macro's business: an arm that its guard switched off is `None`.
//! 2. The arms are looked at in a random order, or with `biased` in theirs, and the first that is
//!    ready commits (`early`, before there is anything that could wait; `run`).
//! 3. If none is ready: `default`, if there is one, else the goroutine waits on all arms at once.
//! 4. Exactly one arm commits. A waiting select has one claim word, which whoever completes one of
//!    its nodes has to win first (`claim.rs`).
//! 5. An arm whose pattern is `Some(p)` goes off when it would give `None`; the others go on
//!    (`arm`).
//! 6. When a [`Select`] is done, the losing arms are withdrawn and its futures dropped.
//!
//! [`recv_any`] is a select as well, over as many receivers as a slice has.
//!
//! Channels are locked one at a time, so there is no order among them to keep. Why no match is lost:
//! a select opens its claim to others before it enters the queues. Of two selects that could meet on
//! a channel, the second to enter finds the first one's node there, and its claim open; if it is not
//! open, the first one is looking again, and will enter, or is decided.

mod early;

pub(crate) mod arm;
mod list;
mod run;

mod any;

pub use self::any::recv_any;
pub use self::early::{
    FutureArm, NeverArm, RecvArm, SendArm, Slot, SomeArm, Tried, absent, future, future_some,
    mistaken, now, now_biased, recv, recv_owned, recv_some, recv_some_owned, send, send_owned,
    send_slot, send_slot_owned,
};
pub use self::list::{Cons, Nil, Won};
pub use self::run::{Select, Selected, poll_default, poll_default_biased, wait, wait_biased};
pub use crate::ops::settle;

/// The end of a select without `else` whose arms are all disabled.
///
/// # Panics
///
/// Always.
#[track_caller]
#[cold]
pub fn all_disabled() -> ! {
    panic!("select!: every arm is disabled, and there is no `else` and no `default`")
}
