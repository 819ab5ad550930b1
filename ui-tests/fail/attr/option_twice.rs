//! An option that is given twice.
//!
//! Instead: one of the two.

#[chango::main(workers = 1, workers = 2)]
async fn main() {
    println!("hello");
}
