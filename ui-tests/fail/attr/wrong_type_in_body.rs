#[chango::main]
async fn main() -> Result<(), String> {
    Err(404)
}
