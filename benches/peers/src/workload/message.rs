//! Messages of several words through channels, by value, for growth.sh.
//!
//! What must hold: a message is moved and never boxed, and its first and its last word are checked, so that
//! all of it has to come.

use crate::{Carries, Runtime};

/// So many words of 64 bits.
pub type Message<const WORDS: usize> = [u64; WORDS];

fn message<const WORDS: usize>(number: u64) -> Message<WORDS> {
    let mut message = [0; WORDS];
    message[0] = number;
    message[WORDS - 1] = number;
    message
}

fn number<const WORDS: usize>(message: &Message<WORDS>) -> u64 {
    let [first, last] = [message[0], message[WORDS - 1]];
    assert_eq!(first, last, "a message is torn");
    first
}

/// As [`spsc`](crate::channels::spsc) with a capacity of 128.
pub(crate) async fn spsc<R: Runtime, C: Carries<Message<WORDS>>, const WORDS: usize>(
    messages: u64,
) {
    let (sender, mut receiver) = C::channel(128);
    let producer = R::spawn(async move {
        for value in 0..messages {
            C::send(&sender, message(value)).await;
        }
        messages
    });
    let mut expected = 0;
    while let Some(message) = C::receive(&mut receiver).await {
        assert_eq!(
            number(&message),
            expected,
            "a message was lost, doubled or out of order"
        );
        expected += 1;
    }
    assert_eq!(
        expected,
        R::join(producer).await,
        "the last messages were lost"
    );
}

/// As [`many`](crate::channels::many) with a capacity of 128, four senders and four receivers.
pub(crate) async fn mpmc<R: Runtime, C: Carries<Message<WORDS>>, const WORDS: usize>(
    messages: u64,
) {
    let each = messages / ENDS;
    let (sender, receiver) = C::channel(128);
    let shared: Vec<_> = (1..ENDS).map(|_| C::share(&receiver)).collect();
    let consumers: Vec<_> = [receiver]
        .into_iter()
        .chain(shared)
        .map(|receiver| R::spawn(consumer::<C, WORDS>(receiver)))
        .collect();
    let producers: Vec<_> = (0..ENDS)
        .map(|number| {
            let sender = sender.clone();
            R::spawn(async move {
                for count in 1..=each {
                    C::send(&sender, message(number << 32 | count)).await;
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
    assert_eq!(received, sent, "a message was lost or doubled");
}

const ENDS: u64 = 4;

/// The sum of what it received; what comes from the same sender must come in order.
async fn consumer<C: Carries<Message<WORDS>>, const WORDS: usize>(
    mut receiver: C::Receiver,
) -> u64 {
    let mut latest = [0; ENDS as usize];
    let mut sum = 0;
    while let Some(message) = C::receive(&mut receiver).await {
        let value = number(&message);
        let (sender, count) = ((value >> 32) as usize, value & u64::from(u32::MAX));
        assert!(
            count > latest[sender],
            "a message came twice or out of order"
        );
        latest[sender] = count;
        sum += value;
    }
    sum
}
