#[chango::main(workers = 0)]
async fn main() {
    println!("hello");
}
