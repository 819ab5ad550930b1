//! Constants, statics, functions, macros, modules and types of a user's named like what an
//! expansion names, or what anything would.
#![deny(warnings)]
#![allow(dead_code, non_upper_case_globals, non_camel_case_types, unused_macros)]

use ::chango::prelude::{Duration, Receiver, after, bounded, co, go, run, select};

const value: u8 = 1;
const operation: u8 = 2;
static sent: u8 = 3;
struct item;
const __value: u8 = 4;
const __operation: u8 = 5;
static __send: u8 = 6;
struct __item;
const __each: u8 = 7;
const __callee: u8 = 8;
const __argument_0: u8 = 9;
static __call: u8 = 10;
const __guard_0: u8 = 11;
const __slot_1: u8 = 12;
const __arm_0: u8 = 13;
const __won: u8 = 14;
const __list: u8 = 15;
const __error: u8 = 16;
const __never: u8 = 17;
fn receive() {}
fn send_to() {}
fn __private() {}
mod chango {}
mod core {}
mod std {}
mod alloc {}
mod operand {}
macro_rules! matches { () => {}; }
macro_rules! compile_error { () => {}; }
macro_rules! __private { () => {}; }
enum Vec { Ready, This, Later }
trait Iterator {}
trait IntoFuture {}
trait Copy {}
trait Drop {}
trait Fn {}
struct usize;
type u8_ = ();

async fn plain(a: u8, b: u8) -> u8 {
    a + b
}

async fn looped(rx: &Receiver<u8>) -> u8 {
    co! {
        for v in <-rx { return v + __each }
        0
    }
}

fn main() {
    run! {
        let (tx, rx) = bounded::<u8>(8);
        tx <- value;
        let result = tx <- __value;
        assert!(result.is_ok());
        assert_eq!(<-rx, Some(operation - 1));
        assert_eq!(looped(&rx).await, 11);
        assert_eq!((<-go!(plain(__argument_0, sent))).unwrap(), 12);
        let mut lent = __slot_1;
        let got = select! {
            v = <-rx, if __guard_0 == 0 => v,
            tx <- mut lent, if __arm_0 == 0 => None,
            <-after(Duration::from_secs(60)) => None,
            _ = plain(__won, __list) => Some(__error + lent),
        };
        select! { tx <- __never => {} }
        assert_eq!((got, <-rx), (Some(28), Some(17)));
        let mut lent = __operation;
        let closed = go! {
            clone rx;
            select! { tx <- mut lent => rx.len(), default => 99 }
        };
        assert_eq!((<-closed).unwrap(), 1);
    }
}
