//! A receive from any of many channels, as many as there are at run time. (Go: `reflect.Select`.)
//!
//! It is a select whose arms are a slice. What must hold:
//!
//! * what is ready at once is received without an allocation; nodes are made when it has to wait,
//!   all of them at once;
//! * the nodes stay where they are from then until the select is done or dropped;
//! * every receiver that is ready is equally likely, wherever it stands in the slice, and one that
//!   stands there twice is twice as likely.

use std::fmt;
use std::future::{Future, poll_fn};
use std::marker::PhantomPinned;
use std::panic::Location;
use std::pin::Pin;
use std::task::Poll;

use chango_core::note::{self, At, Position, Reason};
use chango_core::random;

use super::arm::{Arm, Output, RecvNode};
use super::list::{Arms, Outputs};
use super::run::{Selected, wait_at};
use crate::receive::Receive;
use crate::receiver::Receiver;
use crate::waiter::MAX_ARMS;

/// Receives from the first of `receivers` that is ready, waiting until one is: its place in the
/// slice, and what it gave, which is `None` if that channel is closed and drained.
///
/// If several are ready, each is equally likely to be chosen; the same receiver may be there several
/// times. From the others nothing is taken. A closed channel is always ready: leave it out of the
/// next call. Of no receivers at all none is ever ready, so that this waits for ever.
///
/// The future may be dropped at any time: before it is done it has received nothing, and a value
/// that it was handed meanwhile goes to the next receiver, or back to the channel, before everything
/// that is stored there.
///
/// What is ready at once needs no allocation. When it has to wait, this allocates a node for each
/// receiver, all of them at once (and with more than 32 receivers, the order in which it looks at
/// them). Where the channels are known when the program is written, `select!` needs neither.
///
/// # Panics
///
/// With 2²⁹ receivers or more.
///
/// # Examples
///
/// ```
/// use chango_chan::{bounded, recv_any};
///
/// let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..3).map(|_| bounded(1)).unzip();
/// senders[1].try_send("hello")?;
/// futures_lite::future::block_on(async {
///     assert_eq!(recv_any(&receivers).await, (1, Some("hello")));
///     drop(senders);
///     // All are closed now.
///     while !receivers.is_empty() {
///         let (at, end) = recv_any(&receivers).await;
///         assert_eq!(end, None);
///         receivers.swap_remove(at);
///     }
/// });
/// # Ok::<(), chango_chan::TrySendError<&str>>(())
/// ```
#[track_caller]
pub fn recv_any<T>(receivers: &[Receiver<T>]) -> impl Future<Output = (usize, Option<T>)> {
    recv_any_at(receivers, Location::caller())
}

async fn recv_any_at<T>(receivers: &[Receiver<T>], at: Position) -> (usize, Option<T>) {
    if receivers.is_empty() {
        return poll_fn(|_| {
            note::waits(Reason::SelectNoCases, At::Here(at));
            Poll::Pending
        })
        .await;
    }
    if let Poll::Ready(received) = any_now(receivers) {
        return received;
    }
    match wait_at(Any::new(receivers), at).await {
        Selected::Arm(received) => received,
        Selected::Default | Selected::Disabled => {
            unreachable!("there is no default, and no arm goes off")
        }
    }
}

/// Receives from one that is ready, if one is: the fast path.
#[inline]
fn any_now<T>(receivers: &[Receiver<T>]) -> Poll<(usize, Option<T>)> {
    // One of those that seem ready, each equally likely, without a list of them: the nth replaces
    // what was chosen before with a probability of 1/n. What seems ready may be not; then all are
    // looked at once more, and those that are ready are equally likely there.
    let (mut seen, mut chosen) = (0, None);
    for (at, receiver) in receivers.iter().enumerate() {
        if receiver.channel().may_receive() {
            seen += 1;
            if random::with(|random| random.below(seen)) == 0 {
                chosen = Some(at);
            }
        }
    }
    match chosen {
        Some(at) => receivers[at].now().map(|received| (at, received)),
        None => Poll::Pending,
    }
}

/// The arms of [`recv_any`].
pub(super) struct Any<'a, T> {
    arms: Pin<Box<[RecvNode<&'a Receiver<T>>]>>,
    /// Room for the order of many arms, kept from one poll to the next.
    order: Vec<u32>,
    /// The arms stand elsewhere, but the claim that their nodes point to stands beside the list: a
    /// select over it must not be moved, nor taken for one that nobody else points to.
    _pinned: PhantomPinned,
}

impl<'a, T> Any<'a, T> {
    fn new(receivers: &'a [Receiver<T>]) -> Self {
        assert!(
            receivers.len() <= MAX_ARMS,
            "recv_any: {} receivers are more than can be told apart",
            receivers.len()
        );
        Self {
            arms: Box::into_pin(receivers.iter().map(RecvNode::new).collect()),
            order: Vec::new(),
            _pinned: PhantomPinned,
        }
    }

    /// Arm `at`, pinned.
    fn pinned(self: Pin<&mut Self>, at: usize) -> Pin<&mut RecvNode<&'a Receiver<T>>> {
        // SAFETY: the pointer to the arms is not pinned, only they are; and what stands in a pinned
        // slice is pinned, since nothing here moves it.
        unsafe {
            let arms = self.get_unchecked_mut().arms.as_mut();
            arms.map_unchecked_mut(|arms| &mut arms[at])
        }
    }
}

impl<T> Arms for Any<'_, T> {
    fn len(&self) -> usize {
        self.arms.len()
    }

    fn arm(self: Pin<&mut Self>, at: usize) -> Option<Pin<&mut (dyn Arm + '_)>> {
        Some(self.pinned(at))
    }

    fn order(self: Pin<&mut Self>) -> Option<&mut Vec<u32>> {
        // SAFETY: the order is not pinned.
        Some(unsafe { &mut self.get_unchecked_mut().order })
    }
}

impl<T> Outputs for Any<'_, T> {
    type Won = (usize, Option<T>);

    fn take(self: Pin<&mut Self>, at: usize) -> Self::Won {
        (at, self.pinned(at).take())
    }
}

impl<T> fmt::Debug for Any<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Any")
            .field("arms", &self.arms.len())
            .finish_non_exhaustive()
    }
}
