//! `break`, `continue`, `return` and `?` in arm bodies mean what they say.
#![deny(warnings)]

use chango::prelude::*;

async fn collect(rx: &Receiver<i32>) -> Result<Vec<i32>, std::num::TryFromIntError> {
    let mut got = Vec::new();
    'all: loop {
        select! {
            v = <-rx => {
                let Some(v) = v else { break };
                if v == 0 {
                    continue;
                }
                if v == 99 {
                    break 'all;
                }
                if v == 100 {
                    return Ok(vec![100]);
                }
                got.push(i32::from(u8::try_from(v)?));
            }
        }
    }
    Ok(got)
}

fn main() {
    run! {
        for (sent, expected) in [
            (vec![1, 0, 2], Some(vec![1, 2])),
            (vec![1, 99, 2], Some(vec![1])),
            (vec![1, 100], Some(vec![100])),
            (vec![1, 256], None),
        ] {
            let (tx, rx) = bounded::<i32>(4);
            for v in sent {
                tx <- v;
            }
            drop(tx);
            assert_eq!(collect(&rx).await.ok(), expected);
        }
        let value = 'block: {
            select! { default => break 'block 3 }
        };
        assert_eq!(value, 3);
    }
}
