#[chango::main(workers = 1, workers = 2)]
async fn main() {
    println!("hello");
}
