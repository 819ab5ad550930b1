#[chango::main]
async fn main<T>() {
    println!("hello");
}
