//! A pool of workers: three goroutines receive jobs from one channel and send results to another.
//! The results end by themselves when the last worker has dropped its sender.
//!
//! `cargo run --example worker_pool`

use chango::prelude::*;

fn main() {
    let start = Instant::now();
    run! {
        let (job_tx, jobs) = bounded::<u64>(0);
        let (result_tx, results) = bounded(0);

        for worker in 1..=3 {
            go! { clone jobs, result_tx;
                for job in <-jobs {
                    sleep(Duration::from_millis(10 * job)).await;   // hard work
                    result_tx <- (worker, job, job * job);
                }
            }
        }
        drop(result_tx);                    // the workers hold the rest

        go! { for job in 1..=9 { job_tx <- job; } }

        let mut sum = 0;
        for (worker, job, square) in <-results {
            println!("worker {worker} did job {job}: {square}");
            sum += square;
        }
        println!("sum {sum}");
        assert_eq!(sum, 285);
    }
    println!("450 ms of work took {} ms", start.elapsed().as_millis());
}
