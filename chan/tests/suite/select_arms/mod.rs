//! Selects of 1 to 64 arms of all kinds: which one wins, that only one does, and that the others are
//! gone by then.

mod choice;
mod losers;
mod storm;

use std::convert::Infallible;

use chango_chan::select::{Selected, Won};

/// Which arm of a list has won, whatever it gave.
pub(crate) trait Place {
    fn place(&self) -> usize;
}

impl Place for Infallible {
    fn place(&self) -> usize {
        match *self {}
    }
}

impl<T, L: Place> Place for Won<T, L> {
    fn place(&self) -> usize {
        match self {
            Self::This(_) => 0,
            Self::Later(later) => 1 + later.place(),
        }
    }
}

/// The arm that has won; none: the default, or all are disabled.
fn winner<W: Place>(selected: &Selected<W>) -> Option<usize> {
    match selected {
        Selected::Arm(won) => Some(won.place()),
        Selected::Default | Selected::Disabled => None,
    }
}

/// 64 arms, by turns what `receive` and what `send` makes of their number; none is an arm that is off.
macro_rules! alternating {
    ($receive:ident, $send:ident) => {
        alternating!(
            @ $receive $send
            0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31
            32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49 50 51 52 53 54 55 56 57 58 59 60
            61 62 63
        )
    };
    (@ $receive:ident $send:ident) => { chango_chan::select::Nil };
    (@ $receive:ident $send:ident $at:literal $other:literal $($rest:literal)*) => {
        chango_chan::select::Cons::new(
            $receive($at),
            chango_chan::select::Cons::new(
                $send($other),
                alternating!(@ $receive $send $($rest)*),
            ),
        )
    };
}
use alternating;
