//! A main goroutine with arguments.
//!
//! Instead: no arguments; `std::env::args()` has those of the program.

#[chango::main]
async fn main(name: String) {
    println!("hello {name}");
}
