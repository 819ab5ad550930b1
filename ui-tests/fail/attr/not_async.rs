//! The attribute on a fn that is not async.
//!
//! Instead: `async fn main()`.

#[chango::main]
fn main() {
    println!("hello");
}
