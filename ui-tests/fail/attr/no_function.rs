//! The attribute on something that is no function.
//!
//! Instead: an `async fn` behind it.

#[chango::test]
struct Test;

fn main() {}
