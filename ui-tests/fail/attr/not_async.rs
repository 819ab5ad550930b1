#[chango::main]
fn main() {
    println!("hello");
}
