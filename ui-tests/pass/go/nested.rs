//! Goroutines that start goroutines: in blocks, calls, closures, items and arms.
#![deny(warnings)]

use chango::prelude::*;
use chango::task::JoinHandle;

fn tree(depth: u32) -> JoinHandle<u32> {
    if depth == 0 {
        return go! { 1 };
    }
    go! {
        let (left, right) = (tree(depth - 1), go!(leaf(depth)));
        (<-left).unwrap() + (<-right).unwrap()
    }
}

fn leaf(depth: u32) -> u32 {
    depth
}

fn plain(tx: Sender<u32>) -> JoinHandle<u32> {
    go! {
        let inner = go! { clone tx; tx <- 1; 2 };
        tx <- 3;
        (<-inner).unwrap()
    }
}

fn main() {
    run! {
        assert_eq!(tree(3).await.unwrap(), 7);
        let (tx, rx) = bounded(2);
        let two = plain(tx);
        let (mut sum, mut count) = (0, 0);
        for v in <-rx { sum += v; count += 1; }
        assert_eq!((sum, count, two.await.unwrap()), (4, 2, 2));
        let handles: Vec<_> = (0..3).map(|n| go! { go! { n * 2 }.await.unwrap() + 1 }).collect();
        let mut all = Vec::new();
        for handle in handles { all.push((<-handle).unwrap()) }
        assert_eq!(all, [1, 3, 5]);
        struct Starter(u8);
        impl Starter {
            fn start(&self) -> JoinHandle<u8> { let n = self.0; go! { n } }
            async fn again(self) -> u8 { go! { <-self.start() }.await.unwrap().unwrap() }
        }
        let got = select! { r = <-go! { Starter(4).again().await } => r, r = <-go! { 4 } => r };
        assert_eq!(got.unwrap(), 4);
        let outer = go!(async move { let x = go!(leaf(5)); <-x });
        assert_eq!(outer.await.unwrap().unwrap(), 5);
        let of_macro = vec![go! { 1 }, go! { 2 }];
        assert_eq!(of_macro.len(), 2);
    }
}
