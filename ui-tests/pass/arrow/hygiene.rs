//! Nothing that a user may have shadowed breaks an expansion.
#![deny(warnings)]
#![allow(dead_code, non_camel_case_types)]

use chango::prelude::{Duration, Receiver, after, bounded, co, go, run, select};

struct Some;
struct Ok;
struct Err;
struct Option;
struct Result;
struct Poll;
struct Box;
trait Send {}
trait Future {}
trait Clone {}
struct bool;

fn drop() {}

async fn one(rx: &Receiver<u8>) -> u8 {
    co! {
        let __value = 1;
        let __operation = 1;
        let v = <-rx;
        v.map_or(0, |v| v + __value - __operation)
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<u8>(4);
        let __waiting = 7;
        tx <- __waiting;
        assert_eq!(one(&rx).await, 7);
        let sent = tx <- 8;
        assert!(sent.is_ok());
        let handle = go! { clone tx; tx <- 9; };
        handle.await.unwrap();
        for __item in <-rx {
            if __item == 9 {
                break;
            }
        }
        let mut lent = 3;
        let __arm_0 = 1;
        let taken = select! {
            v = <-rx => v.map_or(0, |v| v),
            tx <- mut lent, if __arm_0 == 2 => 0,
            <-after(Duration::from_secs(1)), if __arm_0 == 2 => 0,
            default => __arm_0,
        };
        lent += taken;
        assert_eq!(lent, 4);
    }
}
