//! What is asked of every async channel: one situation a probe, its answer a few words.
//!
//! Futures are polled by hand, one poll at a time, so a probe goes the same way each time it runs.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::peer::{Item, Peer};
use crate::watch::caught;

/// There is no such thing at this peer.
pub(crate) const NONE: &str = "—";

/// A row of the table.
pub(crate) type Probe = (&'static str, fn() -> String);

/// All the probes, in the order of the table.
pub(crate) fn probes<P: Peer>() -> Vec<Probe> {
    vec![
        ("a send on `bounded(0)` with nobody there", alone::<P>),
        (
            "a value handed to a receive that is dropped, capacity 0",
            || dropped::<P>(Some(0)),
        ),
        ("the same, capacity 1", || dropped::<P>(Some(1))),
        ("the same, unbounded", || dropped::<P>(None)),
        (
            "1, 2 and 3 sent, the receives of 1 and 2 dropped, the last one first",
            backwards::<P>,
        ),
        (
            "a receive was woken and is dropped; the next one that waits",
            next::<P>,
        ),
        (
            "a send that waits, and a later `try_send` when there is room",
            overtaking::<P>,
        ),
        (
            "a send is dropped while it waits: its value",
            dropped_send::<P>,
        ),
        (
            "a send waits and the last receiver goes: its value",
            refused_waiting::<P>,
        ),
        (
            "a send after the last receiver went: its value",
            refused_late::<P>,
        ),
        (
            "what is stored when the last receiver goes",
            last_receiver::<P>,
        ),
        (
            "`close()` by a sender while another one lives: what is stored",
            closed_stored::<P>,
        ),
        (
            "the same: the value of a send that waits",
            closed_waiting::<P>,
        ),
        (
            "a send that waits is kept and never polled again: of it and the next that waits, what gets through",
            kept_send::<P>,
        ),
        (
            "a receive that waits is kept and never polled again: a value, for another receive",
            kept_receive::<P>,
        ),
        ("a waker that panics", waker_panics::<P>),
        ("a waker that sends on its channel", waker_sends::<P>),
        (
            "a stored value that sends in its destructor, when the last receiver goes",
            destructor_sends::<P>,
        ),
    ]
}

/// A value that is counted as long as it lives.
#[derive(Clone, Default)]
pub(crate) struct Token(Arc<()>);

impl Token {
    /// Whether there is another one.
    pub(crate) fn has_others(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }
}

/// A waker that counts.
#[derive(Default)]
struct Bell(AtomicUsize);

impl Bell {
    fn rung(&self) -> bool {
        self.0.load(Ordering::SeqCst) > 0
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that runs something.
struct Runs<F>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Runs<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// One poll, with a waker that does nothing.
fn poll<F: Future + ?Sized>(future: &mut Pin<Box<F>>) -> Poll<F::Output> {
    poll_with(future, Waker::noop())
}

/// One poll, with this waker.
fn poll_with<F: Future + ?Sized>(future: &mut Pin<Box<F>>, waker: &Waker) -> Poll<F::Output> {
    future.as_mut().poll(&mut Context::from_waker(waker))
}

/// A channel of this capacity, or `None` if it cannot be made.
fn open<P: Peer, T: Item>(capacity: Option<usize>) -> Option<(P::Tx<T>, P::Rx<T>)> {
    caught(|| P::open(capacity))
}

/// Another receiver, for peers that can have one.
fn clones<P: Peer, T: Item, const N: usize>(rx: &P::Rx<T>) -> Option<[P::Rx<T>; N]> {
    let clones: Vec<_> = (0..N).map_while(|_| P::another(rx)).collect();
    clones.try_into().ok()
}

/// Everything that can be received now.
fn drain<P: Peer, T: Item>(rx: &mut P::Rx<T>) -> Vec<T> {
    std::iter::from_fn(|| P::try_receive(rx)).collect()
}

fn list(values: &[u32]) -> String {
    match values {
        [] => "none".into(),
        _ => values
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn alone<P: Peer>() -> String {
    let Some((tx, mut rx)) = open::<P, u32>(Some(0)) else {
        return "there is no `bounded(0)`".into();
    };
    let mut send = P::send(&tx, 1);
    match poll(&mut send) {
        Poll::Ready(_) => "is stored".into(),
        Poll::Pending => match P::try_receive(&mut rx) {
            Some(_) => "waits".into(),
            None => "waits, unseen".into(),
        },
    }
}

fn dropped<P: Peer>(capacity: Option<usize>) -> String {
    let Some((tx, mut rx)) = open::<P, u32>(capacity) else {
        return NONE.into();
    };
    let mut receive = P::receive(&mut rx);
    assert!(poll(&mut receive).is_pending());
    assert!(P::try_send(&tx, 1));
    drop(receive);
    match drain::<P, _>(&mut rx).as_slice() {
        [1] => "kept".into(),
        [] => "**lost**".into(),
        _ => "doubled".into(),
    }
}

fn backwards<P: Peer>() -> String {
    let (tx, mut rx) = P::open(Some(3));
    let Some([mut one, mut two]) = clones::<P, _, 2>(&rx) else {
        return NONE.into();
    };
    let (mut first, mut second) = (P::receive(&mut one), P::receive(&mut two));
    assert!(poll(&mut first).is_pending());
    assert!(poll(&mut second).is_pending());
    assert!((1..=3).all(|value| P::try_send(&tx, value)));
    drop(second);
    drop(first);
    list(&drain::<P, _>(&mut rx))
}

fn next<P: Peer>() -> String {
    let (tx, rx) = P::open(Some(1));
    let Some([mut one, mut two]) = clones::<P, _, 2>(&rx) else {
        return NONE.into();
    };
    let bell = Arc::new(Bell::default());
    let (mut first, mut second) = (P::receive(&mut one), P::receive(&mut two));
    assert!(poll(&mut first).is_pending());
    assert!(poll_with(&mut second, &Arc::clone(&bell).into()).is_pending());
    assert!(P::try_send(&tx, 1));
    drop(first);
    match (bell.rung(), poll(&mut second)) {
        (true, Poll::Ready(Some(1))) => "is woken, has it".into(),
        (false, _) => "**is not woken**".into(),
        (true, _) => "is woken, for nothing".into(),
    }
}

fn overtaking<P: Peer>() -> String {
    let (tx, mut rx) = P::open(Some(1));
    assert!(P::try_send(&tx, 0));
    let mut send = P::send(&tx, 1);
    assert!(poll(&mut send).is_pending());
    assert_eq!(P::try_receive(&mut rx), Some(0));
    let overtaken = P::try_send(&tx, 2) && P::try_receive(&mut rx) == Some(2);
    if overtaken {
        "overtakes it".into()
    } else {
        "keeps behind".into()
    }
}

fn dropped_send<P: Peer>() -> String {
    let token = Token::default();
    let (tx, mut rx) = P::open(Some(1));
    assert!(P::try_send(&tx, Token::default()));
    let mut send = P::send(&tx, token.clone());
    assert!(poll(&mut send).is_pending());
    drop(send);
    let received = drain::<P, _>(&mut rx).len();
    match (received, token.has_others()) {
        (1, false) => "dropped".into(),
        (1, true) => "is alive".into(),
        _ => "sent".into(),
    }
}

/// What became of the value of a send that failed.
fn fate<T>(sent: Poll<Result<(), Option<T>>>) -> String {
    match sent {
        Poll::Ready(Err(Some(_))) => "given back".into(),
        Poll::Ready(Err(None)) => "dropped".into(),
        Poll::Ready(Ok(())) => "sent".into(),
        Poll::Pending => "waits on".into(),
    }
}

fn refused_waiting<P: Peer>() -> String {
    let (tx, rx) = P::open(Some(1));
    assert!(P::try_send(&tx, 0));
    let mut send = P::send(&tx, 1);
    assert!(poll(&mut send).is_pending());
    drop(rx);
    fate(poll(&mut send))
}

fn refused_late<P: Peer>() -> String {
    let (tx, rx) = P::open::<u32>(Some(1));
    drop(rx);
    fate(poll(&mut P::send(&tx, 1)))
}

fn last_receiver<P: Peer>() -> String {
    let mut alive = Vec::new();
    for capacity in [Some(1), None] {
        let token = Token::default();
        let (tx, rx) = P::open(capacity);
        assert!(P::try_send(&tx, token.clone()));
        drop(rx);
        alive.push(token.has_others());
        drop(tx);
        assert!(
            !token.has_others(),
            "dropped with the last end at the latest"
        );
    }
    match alive.as_slice() {
        [false, false] => "dropped at once".into(),
        [true, true] => "lives on with the senders".into(),
        _ => "depends on the capacity".into(),
    }
}

fn closed_stored<P: Peer>() -> String {
    let (tx, mut rx) = P::open(Some(1));
    let _another = tx.clone();
    assert!(P::try_send(&tx, 1));
    if !P::close(&tx) {
        return NONE.into();
    }
    match P::try_receive(&mut rx) {
        Some(_) => "received".into(),
        None => "dropped".into(),
    }
}

fn closed_waiting<P: Peer>() -> String {
    let (tx, _rx) = P::open(Some(1));
    assert!(P::try_send(&tx, 0));
    let mut send = P::send(&tx, 1);
    assert!(poll(&mut send).is_pending());
    if !P::close(&tx) {
        return NONE.into();
    }
    fate(poll(&mut send))
}

/// A futurelock, if the other send gets nowhere while the first one is not polled.
fn kept_send<P: Peer>() -> String {
    let (tx, mut rx) = P::open(Some(1));
    assert!(P::try_send(&tx, 0));
    let (mut kept, mut other) = (P::send(&tx, 1), P::send(&tx, 2));
    let bell = Arc::new(Bell::default());
    assert!(poll(&mut kept).is_pending());
    assert!(poll_with(&mut other, &Arc::clone(&bell).into()).is_pending());
    assert_eq!(P::try_receive(&mut rx), Some(0));
    let mut through = Vec::new();
    loop {
        through.extend(drain::<P, _>(&mut rx));
        // The other one is polled as an executor would: when it is woken.
        if !(bell.rung() && bell.0.swap(0, Ordering::SeqCst) > 0 && poll(&mut other).is_ready()) {
            break;
        }
    }
    through.extend(drain::<P, _>(&mut rx));
    drop(kept);
    match through.as_slice() {
        [1, 2] => "both".into(),
        [] => "**neither**".into(),
        some => list(some),
    }
}

fn kept_receive<P: Peer>() -> String {
    let (tx, rx) = P::open(Some(1));
    let Some([mut one, mut two]) = clones::<P, _, 2>(&rx) else {
        return NONE.into();
    };
    let mut kept = P::receive(&mut one);
    let mut other = P::receive(&mut two);
    let bell = Arc::new(Bell::default());
    assert!(poll(&mut kept).is_pending());
    assert!(poll_with(&mut other, &Arc::clone(&bell).into()).is_pending());
    assert!(P::try_send(&tx, 1));
    let woken = bell.rung();
    let found = poll(&mut other).is_ready();
    drop(kept);
    match (woken, found) {
        (true, true) => "is received".into(),
        (_, false) => "is not there".into(),
        (false, true) => "is there, nobody is woken".into(),
    }
}

fn waker_panics<P: Peer>() -> String {
    let (tx, mut rx) = P::open(Some(1));
    let waker = Waker::from(Arc::new(Runs(|| panic!("a waker that panics"))));
    let mut receive = P::receive(&mut rx);
    assert!(poll_with(&mut receive, &waker).is_pending());
    caught(|| P::try_send(&tx, 1));
    let received = caught(|| poll(&mut receive));
    let dropped = caught(|| drop(receive));
    let later = caught(|| {
        let bell = Arc::new(Bell::default());
        let mut receive = P::receive(&mut rx);
        assert!(poll_with(&mut receive, &Arc::clone(&bell).into()).is_pending());
        P::try_send(&tx, 2) && bell.rung() && poll(&mut receive) == Poll::Ready(Some(2))
    });
    match (received, dropped, later) {
        (Some(Poll::Ready(Some(1))), Some(()), Some(true)) => "does no harm".into(),
        (Some(_), Some(()), Some(true)) => "loses the value".into(),
        _ => "**breaks the channel**".into(),
    }
}

fn waker_sends<P: Peer>() -> String {
    let (tx, mut rx) = P::open(Some(2));
    let inner = tx.clone();
    let waker = Waker::from(Arc::new(Runs(move || {
        P::try_send(&inner, 2);
    })));
    let mut receive = P::receive(&mut rx);
    assert!(poll_with(&mut receive, &waker).is_pending());
    assert!(P::try_send(&tx, 1));
    assert!(matches!(poll(&mut receive), Poll::Ready(Some(1))));
    drop(receive);
    assert_eq!(P::try_receive(&mut rx), Some(2));
    "works".into()
}

/// A value that does something when it is dropped.
struct Bomb(Option<Box<dyn FnOnce() + Send>>);

impl Drop for Bomb {
    fn drop(&mut self) {
        if let Some(act) = self.0.take() {
            act();
        }
    }
}

fn destructor_sends<P: Peer>() -> String {
    let (tx, rx) = P::open(None);
    let inner = tx.clone();
    let act = move || {
        P::try_send(&inner, Bomb(None));
    };
    assert!(P::try_send(&tx, Bomb(Some(Box::new(act)))));
    drop(rx);
    "works".into()
}
