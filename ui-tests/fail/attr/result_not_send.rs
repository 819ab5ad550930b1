//! A main goroutine whose error must stay in its thread.
//!
//! Instead: `Box<dyn Error + Send + Sync>`, which `?` makes as readily: the main goroutine goes from
//! worker to worker, and its result comes to the thread that waits for it.

use std::error::Error;

#[chango::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let n: i32 = "12".parse()?;
    println!("{n}");
    Ok(())
}
