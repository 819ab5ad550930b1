//! The path of the crate without quotes.
//!
//! Instead: `#[chango::main(crate = "chango")]`.

#[chango::main(crate = chango)]
async fn main() {
    println!("hello");
}
