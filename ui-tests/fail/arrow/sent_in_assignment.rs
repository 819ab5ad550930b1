use chango::prelude::*;

fn main() {
    run! {
        let (tx, _rx) = bounded::<i32>(1);
        let mut sent = Ok(());
        println!("{sent:?}");
        sent = tx <- 1;
        println!("{sent:?}");
    }
}
