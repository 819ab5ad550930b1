//! The macros: wrappers that hand the path of this crate on to `chango-macros`.
//!
//! Each wrapper passes `$crate` in front of the user's tokens and adds nothing else, so that a
//! renamed dependency keeps working, and no expansion depends on what the user has imported.
//!
//! In the documentation a twin stands for each, whose rules are the grammar. It is never called: the
//! documentation of a crate is made of its own macros, and its tests of the real ones.

pub use chango_macros::{main, test};

#[doc = include_str!("macros/go.md")]
#[cfg(not(doc))]
#[macro_export]
macro_rules! go {
    ($($body:tt)*) => { $crate::__private::macros::go! { ($crate) $($body)* } };
}

#[doc = include_str!("macros/go.md")]
#[cfg(doc)]
#[macro_export]
macro_rules! go {
    ($($body:tt)*) => {};
    (clone $($name:ident $(= $value:expr)?),+; $($body:tt)*) => {};
    ($function:ident($($argument:expr),*)) => {};
    ($receiver:ident$(.$field:ident)*.$method:ident($($argument:expr),*)) => {};
    (async move { $($body:tt)* }) => {};
}

#[doc = include_str!("macros/co.md")]
#[cfg(not(doc))]
#[macro_export]
macro_rules! co {
    ($($body:tt)*) => { $crate::__private::macros::co! { ($crate) $($body)* } };
}

#[doc = include_str!("macros/co.md")]
#[cfg(doc)]
#[macro_export]
macro_rules! co {
    ($($body:tt)*) => {};
    (<-$receiver:expr) => {};
    (for $pattern:pat in <-$receiver:tt { $($body:tt)* }) => {};
    ($sender:tt <- $value:expr;) => {};
    (let $result:pat = $sender:tt <- $value:expr;) => {};
    (($sender:tt <- $value:expr)) => {};
}

#[doc = include_str!("macros/run.md")]
#[cfg(not(doc))]
#[macro_export]
macro_rules! run {
    ($($body:tt)*) => { $crate::__private::macros::run! { ($crate) $($body)* } };
}

#[doc = include_str!("macros/run.md")]
#[cfg(doc)]
#[macro_export]
macro_rules! run {
    ($($body:tt)*) => {};
}

#[doc = include_str!("macros/select.md")]
#[cfg(not(doc))]
#[macro_export]
macro_rules! select {
    ($($arms:tt)*) => { $crate::__private::macros::select! { ($crate) $($arms)* } };
}

#[doc = include_str!("macros/select.md")]
#[cfg(doc)]
#[macro_export]
macro_rules! select {
    (
        $(biased;)?
        $(
            $(#[cfg($receive_if:meta)])*
            $($received:pat =)? <-$receiver:expr $(, if $receive_guard:expr)? => $receive_body:expr,
        )*
        $(
            $(#[cfg($send_if:meta)])*
            $($sent:pat =)? $sender:tt <- $value:expr $(, if $send_guard:expr)? => $send_body:expr,
        )*
        $(
            $(#[cfg($await_if:meta)])*
            $($output:pat =)? $future:expr $(, if $await_guard:expr)? => $await_body:expr,
        )*
        $(default => $default:expr,)?
        $(else => $otherwise:expr,)?
    ) => {};
}
