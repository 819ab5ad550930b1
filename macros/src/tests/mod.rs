//! Properties that hold for all macros: what is half typed expands and keeps its tokens, nothing
//! panics, and the cost grows with the length of the input.
//!
//! [`corpus`] finds the bodies, [`kept`] compares what goes in with what comes out; both serve
//! the fuzz targets in `macros/fuzz` too.

mod anything;
mod corpus;
mod cost;
mod kept;
mod prefixes;
