//! Everything that can stand behind `<-`, and how tight the arrow binds.
#![deny(warnings)]

use chango::prelude::*;

struct Holder {
    rxs: Vec<Receiver<i32>>,
}

impl Holder {
    fn next(&self) -> &Receiver<i32> {
        &self.rxs[0]
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        for i in 1..=8 {
            tx <- i;
        }
        let holder = Holder { rxs: vec![rx.clone()] };
        assert_eq!(<-rx, Some(1));
        assert_eq!(<-&rx, Some(2));
        assert_eq!(<-holder.next(), Some(3));
        assert_eq!(<-holder.rxs[0], Some(4));
        assert_eq!((<-rx).unwrap() + 10 * (<-Some(&rx)).unwrap(), 65);
        assert_eq!(-(<-rx).unwrap_or_default(), -7);
        if let Some(v) = <-rx && v == 8 {
            drop(tx);
        }
        assert_eq!(match <-rx { Some(_) => 1, None => 2 }, 2);

        let (outer, inner) = bounded::<Receiver<i32>>(1);
        let (tx, rx) = bounded(1);
        tx <- 9;
        outer <- rx;
        assert_eq!(<-<-inner, Some(9));

        let started = Instant::now();
        let fired = <-after(Duration::from_millis(1));
        assert!(fired > started);
        let handle = go! { 5 };
        assert_eq!((<-handle).unwrap(), 5);
        let boxed = Box::pin(async { 7 });
        assert_eq!(boxed.await, 7);
    }
}
