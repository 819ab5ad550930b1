//! A body that returns another type.
//!
//! Instead: a value of the type behind the arrow of the fn.

#[chango::main]
async fn main() -> Result<(), String> {
    Err(404)
}
