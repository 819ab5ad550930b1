//! Where the result of a send is asked for it is a value, which neither panics nor exits.
#![deny(warnings)]

use chango::prelude::*;

fn ok(sent: Result<(), chango::chan::SendError<i32>>) -> bool {
    sent.is_ok()
}

async fn returned(tx: &Sender<i32>) -> Result<(), chango::chan::SendError<i32>> {
    co! { return tx <- 4; }
}

async fn asked(tx: &Sender<i32>) -> Result<i32, chango::chan::SendError<i32>> {
    co! {
        (tx <- 5)?;
        let sent: Result<(), _> = tx <- 6;
        sent?;
        Ok(2)
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(16);
        let sent = tx <- 1;
        assert!(sent.is_ok());
        assert!(ok(tx <- 2));
        if (tx <- 3).is_err() {
            panic!("there is room");
        }
        returned(&tx).await.unwrap();
        assert_eq!(asked(&tx).await.unwrap(), 2);
        let broken = loop { break tx <- 7; };
        assert!(broken.is_ok());
        let Ok(()) = tx <- 8 else { panic!("there is room") };
        match (tx <- 9) {
            Ok(()) => tx <- 10,
            Err(error) => panic!("{error}"),
        }
        rx.close();
        let refused = tx <- 11;
        assert_eq!(refused.unwrap_err().into_inner(), 11);
        let mut sum = 0;
        while let Some(v) = <-rx {
            sum += v;
        }
        assert_eq!(sum, 55);
    }
}
