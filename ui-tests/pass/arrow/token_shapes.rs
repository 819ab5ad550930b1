//! The arrow is the two characters, whatever stands beside them.
#![deny(warnings)]

use chango::prelude::*;

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(8);
        tx<-1;
        tx <-1;
        tx<- 1;
        tx <- -1;
        tx <- - 1;
        tx<-(-1);
        tx/* a comment */<-/* another */1;
        tx
            <-
            1;
        let mut sum=<-rx;
        for _ in 0..3 { sum=Some(sum.unwrap()+(<-rx).unwrap()) }
        assert_eq!(sum,Some(2));
        let rest=[<-rx,<-rx,<-rx,<- rx];
        assert_eq!(rest,[Some(-1),Some(-1),Some(1),Some(1)]);
        let (txs,rxs)=bounded(1);
        txs<-rx;
        tx<-2;
        assert_eq!(<-<-rxs,Some(2));
        let n=3;
        let (refs,rx)=bounded(3);
        refs<-&n;
        refs<-{&n};
        
        assert_eq!((<-rx,(<-rx).map(|&n|n)),(Some(&3),Some(3)));
        let (a,b)=(1_i32,-1_i32);
        assert!(!(a<b)&&a< -b+1&&a<(-b+1)&&1<<-b==2);
        assert!(a < -b + 1 && [a < -1] == [false] && (a) < -(b) + 1);
        let tuple=((1,bounded::<f64>(2)),);
        tuple.0.1.0<-1.;
        tuple.0 .1 .0<-0.5_f64.max(0.);
        assert_eq!(<-tuple.0.1.1,Some(1.));
        let r#if=tuple.0.1.1;
        assert_eq!(<-r#if,Some(0.5));
    }
}
