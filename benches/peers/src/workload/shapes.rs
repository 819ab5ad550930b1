//! Programs of many small goroutines: the prime sieve, the ring, skynet.

use std::mem::replace;

use crate::measure::sum_below;
use crate::{Channels, Runtime};

/// The first `count` primes, by a chain of filters: one goroutine sends the numbers from 2 to the
/// last of them, and for each prime that comes out one more takes away its multiples.
pub(crate) async fn sieve<R: Runtime, C: Channels>(capacity: usize, count: u64) {
    let primes = first_primes(count);
    let last = *primes.last().expect("one prime at least");
    let (sender, mut numbers) = C::channel(capacity);
    let mut goroutines = vec![R::spawn(async move {
        for number in 2..=last {
            C::send(&sender, number).await;
        }
        0
    })];
    for &prime in &primes {
        assert_eq!(
            C::receive(&mut numbers).await,
            Some(prime),
            "this is not the next prime"
        );
        let (sender, passed) = C::channel(capacity);
        let mut from = replace(&mut numbers, passed);
        goroutines.push(R::spawn(async move {
            let mut received = 0;
            while let Some(number) = C::receive(&mut from).await {
                received += 1;
                if number % prime != 0 {
                    C::send(&sender, number).await;
                }
            }
            received
        }));
    }
    assert_eq!(C::receive(&mut numbers).await, None, "too much came out");
    let mut received = count;
    for goroutine in goroutines {
        received += R::join(goroutine).await;
    }
    assert_eq!(received, receives(&primes), "a value was lost or doubled");
}

/// How often the numbers up to the last of `primes` are received: each by the filters up to that of its
/// least factor; a prime by main instead of by its own filter.
fn receives(primes: &[u64]) -> u64 {
    let last = *primes.last().expect("one prime at least");
    let least_factor = |number| primes.iter().position(|prime| number % prime == 0);
    let filters = |number| match primes.binary_search(&number) {
        Ok(place) => place,
        Err(_) => least_factor(number).expect("every number has a prime factor"),
    };
    (2..=last).map(|number| filters(number) as u64 + 1).sum()
}

/// By division, which takes a thousandth of the time.
fn first_primes(count: u64) -> Vec<u64> {
    let mut primes: Vec<u64> = Vec::new();
    let mut candidates = 2..;
    while (primes.len() as u64) < count {
        let candidate = candidates.next().expect("there is always one more");
        let mut divisors = primes.iter().take_while(|&&p| p * p <= candidate);
        if divisors.all(|p| candidate % p != 0) {
            primes.push(candidate);
        }
    }
    assert!(count != 2_500 || primes.last() == Some(&22_307));
    primes
}

/// `goroutines` in a ring, the main one among them: a token goes round until it has made `hops`,
/// which it counts.
pub(crate) async fn ring<R: Runtime, C: Channels>(capacity: usize, goroutines: u64, hops: u64) {
    let others = R::group();
    let (next, mut previous) = C::channel(capacity);
    for _ in 1..goroutines {
        let (to, from_it) = C::channel(capacity);
        let mut from = replace(&mut previous, from_it);
        R::spawn_in(&others, async move {
            while let Some(token) = C::receive(&mut from).await {
                C::send(&to, token + 1).await;
            }
        });
    }
    let mut token = 0;
    for _ in 0..hops / goroutines {
        C::send(&next, token + 1).await;
        token = C::receive(&mut previous).await.expect("the ring is whole");
    }
    assert_eq!(token, hops, "a hop was left out or made twice");
    drop(next);
    assert_eq!(C::receive(&mut previous).await, None, "a second token came");
    R::wait(&others).await;
}

/// Ten children each, six deep at full size: a leaf answers with its number, all others with the sum
/// of what their children answer.
pub(crate) async fn skynet<R: Runtime, C: Channels>(leaves: u64) {
    let (sender, mut sum) = C::channel(C::LEAST);
    R::detach(node::<R, C>(sender, 0, leaves));
    assert_eq!(
        C::receive(&mut sum).await,
        Some(sum_below(leaves)),
        "a leaf was lost or counted twice"
    );
}

// An `async fn` that spawns itself could not be seen to be `Send`.
#[expect(clippy::manual_async_fn)]
fn node<R: Runtime, C: Channels>(
    parent: C::Sender,
    number: u64,
    leaves: u64,
) -> impl Future<Output = ()> + Send {
    async move {
        if leaves == 1 {
            return C::send(&parent, number).await;
        }
        let (sender, mut answers) = C::channel(C::LEAST);
        let each = leaves / 10;
        for child in 0..10 {
            let number = number + child * each;
            R::detach(node::<R, C>(sender.clone(), number, each));
        }
        let mut sum = 0;
        for _ in 0..10 {
            sum += C::receive(&mut answers).await.expect("a child is lost");
        }
        C::send(&parent, sum).await;
    }
}
