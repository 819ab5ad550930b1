//! What leaves a goroutine's body: `return`, `?`, an exit, a panic, its last expression.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let early = go! {
            for i in 0.. { if i == 3 { return i } }
            unreachable!()
        };
        let asked = go! {
            let n: i32 = "x".parse()?;
            Ok::<_, std::num::ParseIntError>(n)
        };
        let (tx, rx) = bounded::<i32>(1);
        let refused = go! { (tx <- 1)?; (tx <- 2)?; Ok::<(), chango::chan::SendError<i32>>(()) };
        let option = go! { clone rx; let v = (<-rx)?; Some(v + (<-rx)?) };
        assert_eq!((<-early).unwrap(), 3);
        assert!((<-asked).unwrap().is_err());
        assert_eq!((<-option).unwrap(), Some(3));
        assert!((<-refused).unwrap().is_ok());
        assert_eq!(<-rx, None);
        let exited = go! { chango::task::exit().await };
        assert!((<-exited).unwrap_err().is_exited());
        let empty = go! {};
        let unit: () = (<-empty).unwrap();
        let value = go! { assert_eq!(unit, ()); { let n = 4; n } };
        assert_eq!((<-value).unwrap(), 4);
        let panicked = go! { if true { panic!("five") } 5 };
        assert_eq!((<-panicked).unwrap_err().into_panic().downcast_ref(), Some(&"five"));
        let returned_sent = go! { let (tx, _rx) = bounded(1); return tx <- 6; };
        assert!((<-returned_sent).unwrap().is_ok());
        let labelled = go! { 'a: loop { loop { break 'a 7 } } };
        assert_eq!((<-labelled).unwrap(), 7);
    }
}
