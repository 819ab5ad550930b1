//! Locals named like what an expansion names are the user's own in every operand and value.
#![deny(warnings)]

use chango::prelude::*;

fn sum(a: i32, b: i32, c: i32) -> i32 {
    a + 10 * b + 100 * c
}

fn main() {
    run! {
        let (tx, rx) = bounded::<i32>(4);
        let (__operation, __value, __send, __each, __item) = (1, 2, 3, 4, 5);
        let (__chango_operation, __chango_value, __chango_send) = (6, 7, 8);
        tx <- __operation + __value + __send;
        tx <- __chango_operation + __chango_value + __chango_send;
        assert_eq!((<-rx).unwrap() + __each + __item, 15);
        assert_eq!((<-rx).unwrap(), 21);
        let (__callee, __argument_0, __argument_1, __call) = (sum, 1, 2, 3);
        assert_eq!((<-go!(sum(__argument_1, __argument_0, __call))).unwrap(), 312);
        assert_eq!((<-go!(__callee(__argument_1, __argument_0, __call))).unwrap(), 312);
        let (__chango_callee, __chango_argument_0, __chango_argument_1) = (sum, 1, 2);
        let called = go!(__chango_callee(__chango_argument_1, __chango_argument_0, 3));
        assert_eq!((<-called).unwrap(), 312);
        let (__arm_0, __guard_0, __slot_0, __won, __list) = (1, true, 3, 4, 5);
        let mut __value = 6;
        let got = select! {
            biased;
            __value = <-rx, if !__guard_0 => __value.unwrap(),
            tx <- mut __value, if !__guard_0 => 0,
            __value = async { __arm_0 } => __value + __slot_0 + __won + __list,
        };
        assert_eq!((got, __value), (13, 6));
        tx <- 1;
        for __item in <-rx { assert_eq!((__item, __each), (1, 4)); break }
    }
}
