//! The prime sieve of Go's tour: a chain of goroutines, one for each prime, and each lets through
//! what its prime does not divide. When main has seen enough it drops the end of the chain, and the
//! goroutines end one after the other, for nobody listens to them any more.
//!
//! `cargo run --example prime_sieve -- 50` (how many primes; 30 without a number)

use chango::prelude::*;

/// Sends 2, 3, 4, …
async fn generate(numbers: Sender<u32>) {
    co! {
        for n in 2.. { numbers <- n; }
    }
}

/// Passes on what `prime` does not divide.
async fn filter(numbers: Receiver<u32>, others: Sender<u32>, prime: u32) {
    co! {
        for n in <-numbers {
            if n % prime != 0 { others <- n; }
        }
    }
}

fn main() {
    let count: usize = std::env::args()
        .nth(1)
        .map_or(30, |n| n.parse().expect("a number"));
    run! {
        let (tx, mut sieve) = bounded(0);
        go!(generate(tx));
        for i in 1..=count {
            let Some(prime) = <-sieve else { unreachable!("there is no last prime") };
            print!("{prime:>6}{}", if i % 10 == 0 { "\n" } else { "" });
            let (tx, rx) = bounded(0);
            go!(filter(sieve, tx, prime));
            sieve = rx;
        }
        println!("\n{} goroutines stand in the chain", chango::runtime::num_goroutines() - 1);
    }
}
