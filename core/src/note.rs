//! What a goroutine leaves behind when it begins to wait, for dumps.
//!
//! A dump polls nothing and follows no pointer into a future: it shows what stands here. What must hold:
//!
//! * the running goroutine alone writes; everything is a value or lives for ever, so that whoever reads
//!   while it writes may see a mixture of two waits, and nothing worse;
//! * it costs some stores, to a line that the worker has anyway: no allocation, no read-modify-write. An
//!   operation writes only if it is about to wait.
//!
//! An operation that does not say anything is shown as waiting without a reason.

use std::panic::Location;
use std::ptr;
// Not through `primitive`: nothing depends on the order of these, so there is nothing to model.
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};

use crate::sched::current;

type Position = &'static Location<'static>;

/// What a goroutine waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Reason {
    /// A future that has not said what it is.
    Unknown,
    /// A value to be received from a channel.
    ChanReceive,
    /// Room in a channel, or somebody who receives.
    ChanSend,
    /// One of the arms of a select.
    SelectWait,
    /// A moment in time.
    SleepWait,
    /// The end of another goroutine.
    JoinWait,
    /// A socket.
    IoWait,
    /// All members of a wait group.
    WaitGroupWait,
}

impl Reason {
    fn of(number: u8) -> Self {
        use Reason::{
            ChanReceive, ChanSend, IoWait, JoinWait, SelectWait, SleepWait, Unknown, WaitGroupWait,
        };
        const ALL: [Reason; 8] = [
            Unknown,
            ChanReceive,
            ChanSend,
            SelectWait,
            SleepWait,
            JoinWait,
            IoWait,
            WaitGroupWait,
        ];
        ALL[usize::from(number)]
    }
}

/// What is said of a channel on which a goroutine waits.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// Where it was made.
    pub made_at: &'static Location<'static>,
    /// How many values it stores; `usize::MAX` without a limit.
    pub capacity: usize,
    /// The ends on the other side, which might let the goroutine go on.
    pub peers: usize,
}

/// Where an operation waits.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// Here.
    Here(&'static Location<'static>),
    /// Where [`begins`] was called last.
    Begun,
    /// That is not known.
    Unknown,
}

/// The operation at hand waits from here on: the running goroutine, if there is one, notes where.
#[inline]
pub fn waits(reason: Reason, at: At) {
    current::with_goroutine(|goroutine| {
        if let Some(header) = goroutine {
            header.note.write(reason, at, None);
        }
    });
}

/// The same, for an operation on a channel.
#[inline]
pub fn waits_on(reason: Reason, at: At, channel: Channel) {
    current::with_goroutine(|goroutine| {
        if let Some(header) = goroutine {
            header.note.write(reason, at, Some(channel));
        }
    });
}

/// An operation is about to wait at this place, and has no room to remember it.
#[inline]
pub fn begins(at: &'static Location<'static>) {
    current::with_goroutine(|goroutine| {
        if let Some(header) = goroutine {
            header.note.at.store(from(at), Ordering::Relaxed);
        }
    });
}

/// A goroutine's note. All accesses are relaxed: see the top of this file.
#[derive(Debug)]
pub(crate) struct Note {
    at: AtomicPtr<Location<'static>>,
    made_at: AtomicPtr<Location<'static>>,
    /// From the top: when the last poll began, by the clock of `sysmon`, in 32 bits; a channel's
    /// capacity in 20, and its peers in 8; the reason in 4. In one word, since a goroutine that waits on
    /// a channel is not to take more than 200 bytes.
    word: AtomicU64,
}

const SINCE: u32 = 32;
const CAPACITY: u32 = 12;
const PEERS: u32 = 4;
const REASON: u64 = 0xf;

/// So many peers, or more.
pub(crate) const MANY_PEERS: usize = 0xff;
/// This capacity, or a larger one; one above it stands for none.
pub(crate) const LARGE: usize = 0xf_fffe;

/// A copy of a note.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Read {
    pub(crate) reason: Reason,
    pub(crate) since: u32,
    pub(crate) at: Option<Position>,
    pub(crate) channel: Option<Channel>,
}

impl Note {
    pub(crate) fn new() -> Self {
        Self {
            at: AtomicPtr::default(),
            made_at: AtomicPtr::default(),
            word: AtomicU64::new(Reason::Unknown as u64),
        }
    }

    /// A poll begins: nobody waits any more.
    #[inline]
    pub(crate) fn begin(&self, now: u32) {
        let word = u64::from(now) << SINCE | Reason::Unknown as u64;
        self.word.store(word, Ordering::Relaxed);
    }

    #[inline]
    fn write(&self, reason: Reason, at: At, channel: Option<Channel>) {
        match at {
            At::Here(at) => self.at.store(from(at), Ordering::Relaxed),
            At::Unknown => self.at.store(ptr::null_mut(), Ordering::Relaxed),
            At::Begun => {}
        }
        let since = self.word.load(Ordering::Relaxed) >> SINCE << SINCE;
        let (made_at, facts) = match channel {
            Some(channel) => {
                let capacity = match channel.capacity {
                    usize::MAX => LARGE + 1,
                    capacity => capacity.min(LARGE),
                };
                let peers = channel.peers.min(MANY_PEERS);
                let facts = (capacity as u64) << CAPACITY | (peers as u64) << PEERS;
                (from(channel.made_at), facts)
            }
            None => (ptr::null_mut(), 0),
        };
        self.made_at.store(made_at, Ordering::Relaxed);
        let word = since | facts | reason as u64;
        self.word.store(word, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> Read {
        let word = self.word.load(Ordering::Relaxed);
        let reason = Reason::of((word & REASON) as u8);
        let known = reason != Reason::Unknown;
        let bits = |from: u32, mask: usize| (word >> from) as usize & mask;
        let channel = position(&self.made_at).map(|made_at| Channel {
            made_at,
            capacity: match bits(CAPACITY, LARGE | 1) {
                capacity if capacity > LARGE => usize::MAX,
                capacity => capacity,
            },
            peers: bits(PEERS, MANY_PEERS),
        });
        Read {
            reason,
            since: (word >> SINCE) as u32,
            at: position(&self.at).filter(|_| known),
            channel: channel.filter(|_| known),
        }
    }
}

fn from(at: Position) -> *mut Location<'static> {
    ptr::from_ref(at).cast_mut()
}

fn position(at: &AtomicPtr<Location<'static>>) -> Option<Position> {
    // SAFETY: null, or made by `from`, of what lives for ever and is never changed.
    unsafe { at.load(Ordering::Relaxed).as_ref() }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_is_read_up_to_what_fits() {
        let note = Note::new();
        let made_at = Location::caller();
        for (capacity, read) in [
            (0, 0),
            (10, 10),
            (LARGE, LARGE),
            (LARGE + 1, LARGE),
            (usize::MAX - 1, LARGE),
            (usize::MAX, usize::MAX),
        ] {
            for peers in [0, 1, 255, 256, 100_000] {
                note.begin(u32::MAX - 7);
                let channel = Channel {
                    made_at,
                    capacity,
                    peers,
                };
                note.write(Reason::WaitGroupWait, At::Here(made_at), Some(channel));
                let copy = note.read();
                assert_eq!(
                    (copy.reason, copy.since),
                    (Reason::WaitGroupWait, u32::MAX - 7)
                );
                let channel = copy.channel.unwrap();
                assert_eq!((channel.capacity, channel.peers), (read, peers.min(255)));
                assert_eq!((copy.at, channel.made_at), (Some(made_at), made_at));
            }
        }
        note.begin(3);
        let copy = note.read();
        assert_eq!((copy.reason, copy.since), (Reason::Unknown, 3));
        assert!(copy.at.is_none() && copy.channel.is_none());
    }

    #[test]
    fn each_reason_has_its_number() {
        for number in 0..8 {
            assert_eq!(Reason::of(number) as u8, number);
        }
    }
}
