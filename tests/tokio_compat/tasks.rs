//! Tasks of tokio's and goroutines beside each other: spawned in each other, and on both ends of channels.

use std::thread;

use chango::compat::{self, with_tokio};
use chango::prelude::*;
use chango::task;
use tokio::sync::{mpsc, oneshot};

use crate::workers::{on, on_workers};

#[test]
fn a_task_and_a_call_that_blocks_are_spawned_in_a_goroutine() {
    on_workers(|| async {
        let sum = with_tokio(async {
            let task = tokio::spawn(async {
                tokio::time::sleep(Duration::from_millis(1)).await;
                1
            });
            let call = tokio::task::spawn_blocking(|| {
                thread::sleep(Duration::from_millis(1));
                2
            });
            task.await.unwrap() + call.await.unwrap()
        });
        assert_eq!(sum.await, 3);
    });
}

#[test]
fn a_task_outlives_its_goroutine_and_its_handle_is_awaited_without_a_context() {
    on_workers(|| async {
        let (tx, end) = oneshot::channel();
        let (to_main, from_goroutine) = bounded(1);
        let ends = go! {
            with_tokio(async move { to_main <- tokio::spawn(end); }).await
        };
        ends.await.unwrap();
        tx.send("after the goroutine").unwrap();
        let task = from_goroutine.recv().await.unwrap();
        assert_eq!(task.await.unwrap(), Ok("after the goroutine"));
    });
}

#[test]
fn channels_of_changos_lead_from_goroutines_to_tasks_and_back() {
    on_workers(|| async {
        const COUNT: u64 = 1000;
        for capacity in [0, 1, 16] {
            let (tx, numbers) = bounded::<u64>(capacity);
            let (doubled, rx) = bounded::<u64>(capacity);
            let task = compat::handle().spawn(async move {
                while let Some(number) = numbers.recv().await {
                    doubled.send(2 * number).await.unwrap();
                }
            });
            go! { for number in 0..COUNT { tx <- number; } };
            let mut sum = 0;
            co! { for number in <-rx { sum += number; } }
            assert_eq!(sum, COUNT * (COUNT - 1));
            task.await.unwrap();
        }
    });
}

#[test]
fn channels_of_tokios_lead_from_goroutines_to_tasks_and_back() {
    on_workers(|| async {
        const COUNT: u64 = 1000;
        let (tx, mut numbers) = mpsc::channel::<u64>(4);
        let (doubled, mut rx) = mpsc::unbounded_channel::<u64>();
        compat::handle().spawn(async move {
            while let Some(number) = numbers.recv().await {
                doubled.send(2 * number).unwrap();
            }
        });
        go! {
            for number in 0..COUNT {
                tx.send(number).await.unwrap();
            }
        };
        let mut sum = 0;
        while let Some(number) = rx.recv().await {
            sum += number;
        }
        assert_eq!(sum, COUNT * (COUNT - 1));
    });
}

#[test]
fn arrows_and_selects_stand_in_a_future_beside_tokios_timers() {
    on_workers(|| async {
        let (tx, rx) = bounded(0);
        go! {
            with_tokio(async move {
                for number in 0..5 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    tx <- number;
                }
            })
            .await
        };
        let all = go! {
            with_tokio(async move {
                let mut all = Vec::new();
                loop {
                    select! {
                        number = <-rx => match number {
                            Some(number) => all.push(number),
                            None => break all,
                        },
                        () = tokio::time::sleep(Duration::from_secs(60)) => unreachable!(),
                    }
                }
            })
            .await
        };
        assert_eq!(all.await.unwrap(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn a_hundred_goroutines_echo_over_tokios_sockets() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    on_workers(|| async {
        let listener = with_tokio(TcpListener::bind("127.0.0.1:0")).await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = go! {
            with_tokio(async move {
                for _ in 0..100 {
                    let (mut stream, _) = listener.accept().await.unwrap();
                    go! {
                        let (mut from, mut to) = stream.split();
                        with_tokio(tokio::io::copy(&mut from, &mut to)).await.unwrap();
                    }
                }
            })
            .await
        };
        let clients: Vec<_> = (0..100_u8)
            .map(|number| {
                go! {
                    with_tokio(async move {
                        let mut stream = TcpStream::connect(address).await.unwrap();
                        stream.write_all(&[number; 5000]).await.unwrap();
                        stream.shutdown().await.unwrap();
                        let mut back = Vec::new();
                        stream.read_to_end(&mut back).await.unwrap();
                        assert_eq!(back, [number; 5000]);
                    })
                    .await
                }
            })
            .collect();
        for client in clients {
            client.await.unwrap();
        }
        server.await.unwrap();
    });
}

#[test]
fn block_in_place_only_calls_and_block_on_blocks_the_goroutine() {
    on(1, async {
        let (tx, rx) = bounded(0);
        go! {
            with_tokio(async move {
                let here = thread::current().id();
                assert_eq!(tokio::task::block_in_place(|| thread::current().id()), here);
                let handle = tokio::runtime::Handle::current();
                handle.block_on(async { tokio::time::sleep(Duration::from_millis(50)).await });
                tx <- "afterwards";
            })
            .await
        };
        co! { assert_eq!(<-rx, Some("afterwards")) }
    });
}

#[test]
fn a_local_set_runs_in_a_goroutine_that_stays_on_its_thread() {
    use std::rc::Rc;
    on_workers(|| async {
        let local = task::spawn_local(|| async {
            let set = tokio::task::LocalSet::new();
            let one = Rc::new(1);
            let work = set.run_until(async move {
                let spawned = tokio::task::spawn_local(async move {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                    *one
                });
                spawned.await.unwrap()
            });
            with_tokio(work).await
        });
        assert_eq!(local.await.unwrap(), 1);
    });
}

#[test]
fn spawn_local_panics_outside_a_local_set_and_the_goroutine_alone_ends() {
    on(1, async {
        let local = async { tokio::task::spawn_local(async {}).await };
        // Made and polled here, as it cannot be sent.
        let goroutine = task::spawn_local(move || with_tokio(local));
        assert!(goroutine.await.unwrap_err().is_panic());
    });
}
