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
use std::sync::atomic::{AtomicPtr, AtomicU32, Ordering};

use crate::sched::current;

/// A place in the program.
pub type Position = &'static Location<'static>;

/// Makes the reasons of one list: each with its documentation and its words in a dump, which are Go's
/// where Go has some.
macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident => $words:literal,)*) => {
        /// What a goroutine waits for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Reason {
            $($(#[$doc])* $name,)*
        }

        impl Reason {
            /// Each at the place of its number.
            const ALL: &[Self] = &[$(Self::$name),*];

            /// As a dump calls it.
            pub(crate) fn words(self) -> &'static str {
                match self {
                    $(Self::$name => $words,)*
                }
            }
        }
    };
}

reasons! {
    /// A future that has not said what it is.
    Unknown => "waiting",
    /// A value to be received from a channel.
    ChanReceive => "chan receive",
    /// The same from a nil channel, a `None`, which never has one.
    ChanReceiveNilChan => "chan receive (nil chan)",
    /// Room in a channel, or somebody who receives.
    ChanSend => "chan send",
    /// The same on a nil channel, a `None`, on which there is never any.
    ChanSendNilChan => "chan send (nil chan)",
    /// One of the arms of a select.
    SelectWait => "select",
    /// The same where there are none: nothing.
    SelectNoCases => "select (no cases)",
    /// A moment in time.
    SleepWait => "sleep",
    /// The end of another goroutine.
    JoinWait => "join",
    /// A socket, the address behind a name, or a library that is written for another runtime.
    IoWait => "IO wait",
    /// All members of a wait group.
    WaitGroupWait => "sync.WaitGroup.Wait",
    /// The end of a context.
    ContextDone => "context.Done",
    /// A mutex.
    MutexLock => "sync.Mutex.Lock",
    /// A lock for many readers or one writer, to read.
    RwLockRead => "sync.RWMutex.RLock",
    /// The same, to write.
    RwLockWrite => "sync.RWMutex.Lock",
    /// Somebody who notifies a condition variable.
    CondWait => "sync.Cond.Wait",
    /// Permits of a semaphore.
    SemaphoreAcquire => "semacquire",
    /// Somebody else who does what is to be done once.
    OnceCall => "sync.Once.Do",
    /// The others at a barrier.
    BarrierWait => "sync.Barrier.Wait",
}

// The number has its place in a note's word.
const _: () = assert!(Reason::ALL.len() <= REASON as usize + 1);

impl Reason {
    fn of(number: u8) -> Self {
        Self::ALL[usize::from(number)]
    }
}

/// How many values a channel stores, as a note has it: worked out once, when the channel is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity(u32);

impl Capacity {
    /// Of a channel that stores so many; `usize::MAX` without a limit.
    #[inline]
    #[must_use]
    pub fn of(capacity: usize) -> Self {
        let noted = match capacity {
            usize::MAX => LARGE + 1,
            capacity => capacity.min(LARGE),
        };
        Self((noted as u32) << CAPACITY)
    }

    /// How many it is, or [`LARGE`] if it is more; `usize::MAX` without a limit.
    pub(crate) fn get(self) -> usize {
        match (self.0 >> CAPACITY) as usize {
            noted if noted > LARGE => usize::MAX,
            noted => noted,
        }
    }
}

/// What is said of a channel on which a goroutine waits.
#[derive(Clone, Copy, Debug)]
pub struct Channel {
    /// Where it was made.
    pub made_at: Position,
    /// How many values it stores.
    pub capacity: Capacity,
    /// The ends on the other side, which might let the goroutine go on.
    pub peers: usize,
}

/// Where an operation waits.
#[derive(Clone, Copy, Debug)]
pub enum At {
    /// Here.
    Here(Position),
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

/// The same, for what waits together with an operation of somebody else's, such as a deadline: if that
/// one has noted something since the poll began, this notes nothing.
#[inline]
pub fn waits_otherwise(reason: Reason, at: At) {
    current::with_goroutine(|goroutine| {
        if let Some(header) = goroutine
            && header.note.is_blank()
        {
            header.note.write(reason, at, None);
        }
    });
}

/// An operation that noted that it waits does so no more, although the poll goes on.
#[inline]
pub fn gives_up() {
    waits(Reason::Unknown, At::Unknown);
}

/// An operation is about to wait at this place, and has no room to remember it.
#[inline]
pub fn begins(at: Position) {
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
    /// When the last poll began, by the clock of `sysmon`.
    since: AtomicU32,
    /// From the top: a channel's capacity in 19 bits, and its peers in 8; the reason in 5. So few, since a
    /// goroutine that waits on a channel is not to take more than 200 bytes.
    facts: AtomicU32,
}

const CAPACITY: u32 = 13;
const PEERS: u32 = 5;
const REASON: u32 = 0x1f;

/// So many peers, or more.
pub(crate) const MANY_PEERS: usize = 0xff;
/// This capacity, or a larger one; one above it stands for none.
pub(crate) const LARGE: usize = 0x7_fffe;

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
            since: AtomicU32::new(0),
            facts: AtomicU32::new(Reason::Unknown as u32),
        }
    }

    /// A poll begins: nobody waits any more.
    #[inline]
    pub(crate) fn begin(&self, now: u32) {
        self.since.store(now, Ordering::Relaxed);
        self.facts.store(Reason::Unknown as u32, Ordering::Relaxed);
    }

    #[inline]
    fn write(&self, reason: Reason, at: At, channel: Option<Channel>) {
        match at {
            At::Here(at) => self.at.store(from(at), Ordering::Relaxed),
            At::Unknown => self.at.store(ptr::null_mut(), Ordering::Relaxed),
            At::Begun => {}
        }
        let (made_at, facts) = match channel {
            Some(channel) => {
                let peers = channel.peers.min(MANY_PEERS) as u32;
                (from(channel.made_at), channel.capacity.0 | peers << PEERS)
            }
            None => (ptr::null_mut(), 0),
        };
        self.made_at.store(made_at, Ordering::Relaxed);
        self.facts.store(facts | reason as u32, Ordering::Relaxed);
    }

    /// Whether nothing was noted since the poll began.
    fn is_blank(&self) -> bool {
        self.facts.load(Ordering::Relaxed) & REASON == Reason::Unknown as u32
    }

    pub(crate) fn read(&self) -> Read {
        let facts = self.facts.load(Ordering::Relaxed);
        let reason = Reason::of((facts & REASON) as u8);
        let known = reason != Reason::Unknown;
        let channel = position(&self.made_at).map(|made_at| Channel {
            made_at,
            capacity: Capacity(facts >> CAPACITY << CAPACITY),
            peers: (facts >> PEERS) as usize & MANY_PEERS,
        });
        Read {
            reason,
            since: self.since.load(Ordering::Relaxed),
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
                    capacity: Capacity::of(capacity),
                    peers,
                };
                note.write(Reason::WaitGroupWait, At::Here(made_at), Some(channel));
                let copy = note.read();
                assert_eq!(
                    (copy.reason, copy.since),
                    (Reason::WaitGroupWait, u32::MAX - 7)
                );
                let channel = copy.channel.unwrap();
                assert_eq!(
                    (channel.capacity.get(), channel.peers),
                    (read, peers.min(255))
                );
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
        for (number, &reason) in (0..).zip(Reason::ALL) {
            assert_eq!((reason as u8, Reason::of(number)), (number, reason));
        }
    }
}
