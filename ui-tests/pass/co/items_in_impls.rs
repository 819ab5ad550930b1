//! Items in a `co!` inside impls, traits, modules and fns, with attributes and visibilities.
#![deny(warnings)]
#![deny(missing_docs)]
#![allow(async_fn_in_trait)]

use chango::prelude::*;

co! {
    /// What passes things on.
    pub trait Pass<T> {
        /// Where from.
        fn source(&self) -> &Receiver<T>;

        /// The next thing.
        async fn next(&self) -> Option<T> {
            <-self.source()
        }
    }

    /// A stage.
    #[derive(Clone, Debug)]
    pub struct Stage<T, const N: i32 = -1> {
        rx: Receiver<T>,
    }

    impl<T> Pass<T> for Stage<T> where T: Send {
        fn source(&self) -> &Receiver<T> { &self.rx }
    }

    mod inner {
        use super::*;

        pub(super) async fn send<T>(tx: Sender<T>, all: Vec<T>) {
            for v in all { tx <- v }
        }

        #[test]
        fn tested() { assert!(run! { true }) }
    }

    const LESS: bool = 1 < -1;
    static GREETING: &str = "hello";
    type Less = Stage<u8, -1>;
    use inner::*;
}

impl<T> Stage<T> {
    co! {
        /// Everything up to the end.
        pub async fn all(self) -> Vec<T> {
            let mut all = Vec::new();
            for v in <-self.rx { all.push(v) }
            all
        }

        const KIND: &'static str = "stage";
    }
}

#[chango::main]
async fn main() {
    co! {
        async fn local(stage: &Less) -> Option<u8> { <-stage.rx }
    }
    let (tx, rx) = bounded(4);
    let stage = Less { rx };
    go!(send(tx, vec![1, 2, 3]));
    assert_eq!((local(&stage).await, stage.next().await), (Some(1), Some(2)));
    assert_eq!(stage.all().await, [3]);
    assert!(!LESS && GREETING == "hello" && Less::KIND == "stage");
}
