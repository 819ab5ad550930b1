//! A test with arguments.
//!
//! Instead: no arguments: nobody passes any.

#[chango::test]
async fn adds(a: i32, b: i32) {
    assert_eq!(a + b, 3);
}

fn main() {}
