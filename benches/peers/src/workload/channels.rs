//! Values through channels: there and back, from one to one, from many to many.

use crate::measure::sum_below;
use crate::{Channels, Runtime};

/// A value there and its successor back, `rounds` times, on two channels of `capacity`.
pub(crate) async fn pingpong<R: Runtime, C: Channels>(capacity: usize, rounds: u64) {
    let (ping, mut pinged) = C::channel(capacity);
    let (pong, mut ponged) = C::channel(capacity);
    let partner = R::spawn(async move {
        let mut sum = 0;
        while let Some(value) = C::receive(&mut pinged).await {
            sum += value;
            C::send(&pong, value + 1).await;
        }
        sum
    });
    for round in 0..rounds {
        C::send(&ping, round).await;
        assert_eq!(
            C::receive(&mut ponged).await,
            Some(round + 1),
            "an answer is wrong"
        );
    }
    drop(ping);
    assert_eq!(
        R::join(partner).await,
        sum_below(rounds),
        "a value was lost or doubled"
    );
}

/// One goroutine sends `0..messages` into a channel of `capacity`, the main goroutine receives
/// until it is closed.
pub(crate) async fn spsc<R: Runtime, C: Channels>(capacity: usize, messages: u64) {
    let (sender, mut receiver) = C::channel(capacity);
    let producer = R::spawn(async move {
        for value in 0..messages {
            C::send(&sender, value).await;
        }
        messages
    });
    let mut expected = 0;
    while let Some(value) = C::receive(&mut receiver).await {
        assert_eq!(value, expected, "a value was lost, doubled or out of order");
        expected += 1;
    }
    assert_eq!(
        expected,
        R::join(producer).await,
        "the last values were lost"
    );
}

/// Each of `senders` goroutines sends its share of `messages` into one channel of `capacity`; each of
/// `receivers` receives until it is closed.
pub(crate) async fn many<R: Runtime, C: Channels>(
    capacity: usize,
    [senders, receivers]: [u64; 2],
    messages: u64,
) {
    let each = messages / senders;
    let (sender, receiver) = C::channel(capacity);
    let shared: Vec<_> = (1..receivers).map(|_| C::share(&receiver)).collect();
    let consumers: Vec<_> = [receiver]
        .into_iter()
        .chain(shared)
        .map(|receiver| R::spawn(consumer::<C>(receiver, senders)))
        .collect();
    let producers: Vec<_> = (0..senders)
        .map(|number| {
            let sender = sender.clone();
            R::spawn(async move {
                for count in 1..=each {
                    C::send(&sender, number << 32 | count).await;
                }
                (1..=each).map(|count| number << 32 | count).sum()
            })
        })
        .collect();
    drop(sender);
    let (mut sent, mut received) = (0, 0);
    for producer in producers {
        sent += R::join(producer).await;
    }
    for consumer in consumers {
        received += R::join(consumer).await;
    }
    assert_eq!(received, sent, "a value was lost or doubled");
}

/// The sum of what it received; what comes from the same sender must come in order.
async fn consumer<C: Channels>(mut receiver: C::Receiver, senders: u64) -> u64 {
    let mut latest = vec![0; senders as usize];
    let mut sum = 0;
    while let Some(value) = C::receive(&mut receiver).await {
        let (sender, count) = ((value >> 32) as usize, value & u64::from(u32::MAX));
        assert!(count > latest[sender], "a value came twice or out of order");
        latest[sender] = count;
        sum += value;
    }
    sum
}
