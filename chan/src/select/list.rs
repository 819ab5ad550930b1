//! The arms of one select: a list of types, so that each arm keeps its own and the whole decides
//! what it is to be `Send`.
//!
//! What must hold: an arm keeps its number, counted from 0 in source order, from the first look to
//! the end; arms are pinned with their list.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;

use super::arm::{Arm, Output};

/// The end of a list of arms.
#[derive(Debug)]
pub struct Nil;

/// An arm before others. `None` is an arm that its guard switched off.
pub struct Cons<A, L> {
    pub(super) arm: Option<A>,
    pub(super) rest: L,
}

impl<A, L> Cons<A, L> {
    /// Puts `arm` before `rest`.
    #[inline]
    pub fn new(arm: Option<A>, rest: L) -> Self {
        Self { arm, rest }
    }
}

impl<A, L> Cons<A, L> {
    /// The first arm, pinned as the list is, and the others.
    fn project(self: Pin<&mut Self>) -> (Option<Pin<&mut A>>, Pin<&mut L>) {
        // SAFETY: both are pinned with the whole: nothing here moves them.
        unsafe {
            let this = self.get_unchecked_mut();
            let arm = this.arm.as_mut().map(|arm| Pin::new_unchecked(arm));
            (arm, Pin::new_unchecked(&mut this.rest))
        }
    }
}

impl<A, L> fmt::Debug for Cons<A, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cons").finish_non_exhaustive()
    }
}

/// Which arm of a list has committed, with what it gave.
#[derive(Debug)]
pub enum Won<T, L> {
    /// The first one.
    This(T),
    /// One of the others.
    Later(L),
}

/// A list of arms as the driver sees it: by number.
#[doc(hidden)]
pub trait Arms {
    /// How many arms there are, those switched off included.
    fn len(&self) -> usize;

    /// Arm `at`, unless it was switched off.
    fn arm(self: Pin<&mut Self>, at: usize) -> Option<Pin<&mut (dyn Arm + '_)>>;

    /// Where a list that is often long keeps its order from one poll to the next.
    fn order(self: Pin<&mut Self>) -> Option<&mut Vec<u32>> {
        None
    }
}

/// A list of arms with its types.
#[doc(hidden)]
pub trait Outputs: Arms {
    /// What the arm that commits gives.
    type Won;

    /// Takes what arm `at`, which has committed, gave.
    fn take(self: Pin<&mut Self>, at: usize) -> Self::Won;
}

impl Arms for Nil {
    #[inline]
    fn len(&self) -> usize {
        0
    }

    #[inline]
    fn arm(self: Pin<&mut Self>, _at: usize) -> Option<Pin<&mut (dyn Arm + '_)>> {
        None
    }
}

impl Outputs for Nil {
    type Won = Infallible;

    fn take(self: Pin<&mut Self>, _at: usize) -> Infallible {
        unreachable!("an arm that commits is in the list")
    }
}

impl<A: Arm, L: Arms> Arms for Cons<A, L> {
    #[inline]
    fn len(&self) -> usize {
        1 + self.rest.len()
    }

    #[inline]
    fn arm(self: Pin<&mut Self>, at: usize) -> Option<Pin<&mut (dyn Arm + '_)>> {
        let (arm, rest) = self.project();
        match at {
            0 => arm.map(|arm| arm as Pin<&mut (dyn Arm + '_)>),
            _ => rest.arm(at - 1),
        }
    }
}

impl<A: Output, L: Outputs> Outputs for Cons<A, L> {
    type Won = Won<A::Output, L::Won>;

    #[inline]
    fn take(self: Pin<&mut Self>, at: usize) -> Self::Won {
        let (arm, rest) = self.project();
        match at {
            0 => Won::This(arm.expect("an arm that commits is not switched off").take()),
            _ => Won::Later(rest.take(at - 1)),
        }
    }
}
