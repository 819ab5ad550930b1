//! Core's shim between chango and the machine, under a short name.

pub(crate) use chango_core::primitive::*;
