//! Models of one direction of a file: an operation against events, closing and cancelling.
//!
//! The file is modelled by one number, how many bytes there are to read: an event is reported after
//! the number has grown, as the system does it, and an operation would block while it is zero.
//!
//! Left out: mio and the table of files, several events in one batch, and the order in which those
//! who wait are woken.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p chango-core --lib --release loom_`; all models
//! together take a few seconds.

use std::io;
use std::task::{Context, Poll, Waker};

use loom::future::block_on;
use loom::thread;

use super::slot::{Closed, Slot, Step, Ticket};
use crate::loom_model::model;
use crate::note::At;
use crate::primitive::atomic::{AtomicUsize, Ordering};
use crate::primitive::sync::Arc;
use crate::util::wake_list::WakeList;

struct File {
    slot: Slot,
    /// What the system has for the reader. Relaxed: only the slot orders it for the reader, which
    /// is less than what the system's own locks give.
    bytes: AtomicUsize,
}

impl File {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            slot: Slot::new(),
            bytes: AtomicUsize::new(0),
        })
    }

    /// A byte comes in, and the netpoller reports it.
    fn arrive(&self) {
        self.bytes.fetch_add(1, Ordering::Relaxed);
        let mut wake = WakeList::new();
        self.slot.event(&mut wake);
        wake.wake_all();
    }

    fn close(&self) {
        let mut wake = WakeList::new();
        self.slot.close(Closed::ByProgram, &mut wake);
        wake.wake_all();
    }

    /// Takes one byte.
    fn poll_read(&self, cx: &mut Context<'_>, ticket: Option<&mut Ticket>) -> Poll<io::Result<()>> {
        self.slot
            .poll(ticket, cx, At::Unknown, false, |_| {
                let take = |bytes: usize| bytes.checked_sub(1);
                match self
                    .bytes
                    .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take)
                {
                    Ok(_) => Ok(Step::last(())),
                    Err(_) => Err(io::ErrorKind::WouldBlock.into()),
                }
            })
            .map_ok(Option::unwrap_or_default)
    }

    /// Waits for bytes and takes all there are, as a read does that gives less than it could.
    fn drain(&self) -> usize {
        let mut ticket = Ticket::default();
        let drained = block_on(std::future::poll_fn(|cx| {
            self.slot
                .poll(Some(&mut ticket), cx, At::Unknown, false, |drained| {
                    assert!(!drained, "without a deadline there is nothing to ask");
                    match self.bytes.swap(0, Ordering::Relaxed) {
                        0 => Err(io::ErrorKind::WouldBlock.into()),
                        taken => Ok(Step {
                            result: Some(taken),
                            drained: true,
                        }),
                    }
                })
        }));
        self.slot.cancel(&mut ticket);
        drained.ok().flatten().unwrap_or(0)
    }

    /// Takes one byte, or says why there will be none.
    fn read(&self) -> Result<(), io::ErrorKind> {
        let mut ticket = Ticket::default();
        let result = block_on(std::future::poll_fn(|cx| {
            self.poll_read(cx, Some(&mut ticket))
        }));
        self.slot.cancel(&mut ticket);
        result.map_err(|error| error.kind())
    }
}

#[test]
fn loom_an_event_reaches_an_operation_that_is_about_to_wait() {
    model(3, || {
        let file = File::new();
        let reader = thread::spawn({
            let file = Arc::clone(&file);
            move || file.read()
        });
        file.arrive();
        assert_eq!(reader.join().unwrap(), Ok(()));
    });
}

#[test]
fn loom_two_who_wait_in_one_direction_are_both_served() {
    model(2, || {
        let file = File::new();
        let reader = thread::spawn({
            let file = Arc::clone(&file);
            move || file.read()
        });
        let system = thread::spawn({
            let file = Arc::clone(&file);
            move || {
                // Two bytes, one event.
                file.bytes.fetch_add(1, Ordering::Relaxed);
                file.arrive();
            }
        });
        assert_eq!(file.read(), Ok(()));
        assert_eq!(reader.join().unwrap(), Ok(()));
        system.join().unwrap();
    });
}

#[test]
fn loom_closing_ends_the_wait_whichever_comes_first() {
    model(3, || {
        let file = File::new();
        let reader = thread::spawn({
            let file = Arc::clone(&file);
            move || file.read()
        });
        file.close();
        assert_eq!(reader.join().unwrap(), Err(io::ErrorKind::NotConnected));
    });
}

#[test]
fn loom_an_event_and_closing_at_once_end_the_wait() {
    model(2, || {
        let file = File::new();
        let reader = thread::spawn({
            let file = Arc::clone(&file);
            move || file.read()
        });
        let closer = thread::spawn({
            let file = Arc::clone(&file);
            move || file.close()
        });
        file.arrive();
        // Either is right; what counts is that it ends.
        let _ = reader.join().unwrap();
        closer.join().unwrap();
    });
}

#[test]
fn loom_one_who_stops_waiting_does_not_take_the_event_of_another() {
    model(2, || {
        let file = File::new();
        let stays = thread::spawn({
            let file = Arc::clone(&file);
            move || file.read()
        });
        let system = thread::spawn({
            let file = Arc::clone(&file);
            move || file.arrive()
        });
        let mut cx = Context::from_waker(Waker::noop());
        // Polled once and given up, with a ticket. If it got the byte, another one comes.
        let mut ticket = Ticket::default();
        if file.poll_read(&mut cx, Some(&mut ticket)).is_ready() {
            file.arrive();
        }
        file.slot.cancel(&mut ticket);
        assert_eq!(stays.join().unwrap(), Ok(()));
        system.join().unwrap();
    });
}

#[test]
fn loom_what_comes_after_all_was_taken_is_not_overlooked() {
    model(3, || {
        let file = File::new();
        let system = thread::spawn({
            let file = Arc::clone(&file);
            move || {
                file.arrive();
                file.arrive();
            }
        });
        let mut taken = 0;
        while taken < 2 {
            taken += file.drain();
        }
        system.join().unwrap();
    });
}

#[test]
fn loom_who_is_woken_and_gives_up_wakes_the_next() {
    model(2, || {
        let file = File::new();
        let stays = thread::spawn({
            let file = Arc::clone(&file);
            move || file.read()
        });
        let gives_up = thread::spawn({
            let file = Arc::clone(&file);
            move || {
                let mut cx = Context::from_waker(Waker::noop());
                let mut ticket = Ticket::default();
                let polled = file.poll_read(&mut cx, Some(&mut ticket));
                file.slot.cancel(&mut ticket);
                polled.is_ready()
            }
        });
        file.arrive();
        if gives_up.join().unwrap() {
            file.arrive();
        }
        assert_eq!(stays.join().unwrap(), Ok(()));
    });
}

#[test]
fn loom_who_waits_without_a_ticket_is_not_forgotten_for_one_who_goes_on() {
    model(2, || {
        let file = File::new();
        let waits = thread::spawn({
            let file = Arc::clone(&file);
            move || block_on(std::future::poll_fn(|cx| file.poll_read(cx, None))).is_err()
        });
        let system = thread::spawn({
            let file = Arc::clone(&file);
            move || file.close()
        });
        let mut cx = Context::from_waker(Waker::noop());
        let mut ticket = Ticket::default();
        let _ = file.poll_read(&mut cx, Some(&mut ticket));
        file.slot.cancel(&mut ticket);
        assert!(waits.join().unwrap());
        system.join().unwrap();
    });
}
