use chango::prelude::*;

fn main() {
    run! {
        fn first(rx: Receiver<i32>) -> Option<i32> {
            <-rx
        }
        let (_tx, rx) = bounded::<i32>(1);
        println!("{:?}", first(rx));
    }
}
