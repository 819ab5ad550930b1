//! Plain threads, and what they must not do in a goroutine.

use std::thread;

use chango_chan::{bounded, unbounded};
use chango_core::runtime::Runtime;
use futures_lite::future::block_on;

#[test]
fn plain_threads_meet_on_a_rendezvous() {
    let (tx, rx) = bounded(0);
    let sender = thread::spawn(move || {
        for value in 0..1_000 {
            tx.send_blocking(value).unwrap();
        }
        tx.send_blocking(1_000)
    });
    assert!((0..1_000).all(|value| rx.recv_blocking() == Some(value)));
    drop(rx);
    let error = sender.join().unwrap().unwrap_err();
    assert!(error.is_disconnected());
    assert_eq!(error.into_inner(), 1_000);
}

#[test]
fn threads_and_tasks_share_a_channel() {
    let (tx, rx) = bounded(1);
    let sender = thread::spawn(move || {
        block_on(async {
            for value in 0..1_000 {
                tx.send(value).await.unwrap();
            }
        });
    });
    assert_eq!(rx.iter().sum::<i32>(), (0..1_000).sum());
    sender.join().unwrap();
}

#[test]
fn a_receiver_is_iterated_by_value_and_by_reference() {
    let (tx, rx) = unbounded();
    (0..6).for_each(|value| tx.try_send(value).unwrap());
    let mut first = vec![];
    for value in &rx {
        first.push(value);
        if value == 2 {
            break;
        }
    }
    assert_eq!(first, [0, 1, 2]);
    drop(tx);
    assert_eq!(rx.into_iter().collect::<Vec<_>>(), [3, 4, 5]);
}

#[test]
fn many_threads_on_both_sides_lose_nothing() {
    const EACH: usize = 2_000;
    for capacity in [0, 1, 64] {
        let (tx, rx) = bounded(capacity);
        let senders: Vec<_> = (0..4)
            .map(|id| {
                let tx = tx.clone();
                thread::spawn(move || {
                    (0..EACH).for_each(|value| tx.send_blocking(id * EACH + value).unwrap());
                })
            })
            .collect();
        drop(tx);
        let receivers: Vec<_> = (0..4)
            .map(|_| {
                let rx = rx.clone();
                thread::spawn(move || rx.into_iter().collect::<Vec<_>>())
            })
            .collect();
        drop(rx);
        let mut all: Vec<_> = receivers
            .into_iter()
            .flat_map(|receiver| receiver.join().unwrap())
            .collect();
        all.sort_unstable();
        assert!(all.into_iter().eq(0..4 * EACH));
        senders
            .into_iter()
            .for_each(|sender| sender.join().unwrap());
    }
}

#[test]
fn blocking_in_a_goroutine_panics_and_names_what_to_use() {
    let runtime = Runtime::new().unwrap();
    let (tx, rx) = bounded(1);
    let handles = [
        runtime.spawn({
            let tx = tx.clone();
            async move { assert!(tx.send_blocking(1).is_ok()) }
        }),
        runtime.spawn({
            let rx = rx.clone();
            async move { assert!(rx.recv_blocking().is_none()) }
        }),
        runtime.spawn({
            let rx = rx.clone();
            async move { assert!(rx.iter().next().is_none()) }
        }),
    ];
    for (handle, instead) in handles
        .into_iter()
        .zip(["send(..).await", "recv().await", "recv()"])
    {
        let panic = runtime.block_on(handle).unwrap_err().into_panic();
        let text = panic.downcast_ref::<String>().expect("a panic with a text");
        assert!(text.contains(instead), "{text}");
    }
    assert!(tx.is_empty());
}
