#[chango::main(workers = "2")]
async fn main() {
    println!("hello");
}
