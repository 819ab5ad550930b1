//! A negative generic argument is none of the operators, wherever a type may stand.
#![deny(warnings)]
#![allow(clippy::unnecessary_cast)]

use chango::prelude::*;

#[derive(Clone, Copy, Default)]
struct At<const N: i32, const M: i32 = -7>;

trait Where<const N: i32> {
    const HERE: i32 = N;
}

co! {
    impl<const N: i32, const M: i32> Where<-2> for At<N, M> where At<-2>: Copy {}
}

fn main() {
    run! {
        fn plain(at: At<-3>) -> At<-3> { at }
        struct Field { at: At<-4>, more: [At<-5, -6>; 1] }
        type Alias = At<-8>;
        const CONST: At<-9> = At::<-9>;
        static STATIC: At<-10, { -1 }> = At;
        fn sum<const N: i32, const M: i32>(_: At<N, M>) -> i32 { N + M }
        fn boxed(_: Box<dyn Fn(At<-1>) -> At<-1>>) -> impl Where<-2> { At::<1> }

        let at: At<-1> = At;
        let closure = |at: At<-1>| -> At<-1> { at };
        let pointer: fn(At<-3>) -> At<-3> = plain;
        let field = Field { at: At, more: [At; 1] };
        let cast = sum as fn(At<-1, -1>) -> i32;
        let cast = (cast(At), At::<-1, 4> as At<-1, 4>);
        let path = <At<-1> as Where<-2>>::HERE + <At<0> as Where<-2>>::HERE;
        let collected = [1].iter().map(|_| At::<-1>).collect::<Vec<At<-1>>>().len();
        let _ = boxed(Box::new(|at| at));
        let alias = Alias::default();

        let (tx, rx) = bounded::<At<-1>>(2);
        tx <-At::<-1>;
        tx <- closure(at);
        let Some::<At<-1>>(got) = <-rx else { return };
        if let Some::<At<-1, -7>>(At) = <-rx { assert_eq!(sum(got), -8) }
        assert_eq!((sum(pointer(At)), sum(field.at), sum(field.more[0])), (-10, -11, -11));
        assert_eq!((cast.0, sum(cast.1), path, collected), (-2, 3, -4, 1));
        assert_eq!((sum(alias), sum(CONST), sum(STATIC)), (-15, -16, -11));
    }
}

impl<const N: i32> At<N, 0> {
    #[allow(dead_code)]
    const VALUE: i32 = N;
}
