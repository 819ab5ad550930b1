#[chango::main(threads = 2)]
async fn main() {
    println!("hello");
}
