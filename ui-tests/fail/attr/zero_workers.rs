//! No workers.
//!
//! Instead: 1 or more; without the option there are as many as `CHANGO_MAXPROCS` or the machine
//! says.

#[chango::main(workers = 0)]
async fn main() {
    println!("hello");
}
