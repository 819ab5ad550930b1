//! The wait group in goroutines: who waits goes on when all have ended and not before.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chango_chan::sync::WaitGroup;
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::yield_now;
use chango_core::task::JoinHandle;

use crate::support::poll;

fn workers(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

fn is_waited_for(group: &WaitGroup) -> bool {
    poll(&mut Box::pin(group.wait())).is_pending()
}

/// Says when it goes whether its group still waited then.
struct Last(WaitGroup, Arc<AtomicBool>);

impl Drop for Last {
    fn drop(&mut self) {
        self.1.store(is_waited_for(&self.0), Ordering::Relaxed);
    }
}

#[test]
fn a_member_is_waited_for_until_all_that_it_had_is_gone() {
    let waited = |end: fn(&JoinHandle<()>), turns: usize, panics: bool, returns: bool| {
        let waited = Arc::new(AtomicBool::new(false));
        let last = Last(WaitGroup::new(), Arc::clone(&waited));
        workers(1).run(async move {
            let group = last.0.clone();
            let handle = group.go(async move {
                let _last = last;
                assert!(!panics, "on purpose");
                if !returns {
                    std::future::pending().await
                }
            });
            for _ in 0..turns {
                yield_now().await;
            }
            end(&handle);
            group.wait().await;
        });
        waited.load(Ordering::Relaxed)
    };
    assert!(waited(|_| (), 0, false, true), "it ended");
    assert!(waited(|_| (), 0, true, false), "it panicked");
    assert!(waited(JoinHandle::abort, 3, false, false), "it was aborted");
    let too_early = waited(JoinHandle::abort, 0, false, false);
    assert!(too_early, "it was aborted before it began");
}
