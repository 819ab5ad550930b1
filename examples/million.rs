//! A million goroutines wait on one channel, and one `close` releases them all.
//!
//! `cargo run --release --example million -- [COUNT]` prints how many bytes of memory one waiting
//! goroutine costs, and how long spawning and releasing took.

use chango::prelude::*;

fn main() {
    let count = std::env::args()
        .nth(1)
        .map_or(1_000_000, |arg| arg.parse().expect("a number"));
    run! {
        let before = resident_bytes();
        let (tx, rx) = bounded::<u64>(0);
        let began = Instant::now();
        let (begun, released) = (WaitGroup::new(), WaitGroup::new());
        begun.add(count);
        released.add(count);
        for _ in 0..count {
            go! { clone rx, begun, released;
                begun.done();
                assert!((<-rx).is_none(), "nobody sends");
                released.done();
            }
        }
        begun.wait().await;
        println!("{count} goroutines wait after {:.0?}", began.elapsed());
        if let (Some(before), Some(after)) = (before, resident_bytes()) {
            println!("{} bytes each", after.saturating_sub(before) / count);
        }
        let began = Instant::now();
        tx.close();
        released.wait().await;
        println!("all released after {:.0?}", began.elapsed());
    }
}

/// The memory that the process holds, where the system tells.
fn resident_bytes() -> Option<usize> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: usize = statm.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
