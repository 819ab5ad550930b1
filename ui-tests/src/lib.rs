//! What must not compile, and what the compiler then says; what must compile, and then runs.
//!
//! This crate has nothing of its own: `tests/ui.rs` runs the programs in `fail` and `pass`.
