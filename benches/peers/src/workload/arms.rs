//! One receiver that selects among 1, 16, 32 or 64 channels, for growth.sh.
//!
//! What must hold: each number of arms is a function of its own, since the future of one that has several
//! is as large as that of the largest, and a small select would pay for it. Those of 2, 4 and 8 arms are
//! in `select.rs` and have nothing of this.

use crate::{Carries, Channels, Runtime};

/// A select of `N` arms.
pub trait Arms<const N: usize>: Channels {
    /// Receives so many values, each from whichever is ready, as fair as this peer's select is by default.
    /// The loop is here, so that a select that can be used again is made once.
    fn select_many(
        _from: &mut [<Self as Carries<u64>>::Receiver; N],
        _messages: u64,
        _tally: &mut Tally<N>,
    ) -> impl Future<Output = ()> + Send {
        async { unreachable!("not supported") }
    }
}

/// What has come by each arm: all that was sent to it, in order.
pub struct Tally<const N: usize>([u64; N]);

impl<const N: usize> Tally<N> {
    /// One more has come.
    #[inline]
    pub fn take(&mut self, (arm, value): (usize, u64)) {
        let expected = &mut self.0[arm];
        assert_eq!(
            value, *expected,
            "a value was lost, doubled or out of order"
        );
        *expected += 1;
    }
}

/// Writes what needs each arm written down, for each number of arms: expands to `$write! { (with) N: a0 0 a1
/// 1 … }`, a name and a number for each arm.
#[macro_export]
macro_rules! each_size {
    ($write:ident $($with:tt)*) => {
        $write! { ($($with)*) 1: a0 0 }
        $write! { ($($with)*) 16:
            a0 0 a1 1 a2 2 a3 3 a4 4 a5 5 a6 6 a7 7
            a8 8 a9 9 a10 10 a11 11 a12 12 a13 13 a14 14 a15 15
        }
        $write! { ($($with)*) 32:
            a0 0 a1 1 a2 2 a3 3 a4 4 a5 5 a6 6 a7 7
            a8 8 a9 9 a10 10 a11 11 a12 12 a13 13 a14 14 a15 15
            a16 16 a17 17 a18 18 a19 19 a20 20 a21 21 a22 22 a23 23
            a24 24 a25 25 a26 26 a27 27 a28 28 a29 29 a30 30 a31 31
        }
        $write! { ($($with)*) 64:
            a0 0 a1 1 a2 2 a3 3 a4 4 a5 5 a6 6 a7 7
            a8 8 a9 9 a10 10 a11 11 a12 12 a13 13 a14 14 a15 15
            a16 16 a17 17 a18 18 a19 19 a20 20 a21 21 a22 22 a23 23
            a24 24 a25 25 a26 26 a27 27 a28 28 a29 29 a30 30 a31 31
            a32 32 a33 33 a34 34 a35 35 a36 36 a37 37 a38 38 a39 39
            a40 40 a41 41 a42 42 a43 43 a44 44 a45 45 a46 46 a47 47
            a48 48 a49 49 a50 50 a51 51 a52 52 a53 53 a54 54 a55 55
            a56 56 a57 57 a58 58 a59 59 a60 60 a61 61 a62 62 a63 63
        }
    };
}

/// `N` producers, each with a channel of 128 of its own; the main goroutine receives with one select
/// over them all.
pub(crate) async fn select<R: Runtime, C: Arms<N>, const N: usize>(messages: u64) {
    let each = messages / N as u64;
    let mut producers = Vec::new();
    // A closed channel is always ready; these stay open, and the count says when all was received.
    let mut open = Vec::new();
    let mut receivers = [(); N].map(|()| {
        let (sender, receiver) = C::channel(128);
        open.push(sender.clone());
        producers.push(R::spawn(async move {
            for value in 0..each {
                C::send(&sender, value).await;
            }
            each
        }));
        receiver
    });
    let mut tally = Tally([0; N]);
    C::select_many(&mut receivers, each * N as u64, &mut tally).await;
    for (received, producer) in tally.0.into_iter().zip(producers) {
        assert_eq!(
            received,
            R::join(producer).await,
            "the last values were lost"
        );
    }
}
