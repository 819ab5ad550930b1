//! A number of workers without the number.
//!
//! Instead: `workers = 2`.

#[chango::main(workers)]
async fn main() {
    println!("hello");
}
