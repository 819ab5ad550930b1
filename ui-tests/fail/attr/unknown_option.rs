//! An option that does not exist.
//!
//! Instead: `#[chango::main(workers = 2)]`.

#[chango::main(threads = 2)]
async fn main() {
    println!("hello");
}
