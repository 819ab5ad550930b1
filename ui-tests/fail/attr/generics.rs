//! A main goroutine with a type parameter.
//!
//! Instead: a fn without parameters, which calls the generic one.

#[chango::main]
async fn main<T>() {
    println!("hello");
}
