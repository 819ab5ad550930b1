//! Section 5 and the prelude. More of timers and sockets is in `tests/golang`.

use std::io;
use std::net::{Ipv4Addr, Shutdown, SocketAddr};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chango::net::{TcpListener, TcpStream, lookup_host};
use chango::time;
use chango::{runtime, task};
use futures_lite::future::{block_on, pending, poll_once, ready};
use futures_lite::{AsyncReadExt, AsyncWriteExt};

use crate::until::until;
use crate::workers::{on, on_workers};

/// Nothing else is imported here: these names come from the prelude.
mod the_prelude {
    #[test]
    fn it_has_exactly_what_programs_name_all_the_time() {
        use chango::prelude::*;
        run! {
            let (tx, rx): (Sender<u8>, Receiver<u8>) = bounded(1);
            let (_tx, _rx): (Sender<u8>, Receiver<u8>) = unbounded();
            let start: Instant = Instant::now();
            let group = WaitGroup::new();
            group.add(1);
            go! { clone group; co! { tx <- 1; } group.done(); };
            group.wait().await;
            select! { v = <-rx => assert_eq!(v, Some(1)) }
            sleep(Duration::from_millis(1)).await;
            let _ = <-after(Duration::from_millis(1));
            let _ = <-tick(Duration::from_millis(1));
            assert!(timeout(Duration::from_millis(1), std::future::pending::<()>()).await.is_err());
            assert!(start.elapsed() >= Duration::from_millis(4));
        }
    }
}

use chango::prelude::*;

const MS: Duration = Duration::from_millis(1);

mod of_time {
    use super::*;

    #[test]
    fn timeout_gives_the_value_or_says_that_the_time_is_over() {
        on_workers(|| async {
            assert_eq!(timeout(Duration::from_secs(60), async { 5 }).await, Ok(5));
            let start = Instant::now();
            let error = timeout(10 * MS, pending::<()>()).await.unwrap_err();
            assert!(start.elapsed() >= 10 * MS);
            assert!(!error.to_string().is_empty());
            let _: &dyn std::error::Error = &error;
            // What is ready wins over a time that is over.
            assert_eq!(timeout(Duration::ZERO, ready(1)).await, Ok(1));
        });
    }

    #[test]
    fn timeout_drops_the_future_with_it() {
        struct OnDrop(Arc<AtomicUsize>);
        impl Drop for OnDrop {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::Relaxed);
            }
        }
        on_workers(|| async {
            let dropped = Arc::new(AtomicUsize::new(0));
            let held = OnDrop(dropped.clone());
            let late = timeout(MS, async move {
                let _held = held;
                pending::<()>().await;
            });
            assert!(late.await.is_err());
            assert_eq!(dropped.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn sleep_until_the_past_is_over_at_once() {
        on_workers(|| async {
            time::sleep_until(time::now()).await;
            sleep(Duration::ZERO).await;
        });
    }

    #[test]
    fn stop_says_whether_there_was_something_to_stop() {
        on_workers(|| async {
            co! {
                let timer = after(Duration::from_secs(60));
                assert!(timer.stop() && !timer.stop());
                timer.reset(MS);
                let _ = <-timer;
                assert!(!timer.stop());
                timer.reset(Duration::from_secs(60));
                assert!(timer.stop());
            }
        });
    }

    #[test]
    fn a_timer_is_shared_by_reference_and_fires_for_one() {
        on_workers(|| async {
            co! {
                let timer = Arc::new(after(5 * MS));
                let (tx, rx) = unbounded();
                let waiting: Vec<_> = (0..3).map(|_| go! { clone timer, tx;
                    loop { let moment = <-*timer; tx <- moment; }
                }).collect();
                for _ in 0..5 {
                    let _ = <-rx;
                    select! { <-rx => panic!("it fired for two"), <-after(2 * MS) => {} }
                    timer.reset(MS);
                }
                for goroutine in waiting { goroutine.abort(); let _ = <-goroutine; }
            }
        });
    }

    #[test]
    fn a_tick_of_no_length_panics() {
        assert!(catch_unwind(|| tick(Duration::ZERO)).is_err());
    }

    #[test]
    fn outside_every_runtime_waiting_panics_and_names_the_ways_out() {
        let panic = catch_unwind(|| block_on(sleep(MS))).unwrap_err();
        let said = match panic.downcast::<String>() {
            Ok(text) => *text,
            Err(panic) => (*panic.downcast_ref::<&str>().unwrap()).to_owned(),
        };
        assert!(
            said.contains("run!") && said.contains("Handle::enter"),
            "{said}"
        );
    }

    #[test]
    fn timers_work_in_block_on_and_behind_a_guard() {
        let runtime = runtime::Builder::new().workers(1).build().unwrap();
        let start = Instant::now();
        runtime.block_on(async {
            sleep(5 * MS).await;
            co! { let _ = <-after(5 * MS); }
        });
        assert!(start.elapsed() >= 10 * MS);
        let handle = runtime.handle();
        let _guard = handle.enter();
        block_on(sleep(5 * MS));
        assert!(start.elapsed() >= 15 * MS);
    }
}

mod of_net {
    use super::*;

    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let client = go!(TcpStream::connect(address));
        let (server, _) = listener.accept().await.unwrap();
        (client.await.unwrap().unwrap(), server)
    }

    #[test]
    fn bind_and_connect_resolve_names() {
        on_workers(|| async {
            let listener = TcpListener::bind("localhost:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let client = go!(TcpStream::connect(("localhost", port)));
            let (server, peer) = listener.accept().await.unwrap();
            let client = client.await.unwrap().unwrap();
            assert_eq!(client.local_addr().unwrap(), peer);
            assert_eq!(client.peer_addr().unwrap(), server.local_addr().unwrap());
            assert!(lookup_host("localhost:1").await.unwrap().count() > 0);
        });
    }

    #[test]
    fn connect_tries_every_address() {
        on_workers(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let dead = {
                let other = TcpListener::bind("127.0.0.1:0").await.unwrap();
                other.local_addr().unwrap()
            };
            let addresses: [SocketAddr; 2] = [dead, listener.local_addr().unwrap()];
            let stream = TcpStream::connect(&addresses[..]).await.unwrap();
            assert_eq!(stream.peer_addr().unwrap(), addresses[1]);
        });
    }

    #[test]
    fn a_stream_is_shared_by_reference() {
        on_workers(|| async {
            let (client, server) = pair().await;
            let (client, server) = (Arc::new(client), Arc::new(server));
            let reading = {
                let client = Arc::clone(&client);
                go! {
                    let mut buffer = [0; 5];
                    client.read_exact(&mut buffer).await.map(|()| buffer)
                }
            };
            client.write_all(b"there").await.unwrap();
            let mut buffer = [0; 16];
            assert_eq!(server.peek(&mut buffer).await.unwrap(), 5);
            assert_eq!(server.read(&mut buffer).await.unwrap(), 5);
            assert_eq!(&buffer[..5], b"there");
            server.write_all(b"again").await.unwrap();
            assert_eq!(&reading.await.unwrap().unwrap(), b"again");
        });
    }

    #[test]
    fn it_has_the_synchronous_methods_of_std() {
        on_workers(|| async {
            let (client, server) = pair().await;
            client.set_nodelay(true).unwrap();
            assert!(client.nodelay().unwrap());
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(server.read(&mut [0]).await.unwrap(), 0);
            server.close();
            assert!(server.read(&mut [0]).await.is_err());
        });
    }

    #[test]
    fn it_implements_the_traits_of_futures() {
        async fn shout<S: AsyncReadExt + AsyncWriteExt + Unpin>(mut stream: S) -> io::Result<()> {
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            stream.write_all(text.to_uppercase().as_bytes()).await?;
            stream.close().await
        }
        on_workers(|| async {
            let (client, server) = pair().await;
            let shouting = go!(shout(server));
            let mut shared = &client;
            AsyncWriteExt::write_all(&mut shared, b"quiet")
                .await
                .unwrap();
            client.shutdown(Shutdown::Write).unwrap();
            let mut text = Vec::new();
            client.read_to_end(&mut text).await.unwrap();
            assert_eq!(text, b"QUIET");
            shouting.await.unwrap().unwrap();
        });
    }

    #[test]
    fn a_read_that_is_dropped_loses_nothing() {
        on_workers(|| async {
            let (client, server) = pair().await;
            let mut received = Vec::new();
            for byte in 0..100 {
                assert!(poll_once(client.read(&mut [0; 8])).await.is_none());
                server.write_all(&[byte]).await.unwrap();
                let mut buffer = [0; 8];
                let n = client.read(&mut buffer).await.unwrap();
                received.extend_from_slice(&buffer[..n]);
            }
            assert_eq!(received, (0..100).collect::<Vec<_>>());
        });
    }

    #[test]
    fn a_read_races_a_timer_in_a_select() {
        on_workers(|| async {
            let (client, server) = pair().await;
            let mut buffer = [0; 8];
            let first = select! {
                n = client.read(&mut buffer) => n.map(Some),
                <-after(5 * MS) => Ok(None),
            };
            assert_eq!(first.unwrap(), None);
            server.write_all(b"now").await.unwrap();
            let second = select! {
                n = client.read(&mut buffer) => n.map(Some),
                <-after(Duration::from_secs(60)) => Ok(None),
            };
            assert_eq!(second.unwrap(), Some(3));
        });
    }

    #[test]
    fn errors_are_those_of_std() {
        on_workers(|| async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let taken = listener.local_addr().unwrap();
            let error = TcpListener::bind(taken).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
            drop(listener);
            let error = TcpStream::connect(taken).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
            let (client, server) = pair().await;
            drop(server);
            let error = client.read_exact(&mut [0; 4]).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
        });
    }
}

mod of_sync {
    use super::*;

    #[test]
    fn a_wait_group_waits_for_all() {
        on_workers(|| async {
            let group = WaitGroup::new();
            // With nothing to wait for it does not wait.
            group.wait().await;
            let count = Arc::new(AtomicUsize::new(0));
            for _ in 0..100 {
                group.add(1);
                let (group, count) = (group.clone(), count.clone());
                go! {
                    task::yield_now().await;
                    count.fetch_add(1, Ordering::Relaxed);
                    group.done();
                };
            }
            group.wait().await;
            assert_eq!(count.load(Ordering::Relaxed), 100);
            // And again, with two that wait.
            group.add(2);
            let other =
                go! { clone group, count; group.wait().await; count.load(Ordering::Relaxed) };
            for _ in 0..2 {
                assert!(poll_once(group.wait()).await.is_none());
                count.fetch_add(1, Ordering::Relaxed);
                group.done();
            }
            group.wait().await;
            assert_eq!(other.await.unwrap(), 102);
        });
    }

    #[test]
    fn go_counts_the_goroutine_however_it_ends() {
        on_workers(|| async {
            let group = WaitGroup::new();
            let returned = group.go(async { 7 });
            group.go(async { task::exit().await });
            group.go(async { panic!("counted all the same") });
            let aborted = group.go(pending::<()>());
            aborted.abort();
            group.wait().await;
            assert_eq!(returned.await.unwrap(), 7);
            assert!(aborted.await.unwrap_err().is_aborted());
            until("all have ended", || runtime::num_goroutines() == 1).await;
        });
    }

    #[test]
    fn done_without_add_panics() {
        assert!(catch_unwind(|| WaitGroup::new().done()).is_err());
        on(1, async {
            let group = WaitGroup::new();
            group.add(2);
            group.done();
            group.done();
            assert!(catch_unwind(std::panic::AssertUnwindSafe(|| group.done())).is_err());
        });
    }
}
