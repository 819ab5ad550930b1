//! Unix sockets against std's blocking ones, by situation.
#![cfg(unix)]

use std::fs;
use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::mem::MaybeUninit;
use std::net::Shutdown;
use std::os::unix::net as std_net;
use std::path::{Path, PathBuf};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use chango_core::net::{UnixDatagram, UnixListener, UnixStream};
use chango_core::runtime::{Builder, Runtime};
use chango_core::spawn::{spawn, yield_now};
use chango_core::time::{self, timeout};
use futures_lite::future::{block_on, poll_once};
use futures_lite::{AsyncReadExt, AsyncWriteExt, StreamExt};

/// Later than this is never.
const NEVER: Duration = Duration::from_secs(20);

const MOMENT: Duration = Duration::from_millis(10);

fn runtime(workers: usize) -> Runtime {
    Builder::new().workers(workers).build().unwrap()
}

/// A path where no file is yet, in a directory that goes with it.
struct Place(PathBuf);

impl Place {
    fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("chango-unix-{}-{count}", std::process::id());
        let dir = std::env::temp_dir().join(name);
        fs::create_dir_all(&dir).unwrap();
        Self(dir.join("socket"))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(self.0.parent().unwrap());
    }
}

impl AsRef<Path> for Place {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

/// A stream of ours and its other side, a blocking one of std's. Inside a runtime.
fn pair() -> (Arc<UnixStream>, std_net::UnixStream) {
    let (ours, theirs) = std_net::UnixStream::pair().unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    (Arc::new(UnixStream::from_std(ours).unwrap()), theirs)
}

/// The same for messages.
fn messengers() -> (Arc<UnixDatagram>, std_net::UnixDatagram) {
    let (ours, theirs) = std_net::UnixDatagram::pair().unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    (Arc::new(UnixDatagram::from_std(ours).unwrap()), theirs)
}

/// Bytes that tell where they belong.
fn pattern(len: usize) -> Vec<u8> {
    (0..len)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect()
}

/// Polls once with a waker that does nothing.
fn poll_now<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn settle() {
    for _ in 0..20 {
        yield_now().await;
    }
}

#[test]
fn a_read_into_memory_that_holds_nothing_gives_what_came_and_waits_for_more() {
    runtime(2).block_on(async {
        let (ours, mut theirs) = pair();
        let mut buffer = [MaybeUninit::uninit(); 8];
        let mut read = Vec::new();
        for text in ["some", " and much more than there is room for", "!"] {
            let poll = ours.poll_read_uninit(&mut Context::from_waker(Waker::noop()), &mut buffer);
            assert!(poll.is_pending(), "{poll:?}");
            theirs.write_all(text.as_bytes()).unwrap();
            let mut came = 0;
            while came < text.len() {
                let poll = |cx: &mut Context<'_>| ours.poll_read_uninit(cx, &mut buffer);
                let len = poll_fn(poll).await.unwrap();
                assert!((1..=buffer.len()).contains(&len));
                // SAFETY: what was read.
                read.extend(
                    buffer[..len]
                        .iter()
                        .map(|byte| unsafe { byte.assume_init() }),
                );
                came += len;
            }
        }
        assert_eq!(read, b"some and much more than there is room for!");
        drop(theirs);
        let end = poll_fn(|cx| ours.poll_read_uninit(cx, &mut buffer)).await;
        assert_eq!(end.unwrap(), 0);
    });
}

#[test]
fn sockets_and_their_futures_can_move_between_threads() {
    fn send_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: T) {}
    send_sync::<UnixListener>();
    send_sync::<UnixStream>();
    send_sync::<UnixDatagram>();
    send(UnixStream::connect("nowhere"));
    send(async {
        let (stream, _) = UnixListener::bind("").unwrap().accept().await.unwrap();
        stream.read(&mut [0]).await.unwrap();
        stream.read_to_end(&mut Vec::new()).await.unwrap();
        stream.write_all(b"").await.unwrap();
        let (socket, _) = UnixDatagram::pair().unwrap();
        socket.send_to(b"", "nowhere").await.unwrap();
        socket.recv_from(&mut [0]).await.unwrap();
    });
}

#[test]
fn an_echo_server_serves_blocking_clients() {
    for workers in [1, 2] {
        let place = Place::new();
        let runtime = runtime(workers);
        let listener = runtime.block_on(async { UnixListener::bind(&place).unwrap() });
        let server = runtime.spawn(async move {
            loop {
                let (stream, peer) = listener.accept().await.unwrap();
                assert!(peer.is_unnamed());
                spawn(async move {
                    let mut buffer = vec![0; 4096];
                    loop {
                        let read = stream.read(&mut buffer).await.unwrap();
                        if read == 0 {
                            break;
                        }
                        stream.write_all(&buffer[..read]).await.unwrap();
                    }
                })
                .detach();
            }
        });
        thread::scope(|scope| {
            for client in 0..8 {
                let place = &place;
                scope.spawn(move || {
                    let mut stream = std_net::UnixStream::connect(place).unwrap();
                    let sent = pattern(100 * 1024 + client);
                    for chunk in sent.chunks(10_000) {
                        stream.write_all(chunk).unwrap();
                        let mut back = vec![0; chunk.len()];
                        stream.read_exact(&mut back).unwrap();
                        assert_eq!(back, chunk);
                    }
                });
            }
        });
        server.abort();
    }
}

#[test]
fn a_blocking_server_is_connected_to() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            let server = std_net::UnixListener::bind(&place).unwrap();
            let ours = UnixStream::connect(&place).await.unwrap();
            let same = UnixStream::connect_addr(&server.local_addr().unwrap()).await;
            let peer = ours.peer_addr().unwrap();
            assert_eq!(peer.as_pathname(), Some(place.as_ref()));
            assert!(ours.local_addr().unwrap().is_unnamed());
            let (mut theirs, _) = server.accept().unwrap();
            theirs.write_all(b"hello").unwrap();
            let mut buffer = [0; 5];
            ours.read_exact(&mut buffer).await.unwrap();
            assert_eq!(&buffer, b"hello");
            drop(same.unwrap());
        });
    }
}

#[test]
fn a_mebibyte_goes_through_a_slow_reader_and_none_of_it_before_it_reads() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let sent = pattern(1 << 20);
            let writer = spawn({
                let (ours, sent) = (Arc::clone(&ours), sent.clone());
                async move {
                    ours.write_all(&sent).await.unwrap();
                    ours.shutdown(Shutdown::Write).unwrap();
                }
            });
            settle().await;
            assert!(!writer.is_finished(), "nobody has read");
            let reader = thread::spawn(move || {
                let mut received = Vec::new();
                let mut buffer = [0; 5_000];
                loop {
                    match theirs.read(&mut buffer).unwrap() {
                        0 => return received,
                        read => received.extend_from_slice(&buffer[..read]),
                    }
                }
            });
            timeout(NEVER, writer).await.expect("room came").unwrap();
            assert!(reader.join().unwrap() == sent);
        });
    }
}

#[test]
fn halves_live_in_two_goroutines() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let echo = thread::spawn(move || {
                let mut other = theirs.try_clone().unwrap();
                io::copy(&mut theirs, &mut other).unwrap();
                other.shutdown(Shutdown::Write).unwrap();
            });
            let sent = pattern(1 << 20);
            let copy = ours.try_clone().unwrap();
            let writer = spawn({
                let sent = sent.clone();
                async move {
                    copy.write_all(&sent).await.unwrap();
                    // For all who share it, also through the other descriptor.
                    copy.shutdown(Shutdown::Write).unwrap();
                }
            });
            let mut received = Vec::new();
            let read = timeout(NEVER, ours.read_to_end(&mut received));
            assert_eq!(read.await.expect("it ends").unwrap(), sent.len());
            assert!(received == sent);
            writer.await.unwrap();
            echo.join().unwrap();
        });
    }
}

#[test]
fn a_dropped_read_loses_no_byte() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let mut received = Vec::new();
            let mut buffer = [0; 8];
            for byte in 0..100 {
                {
                    let waits = pin!(ours.read(&mut buffer));
                    assert!(poll_now(waits).is_pending());
                }
                theirs.write_all(&[byte]).unwrap();
                // It may be ready at once, and then it is given up before it is told, or has it.
                let read = match poll_once(ours.read(&mut buffer)).await {
                    Some(read) => read,
                    None => timeout(NEVER, ours.read(&mut buffer)).await.unwrap(),
                };
                received.extend_from_slice(&buffer[..read.unwrap()]);
            }
            assert_eq!(received, (0..100).collect::<Vec<_>>());
        });
    }
}

#[test]
fn the_end_of_the_other_side_is_a_read_of_nothing() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = pair();
            let waits = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.read(&mut [0; 8]).await }
            });
            settle().await;
            theirs.shutdown(Shutdown::Write).unwrap();
            assert_eq!(timeout(NEVER, waits).await.unwrap().unwrap().unwrap(), 0);
            let error = ours.read_exact(&mut [0; 8]).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
            // Half closed: the other way is open.
            ours.write_all(b"still").await.unwrap();
            let mut theirs = theirs;
            theirs.read_exact(&mut [0; 5]).unwrap();
            drop(theirs);
            let error = ours.write_all(b"nobody").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        });
    }
}

#[test]
fn peeking_leaves_the_bytes_there() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair();
        let waits = spawn({
            let ours = Arc::clone(&ours);
            async move { ours.peek(&mut [0; 16]).await }
        });
        settle().await;
        theirs.write_all(b"peek").unwrap();
        assert_eq!(timeout(NEVER, waits).await.unwrap().unwrap().unwrap(), 4);
        let mut buffer = [0; 16];
        assert_eq!(ours.peek(&mut buffer[..2]).await.unwrap(), 2);
        assert_eq!(ours.peek(&mut buffer[..0]).await.unwrap(), 0);
        assert_eq!(ours.peek(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..5], b"peek\0");
        assert_eq!(ours.read(&mut buffer).await.unwrap(), 4);
        assert_eq!(&buffer[..4], b"peek");
    });
}

#[test]
fn several_buffers_go_in_one_call() {
    runtime(1).run(async {
        let (ours, mut theirs) = pair();
        let slices = [
            IoSlice::new(b"one"),
            IoSlice::new(b""),
            IoSlice::new(b"two"),
        ];
        assert_eq!(ours.write_vectored(&slices).await.unwrap(), 6);
        let mut all = [0; 6];
        theirs.read_exact(&mut all).unwrap();
        assert_eq!(&all, b"onetwo");
        theirs.write_all(&all).unwrap();
        let (mut first, mut second) = ([0; 4], [0; 16]);
        let mut slices = [IoSliceMut::new(&mut first), IoSliceMut::new(&mut second)];
        assert_eq!(ours.read_vectored(&mut slices).await.unwrap(), 6);
        assert_eq!((&first, &second[..2]), (b"onet", &b"wo"[..]));
    });
}

#[test]
fn the_adapters_of_futures_lite_work() {
    runtime(2).run(async {
        let (ours, theirs) = pair();
        let mut theirs = UnixStream::from_std(theirs).unwrap();
        let sent = pattern(300_000);
        let expected = sent.clone();
        let writer = spawn(async move {
            AsyncWriteExt::write_all(&mut theirs, &sent).await.unwrap();
            AsyncWriteExt::flush(&mut theirs).await.unwrap();
            AsyncWriteExt::close(&mut theirs).await.unwrap();
        });
        let mut received = Vec::new();
        let mut reader = futures_lite::io::BufReader::new(&*ours);
        AsyncReadExt::read_to_end(&mut reader, &mut received)
            .await
            .unwrap();
        assert!(received == expected);
        writer.await.unwrap();
    });
}

#[test]
fn deadlines_end_what_waits() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            ours.set_read_deadline(Some(Instant::now() + MOMENT));
            let read = timeout(NEVER, ours.read(&mut [0])).await.expect("in time");
            assert_eq!(read.unwrap_err().kind(), ErrorKind::TimedOut);
            let polled = AsyncReadExt::read(&mut &*ours, &mut [0]).await;
            assert_eq!(polled.unwrap_err().kind(), ErrorKind::TimedOut);
            // The other direction has none; and then it is set while somebody waits.
            let chunk = vec![0; 1 << 20];
            while poll_once(ours.write(&chunk)).await.is_some() {}
            let writer = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.write_all(&chunk).await }
            });
            settle().await;
            assert!(!writer.is_finished());
            ours.set_write_deadline(Some(Instant::now() + MOMENT));
            let written = timeout(NEVER, writer).await.expect("in time").unwrap();
            assert_eq!(written.unwrap_err().kind(), ErrorKind::TimedOut);
            // Called off, it reads again.
            ours.set_deadline(None);
            theirs.write_all(b"x").unwrap();
            assert_eq!(ours.read(&mut [0]).await.unwrap(), 1);
        });
    }
}

#[test]
fn closing_a_stream_wakes_who_reads_and_who_writes() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, mut theirs) = pair();
            let reader = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.read(&mut [0]).await.map(drop) }
            });
            let chunk = vec![1; 1 << 20];
            while poll_once(ours.write(&chunk)).await.is_some() {}
            let writer = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.write_all(&chunk).await }
            });
            settle().await;
            ours.close();
            for ended in [reader, writer] {
                let ended = timeout(NEVER, ended).await.expect("woken").unwrap();
                let error = ended.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::NotConnected);
                assert!(
                    error.to_string().contains("closed by this program"),
                    "{error}"
                );
            }
            // The descriptor is closed at once: the other side sees the end of the stream.
            theirs.read_to_end(&mut Vec::new()).unwrap();
        });
    }
}

#[test]
fn a_listener_that_is_closed_wakes_who_accepts_and_leaves_its_file() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            let listener = Arc::new(UnixListener::bind(&place).unwrap());
            let acceptors: Vec<_> = (0..3)
                .map(|_| {
                    let listener = Arc::clone(&listener);
                    spawn(async move { listener.accept().await.map(drop) })
                })
                .collect();
            settle().await;
            listener.close();
            for acceptor in acceptors {
                let ended = timeout(NEVER, acceptor).await.expect("woken").unwrap();
                assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotConnected);
            }
            let refused = UnixStream::connect(&place).await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
            let taken = UnixListener::bind(&place).unwrap_err();
            assert_eq!(taken.kind(), ErrorKind::AddrInUse);
            fs::remove_file(&place).unwrap();
            let gone = UnixStream::connect(&place).await.unwrap_err();
            assert_eq!(gone.kind(), ErrorKind::NotFound);
            drop(UnixListener::bind(&place).unwrap());
            assert!(place.as_ref().exists());
        });
    }
}

#[test]
fn connections_come_as_a_stream_until_the_deadline() {
    runtime(1).run(async {
        let place = Place::new();
        let listener = UnixListener::bind(&place).unwrap();
        assert_eq!(
            listener.local_addr().unwrap().as_pathname(),
            Some(place.as_ref())
        );
        let clients: Vec<_> = (0..3)
            .map(|_| std_net::UnixStream::connect(&place).unwrap())
            .collect();
        let mut incoming = pin!(listener.incoming());
        for mut client in clients {
            let stream = incoming.next().await.unwrap().unwrap();
            client.write_all(b"x").unwrap();
            stream.read_exact(&mut [0]).await.unwrap();
        }
        listener.set_deadline(Some(Instant::now() + MOMENT));
        let late = incoming.next().await.unwrap().unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn who_finds_the_queue_full_waits_until_there_is_room() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            // A queue of the shortest length, which std cannot make.
            let listener =
                socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None).unwrap();
            listener
                .bind(&socket2::SockAddr::unix(&place).unwrap())
                .unwrap();
            listener.listen(0).unwrap();
            let connects = |_| {
                let place = place.0.clone();
                spawn(async move { UnixStream::connect(place).await.map(drop) })
            };
            let connecting: Vec<_> = (0..8).map(connects).collect();
            settle().await;
            let waiting = connecting.iter().filter(|one| !one.is_finished()).count();
            assert!(waiting > 0, "the queue is longer than it was made");
            let acceptor = thread::spawn(move || {
                for _ in 0..8 {
                    drop(listener.accept().unwrap());
                }
            });
            for one in connecting {
                timeout(NEVER, one)
                    .await
                    .expect("room came")
                    .unwrap()
                    .unwrap();
            }
            acceptor.join().unwrap();
        });
    }
}

#[test]
fn a_pair_and_what_comes_from_std_and_goes_back() {
    runtime(1).run(async {
        let (left, right) = UnixStream::pair().unwrap();
        let waits = spawn(async move {
            let mut buffer = [0; 4];
            right
                .read_exact(&mut buffer)
                .await
                .map(|()| (right, buffer))
        });
        settle().await;
        left.write_all(b"over").await.unwrap();
        let (right, buffer) = timeout(NEVER, waits).await.unwrap().unwrap().unwrap();
        assert_eq!(&buffer, b"over");
        assert!(format!("{right:?}").contains("UnixStream"));

        let mut right = right.into_std().unwrap();
        let reader = thread::spawn(move || {
            let mut buffer = [0; 4];
            // It waits, or this would say that it would.
            right.read_exact(&mut buffer).map(|()| buffer)
        });
        time::sleep(MOMENT).await;
        left.write_all(b"back").await.unwrap();
        assert_eq!(&reader.join().unwrap().unwrap(), b"back");

        let place = Place::new();
        let listener = UnixListener::bind(&place).unwrap().into_std().unwrap();
        let client = std_net::UnixStream::connect(&place).unwrap();
        drop((listener.accept().unwrap(), client));
    });
}

#[test]
fn messages_keep_their_bounds_and_their_order() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            let echo = thread::spawn(move || {
                let mut buffer = [0; 64];
                for _ in 0..200 {
                    let len = theirs.recv(&mut buffer).unwrap();
                    theirs.send(&buffer[..len]).unwrap();
                }
            });
            let receiver = spawn({
                let ours = Arc::clone(&ours);
                async move {
                    let mut buffer = [0; 64];
                    for round in 0..200 {
                        let len = ours.recv(&mut buffer).await.unwrap();
                        assert_eq!(&buffer[..len], pattern(round % 60));
                    }
                }
            });
            for round in 0..200 {
                ours.send(&pattern(round % 60)).await.unwrap();
            }
            timeout(NEVER, receiver).await.expect("all arrive").unwrap();
            echo.join().unwrap();
        });
    }
}

#[test]
fn a_message_that_is_too_long_is_cut_off_and_the_next_one_is_whole() {
    runtime(1).run(async {
        let (ours, theirs) = messengers();
        theirs.send(b"first message").unwrap();
        theirs.send(b"second").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(ours.peek(&mut buffer[..6]).await.unwrap(), 6);
        assert_eq!(ours.recv(&mut buffer[..5]).await.unwrap(), 5);
        assert_eq!(&buffer[..6], b"first ");
        let (len, sender) = ours.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..len], b"second");
        assert!(sender.is_unnamed());
    });
}

#[test]
fn a_dropped_receive_loses_no_message() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            let mut buffer = [0; 8];
            for byte in 0..100 {
                {
                    let waits = pin!(ours.recv(&mut buffer));
                    assert!(poll_now(waits).is_pending());
                }
                theirs.send(&[byte]).unwrap();
                let len = timeout(NEVER, ours.recv(&mut buffer)).await.unwrap();
                assert_eq!((len.unwrap(), buffer[0]), (1, byte));
            }
        });
    }
}

#[test]
fn messages_are_sent_to_paths() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (here, there) = (Place::new(), Place::new());
            let ours = UnixDatagram::bind(&here).unwrap();
            let theirs = std_net::UnixDatagram::bind(&there).unwrap();
            assert_eq!(ours.send_to(b"ping", &there).await.unwrap(), 4);
            let mut buffer = [0; 8];
            let (len, sender) = theirs.recv_from(&mut buffer).unwrap();
            assert_eq!(&buffer[..len], b"ping");
            theirs
                .send_to(b"pong", sender.as_pathname().unwrap())
                .unwrap();
            let (len, sender) = ours.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..len], b"pong");
            assert_eq!(sender.as_pathname(), Some(there.as_ref()));

            let unbound = UnixDatagram::unbound().unwrap();
            let error = unbound.send(b"to nobody").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotConnected);
            unbound.connect(&here).unwrap();
            unbound.send(b"hello").await.unwrap();
            assert_eq!(ours.recv(&mut buffer).await.unwrap(), 5);
            fs::remove_file(&there).unwrap();
            let error = ours.send_to(b"ping", &there).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        });
    }
}

/// A receiver whose queue is full of the messages of another sender, and how many these are.
fn full_receiver() -> (Place, std_net::UnixDatagram, usize) {
    let place = Place::new();
    let theirs = std_net::UnixDatagram::bind(&place).unwrap();
    theirs.set_read_timeout(Some(NEVER)).unwrap();
    let other = std_net::UnixDatagram::unbound().unwrap();
    other.set_nonblocking(true).unwrap();
    let mut filled = 0;
    while other.send_to(b"other", &place).is_ok() {
        filled += 1;
    }
    (place, theirs, filled)
}

#[test]
fn who_finds_the_other_side_full_of_messages_of_others_waits_until_there_is_room() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (place, theirs, filled) = full_receiver();
            let path = place.0.clone();
            let ours = UnixDatagram::unbound().unwrap();
            let sender = spawn(async move { ours.send_to(b"ours", path).await });
            // Until the events are over that attempts to send cause by themselves: on Linux there is none
            // for the room that is made later.
            time::sleep(2 * MOMENT).await;
            assert!(!sender.is_finished());
            let mut buffer = [0; 8];
            for _ in 0..filled {
                assert_eq!(theirs.recv(&mut buffer).unwrap(), 5);
            }
            let sent = timeout(NEVER, sender).await.expect("room came").unwrap();
            assert_eq!(sent.unwrap(), 4);
            assert_eq!(theirs.recv(&mut buffer).unwrap(), 4);
        });
    }
}

#[test]
fn who_waits_for_room_at_the_other_side_does_not_keep_trying() {
    let runtime = runtime(1);
    let handle = runtime.handle();
    runtime.block_on(async {
        let (place, _theirs, _filled) = full_receiver();
        let path = place.0.clone();
        let ours = UnixDatagram::unbound().unwrap();
        let sender = spawn(async move { ours.send_to(b"ours", path).await });
        let before = handle.metrics().file_events();
        time::sleep(20 * MOMENT).await;
        // An attempt that fails is an event: on Linux, thousands if each is made for the one before.
        let events = handle.metrics().file_events() - before;
        assert!(events < 100, "{events} events");
        assert!(!sender.is_finished());
        sender.abort();
    });
}

#[test]
fn who_waits_for_room_at_the_other_side_ends_at_the_deadline_and_when_the_socket_is_closed() {
    runtime(1).run(async {
        let (place, _theirs, _filled) = full_receiver();
        let ours = Arc::new(UnixDatagram::unbound().unwrap());
        let deadline = Instant::now() + MOMENT;
        ours.set_write_deadline(Some(deadline));
        let error = timeout(NEVER, ours.send_to(b"ours", &place)).await.unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(Instant::now() >= deadline);
        ours.set_write_deadline(None);
        let sender = spawn({
            let (ours, path) = (Arc::clone(&ours), place.0.clone());
            async move { ours.send_to(b"ours", path).await }
        });
        settle().await;
        assert!(!sender.is_finished());
        ours.close();
        let error = timeout(NEVER, sender).await.unwrap().unwrap();
        assert_eq!(error.unwrap_err().kind(), ErrorKind::NotConnected);
    });
}

#[test]
fn a_sender_waits_for_a_slow_receiver() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, theirs) = messengers();
            let sender = spawn({
                let ours = Arc::clone(&ours);
                async move {
                    let message = vec![7; 1_000];
                    for _ in 0..2_000 {
                        ours.send(&message).await.unwrap();
                    }
                }
            });
            settle().await;
            assert!(!sender.is_finished(), "nobody has received");
            let receiver = thread::spawn(move || {
                let mut buffer = [0; 2_000];
                for _ in 0..2_000 {
                    assert_eq!(theirs.recv(&mut buffer).unwrap(), 1_000);
                }
            });
            timeout(NEVER, sender).await.expect("room came").unwrap();
            receiver.join().unwrap();
        });
    }
}

#[test]
fn a_messenger_ends_at_its_deadline_and_when_it_is_closed() {
    for workers in [1, 2] {
        runtime(workers).run(async {
            let (ours, _theirs) = messengers();
            ours.set_read_deadline(Some(Instant::now() + MOMENT));
            let ended = timeout(NEVER, ours.recv(&mut [0])).await.expect("in time");
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::TimedOut);
            ours.set_read_deadline(None);
            let waits = spawn({
                let ours = Arc::clone(&ours);
                async move { ours.recv_from(&mut [0]).await }
            });
            settle().await;
            ours.close();
            let ended = timeout(NEVER, waits).await.expect("woken").unwrap();
            assert_eq!(ended.unwrap_err().kind(), ErrorKind::NotConnected);
        });
    }
}

#[test]
fn the_receiving_of_messages_can_be_ended_without_the_sending() {
    runtime(1).run(async {
        let (ours, theirs) = messengers();
        ours.shutdown(Shutdown::Read).unwrap();
        assert!(theirs.send(b"x").is_err());
        ours.send(b"the other way").await.unwrap();
        let copy = ours.try_clone().unwrap().into_std().unwrap();
        copy.send(b"and by std").unwrap();
        assert_eq!(theirs.recv(&mut [0; 32]).unwrap(), 13);
        assert_eq!(theirs.recv(&mut [0; 32]).unwrap(), 10);
    });
}

#[test]
fn a_socket_whose_runtime_is_gone_gives_an_error_where_it_would_wait() {
    let runtime = runtime(1);
    let (ours, mut theirs) = runtime.block_on(async { pair() });
    drop(runtime);
    theirs.write_all(b"x").unwrap();
    assert_eq!(block_on(ours.read(&mut [0])).unwrap(), 1);
    let error = block_on(ours.read(&mut [0])).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotConnected);
    assert!(error.to_string().contains("shut down"), "{error}");
}

#[test]
fn a_socket_outside_every_runtime_panics_and_leaves_no_file() {
    let place = Place::new();
    for make in [
        (|place: &Place| drop(UnixListener::bind(place))) as fn(&Place),
        |place| drop(UnixDatagram::bind(place)),
        |_| drop(UnixStream::pair()),
        |place| drop(block_on(UnixStream::connect(place))),
    ] {
        let panic = std::panic::catch_unwind(|| make(&place)).unwrap_err();
        let message = panic.downcast_ref::<String>().expect("a message");
        assert!(
            message.contains("run!") && message.contains("Handle::enter"),
            "{message}"
        );
        assert!(!place.as_ref().exists());
    }
}

const FEW_FILES: &str = "CHANGO_TEST_FEW_FILES";

/// Runs the test `name` again as a process of its own that may have `limit` open files.
fn with_few_files(limit: u32, name: &str) {
    let shell = format!("ulimit -n {limit} && exec \"$0\" \"$@\"");
    let output = std::process::Command::new("sh")
        .args(["-c", &shell])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(FEW_FILES, "1")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(
        text.contains("accepted in the end"),
        "the test did not run: {text}"
    );
}

#[test]
fn a_listener_survives_a_full_table_of_files() {
    if std::env::var_os(FEW_FILES).is_none() {
        return with_few_files(48, "a_listener_survives_a_full_table_of_files");
    }
    for workers in [1, 2] {
        runtime(workers).run(async {
            let place = Place::new();
            let listener = UnixListener::bind(&place).unwrap();
            let client = std_net::UnixStream::connect(&place).unwrap();
            let mut files = Vec::new();
            let full = loop {
                match fs::File::open("/dev/null") {
                    Ok(file) => files.push(file),
                    Err(error) => break error,
                }
            };
            assert_eq!(full.raw_os_error(), Some(24));
            let acceptor = spawn(async move { listener.accept().await });
            // Long enough for a few attempts that fail.
            time::sleep(Duration::from_millis(30)).await;
            assert!(!acceptor.is_finished());
            drop(files);
            let accepted = timeout(NEVER, acceptor).await.unwrap().unwrap();
            let (_, peer) = accepted.unwrap();
            assert!(peer.is_unnamed());
            drop(client);
        });
    }
    eprintln!("accepted in the end");
}
