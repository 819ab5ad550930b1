#[chango::main(workers)]
async fn main() {
    println!("hello");
}
