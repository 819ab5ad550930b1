//! One receiver that selects among several channels.

use crate::{Channels, Runtime};

/// `N` producers, each with a channel of 128 of its own; the main goroutine receives with one select
/// over them all.
pub(crate) async fn select<R: Runtime, C: Channels, const N: usize>(messages: u64) {
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
    let mut expected = [0; N];
    for _ in 0..each * N as u64 {
        let (arm, value) = C::select(&mut receivers).await;
        assert_eq!(
            value, expected[arm],
            "a value was lost, doubled or out of order"
        );
        expected[arm] += 1;
    }
    for (received, producer) in expected.into_iter().zip(producers) {
        assert_eq!(
            received,
            R::join(producer).await,
            "the last values were lost"
        );
    }
}
