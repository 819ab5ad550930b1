//! `co!` makes no new future: `return`, `?`, `break` and `continue` keep their meaning.
#![deny(warnings)]

use chango::prelude::*;

async fn even_sum(rx: Receiver<i32>) -> Result<i32, String> {
    let mut sum = 0;
    'turns: loop {
        co! {
            let Some(v) = <-rx else { break 'turns };
            if v % 2 == 1 {
                continue;
            }
            if v < 0 {
                return Err(format!("{v} is negative"));
            }
            sum += i32::try_from(v).map_err(|error| error.to_string())?;
        }
    }
    Ok(sum)
}

fn main() {
    run! {
        let (tx, rx) = bounded(3);
        (tx.clone() <- 2).unwrap();
        (tx.clone() <- 3).unwrap();
        (tx <- 4).unwrap();
        drop(tx);
        assert_eq!(even_sum(rx).await, Ok(6));
        let (tx, rx) = bounded(1);
        tx <- -2;
        assert_eq!(even_sum(rx).await, Err("-2 is negative".to_string()));
        assert_eq!(co! { 1 + 1 }, 2);
    }
}
