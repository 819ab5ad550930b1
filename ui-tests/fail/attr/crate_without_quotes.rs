#[chango::main(crate = chango)]
async fn main() {
    println!("hello");
}
