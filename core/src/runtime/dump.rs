//! Dumps: what each goroutine of a runtime does, and what those wait for that wait.
//!
//! What must hold: nothing is polled, and nobody is kept from going on for longer than it takes to walk
//! through one shard of the registry; those who wait alike are one paragraph.

use std::collections::HashMap;
use std::fmt;
use std::panic::Location;
use std::time::Duration;

use crate::note;
pub use crate::note::Reason;
use crate::task::TaskId;

/// What all goroutines of a runtime did at about one moment; see [`Handle::dump`](super::Handle::dump).
///
/// As text it has the form of Go's, and those who wait alike are one paragraph.
///
/// # Examples
///
/// ```
/// use chango_core::runtime::{GoroutineState, Runtime};
///
/// let runtime = Runtime::new()?;
/// let handle = runtime.handle();
/// let dump = runtime.run(async move { handle.dump() });
/// assert_eq!(dump.goroutines()[0].state(), GoroutineState::Running);
/// assert!(dump.to_string().contains("[running]:\n    spawned at "));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Dump {
    pub(crate) goroutines: Vec<Goroutine>,
}

impl Dump {
    /// The goroutines, in the order of their numbers.
    ///
    /// # Examples
    ///
    /// ```
    /// let runtime = chango_core::runtime::Runtime::new()?;
    /// assert!(runtime.handle().dump().goroutines().is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn goroutines(&self) -> &[Goroutine] {
        &self.goroutines
    }
}

/// What one goroutine does.
///
/// # Examples
///
/// ```
/// let runtime = chango_core::runtime::Runtime::new()?;
/// let handle = runtime.handle();
/// let dump = runtime.run(async move { handle.dump() });
/// let main = &dump.goroutines()[0];
/// assert_eq!((main.name(), main.wait()), (None, None));
/// println!("goroutine {}, spawned at {}", main.id(), main.spawned_at());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Goroutine {
    pub(crate) id: TaskId,
    pub(crate) name: Option<Box<str>>,
    pub(crate) state: GoroutineState,
    pub(crate) spawned_at: &'static Location<'static>,
    pub(crate) wait: Option<Wait>,
}

/// Which of its states a goroutine is in.
///
/// # Examples
///
/// ```
/// use chango_core::runtime::GoroutineState;
///
/// assert_eq!(GoroutineState::Runnable.to_string(), "runnable");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum GoroutineState {
    /// A worker polls it.
    Running,
    /// It stands in a queue.
    Runnable,
    /// It waits to be woken.
    Waiting,
}

impl fmt::Display for GoroutineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Running => "running",
            Self::Runnable => "runnable",
            Self::Waiting => "waiting",
        })
    }
}

/// What a goroutine that waits wrote down when it began to: what it waits for, and where.
///
/// # Examples
///
/// ```
/// use chango_core::runtime::Builder;
///
/// let runtime = Builder::new().workers(1).build()?;
/// runtime.spawn(std::future::pending::<()>());
/// for goroutine in runtime.handle().dump().goroutines() {
///     if let Some(wait) = goroutine.wait() {
///         println!("{}: {:?} for {:?}", goroutine.id(), wait.reason(), wait.elapsed());
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wait {
    pub(crate) alike: Alike,
    pub(crate) elapsed: Duration,
}

/// What those have in common who wait alike.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Alike {
    pub(crate) reason: Reason,
    pub(crate) at: Option<&'static Location<'static>>,
    /// Where the channel was made, its capacity, and the ends on its other side.
    pub(crate) channel: Option<(&'static Location<'static>, usize, usize)>,
}

impl Wait {
    pub(crate) fn of(note: &note::Read, elapsed: Duration) -> Self {
        let channel = note.channel;
        Self {
            alike: Alike {
                reason: note.reason,
                at: note.at.filter(|at| {
                    // All others wrote down where they were called.
                    note.reason != Reason::JoinWait || is_of_an_await(at)
                }),
                channel: channel
                    .map(|channel| (channel.made_at, channel.capacity.get(), channel.peers)),
            },
            elapsed,
        }
    }

    /// What it waits for.
    pub fn reason(&self) -> Reason {
        self.alike.reason
    }

    /// Where it waits, if that is known.
    pub fn at(&self) -> Option<&'static Location<'static>> {
        self.alike.at
    }

    /// Where the channel was made on which it waits, if it is one.
    pub fn channel_made_at(&self) -> Option<&'static Location<'static>> {
        self.alike.channel.map(|(made_at, ..)| made_at)
    }

    /// For how long: exact to some tens of milliseconds.
    pub fn elapsed(&self) -> Duration {
        self.elapsed
    }
}

impl Goroutine {
    /// Its number.
    pub fn id(&self) -> TaskId {
        self.id
    }

    /// Its name, if it was given one.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Its state.
    pub fn state(&self) -> GoroutineState {
        self.state
    }

    /// Where it was spawned.
    pub fn spawned_at(&self) -> &'static Location<'static> {
        self.spawned_at
    }

    /// What it waits for; none unless it waits.
    pub fn wait(&self) -> Option<&Wait> {
        self.wait.as_ref()
    }
}

/// So many numbers of a paragraph are written out.
const NUMBERS: usize = 3;

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut places = HashMap::new();
        let mut paragraphs: Vec<Vec<&Goroutine>> = Vec::new();
        for goroutine in &self.goroutines {
            let alike = goroutine.wait.as_ref().map(|wait| &wait.alike);
            let key = (
                goroutine.state,
                &goroutine.name,
                goroutine.spawned_at,
                alike,
            );
            let place = *places.entry(key).or_insert_with(|| {
                paragraphs.push(Vec::new());
                paragraphs.len() - 1
            });
            paragraphs[place].push(goroutine);
        }
        for (number, paragraph) in paragraphs.iter().enumerate() {
            if number > 0 {
                writeln!(f)?;
            }
            write_paragraph(f, paragraph)?;
        }
        Ok(())
    }
}

/// Those of one paragraph differ in their numbers only, and in how long they wait.
fn write_paragraph(f: &mut fmt::Formatter<'_>, alike: &[&Goroutine]) -> fmt::Result {
    let first = alike[0];
    match alike.len() {
        1 => write!(f, "goroutine {}", first.id)?,
        count => {
            write!(f, "{count} goroutines (")?;
            for (number, goroutine) in alike.iter().take(NUMBERS).enumerate() {
                let comma = if number > 0 { ", " } else { "" };
                write!(f, "{comma}{}", goroutine.id)?;
            }
            let more = if count > NUMBERS { ", …" } else { "" };
            write!(f, "{more})")?;
        }
    }
    if let Some(name) = &first.name {
        write!(f, " {name:?}")?;
    }
    let waits = alike.iter().filter_map(|goroutine| goroutine.wait.as_ref());
    let longest = waits.map(|wait| wait.elapsed).max();
    match &first.wait {
        None => write!(f, " [{}", first.state)?,
        Some(wait) => write!(f, " [{}", wait.alike.reason.words())?,
    }
    // As in Go: whole minutes.
    match longest.map_or(0, |longest| longest.as_secs() / 60) {
        0 => {}
        1 => write!(f, ", 1 minute")?,
        minutes => write!(f, ", {minutes} minutes")?,
    }
    writeln!(f, "]:")?;
    if let Some(wait) = &first.wait {
        write_wait(f, &wait.alike)?;
    }
    writeln!(f, "    spawned at {}", first.spawned_at)
}

fn write_wait(f: &mut fmt::Formatter<'_>, wait: &Alike) -> fmt::Result {
    if wait.at.is_none() && wait.channel.is_none() {
        return Ok(());
    }
    write!(f, "    waiting")?;
    if let Some(at) = wait.at {
        write!(f, " at {at}")?;
    }
    if let Some((made_at, capacity, peers)) = wait.channel {
        let sends = wait.reason == Reason::ChanSend;
        write!(f, " on the channel made at {made_at} (")?;
        // A send waits only beside a full channel, a receive beside an empty one.
        match (capacity, sends) {
            (usize::MAX, _) => write!(f, "unbounded, 0 queued")?,
            (0, _) => write!(f, "rendezvous")?,
            (note::LARGE.., _) => write!(f, "bounded {capacity} or more")?,
            (_, true) => write!(f, "bounded {capacity}, {capacity} queued")?,
            (_, false) => write!(f, "bounded {capacity}, 0 queued")?,
        }
        let peer = if sends { "receiver" } else { "sender" };
        let s = if peers == 1 { "" } else { "s" };
        let more = if peers == note::MANY_PEERS {
            " or more"
        } else {
            ""
        };
        write!(f, ", {peers}{more} {peer}{s})")?;
    }
    writeln!(f)
}

/// Whether the place from which a join handle was polled is an `.await` of the program's.
///
/// It is not where the handle stands in another future: then it is polled from the standard library, from
/// a crate that came from a registry, or from here, and none of these is where the program waits.
fn is_of_an_await(at: &Location<'_>) -> bool {
    let file = at.file();
    // The folder of this crate's sources, however it was named to the compiler.
    let ours = file!().len() - "runtime/dump.rs".len();
    let is_ours = file.as_bytes().starts_with(&file!().as_bytes()[..ours]);
    let is_std = file.starts_with("/rustc/") || file.contains("rustlib");
    let is_of_a_registry = file.contains("registry/src/") || file.contains("registry\\src\\");
    !(is_ours || is_std || is_of_a_registry)
}
