//! Types are inferred through the arrows: literals, later uses, closures' arguments.
#![deny(warnings)]

use std::collections::HashMap;

use chango::prelude::*;

fn size<T>(_: &Receiver<T>) -> usize {
    size_of::<T>()
}

fn main() {
    run! {
        let (tx, rx) = bounded(1);
        tx <- 5;
        assert_eq!((size(&rx), <-rx), (4, Some(5)));
        let (tx, rx) = bounded(1);
        tx <- 5;
        let _: Option<u8> = <-rx;
        let (tx, rx) = bounded(1);
        tx <- 1.5;
        assert_eq!(size(&rx), 8);
        let (tx, rx) = bounded(2);
        tx <- None;
        tx <- Some(1_u16);
        assert_eq!(size(&rx), 4);
        let (tx, rx) = bounded(1);
        tx <- Vec::new();
        let mut list = (<-rx).unwrap();
        list.push("text");
        let (tx, rx) = bounded(1);
        tx <- list.into_iter().collect();
        let set: std::collections::BTreeSet<&str> = (<-rx).unwrap();
        assert!(set.contains("text"));
        let (tx, rx) = bounded(1);
        tx <- Default::default();
        let text: String = (<-rx).unwrap_or_else(Default::default);
        let (tx, rx) = bounded(1);
        tx <- (&*text).into();
        let boxed: Box<str> = (<-rx).unwrap();
        let (tx, rx) = bounded(1);
        let sent = tx <- (boxed, [[0; 2]; 2]);
        let (_, [[a, _], _]): (_, [[i64; 2]; 2]) = sent.and(Ok((<-rx).unwrap())).unwrap();
        let mut channels = HashMap::new();
        channels.entry("a").or_insert_with(|| bounded(1)).0 <- a + 1;
        assert_eq!(<-channels["a"].1, Some(1));
        let mut last = None;
        let (tx, rx) = unbounded();
        for i in 0..3 { tx <- i }
        drop(tx);
        for v in <-rx { last = Some(v) }
        assert_eq!(last, Some(2_u32));
        let (tx, rx) = bounded(1);
        tx <- |n| n + 1;
        let add = (<-rx).unwrap();
        assert_eq!(add(1_u8), 2);
    }
}
