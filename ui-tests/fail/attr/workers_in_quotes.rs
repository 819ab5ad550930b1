//! A number of workers that is no number.
//!
//! Instead: `workers = 2`, without quotes.

#[chango::main(workers = "2")]
async fn main() {
    println!("hello");
}
