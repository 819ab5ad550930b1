use chango::prelude::*;

#[chango::main]
async fn main() {
    let (tx, _rx) = bounded(1);
    tx <- 1;
}
