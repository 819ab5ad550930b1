//! Unix: the numbers of signals. POSIX has given names to all and numbers to some; the others are those of
//! the system, and of the processor on Linux.

use std::ffi::c_int;

/// The terminal is gone, or: read your configuration again.
pub const SIGHUP: c_int = 1;
/// Ctrl-C in a terminal.
pub const SIGINT: c_int = 2;
/// Ctrl-\ in a terminal.
pub const SIGQUIT: c_int = 3;
/// A write to a pipe or socket that nobody reads.
pub const SIGPIPE: c_int = 13;
/// The end of the time of `alarm`.
pub const SIGALRM: c_int = 14;
/// What `kill` sends.
pub const SIGTERM: c_int = 15;

pub use self::system::{SIGCHLD, SIGUSR1, SIGUSR2, SIGWINCH};

macro_rules! system {
    ($usr1:literal, $usr2:literal, $chld:literal, $winch:literal) => {
        use std::ffi::c_int;

        /// For the program's own purposes.
        pub const SIGUSR1: c_int = $usr1;
        /// For the program's own purposes.
        pub const SIGUSR2: c_int = $usr2;
        /// A child process has ended or was stopped.
        pub const SIGCHLD: c_int = $chld;
        /// The size of the terminal has changed.
        pub const SIGWINCH: c_int = $winch;
    };
}

#[cfg(all(
    any(target_os = "linux", target_os = "android"),
    not(any(
        target_arch = "mips",
        target_arch = "mips32r6",
        target_arch = "mips64",
        target_arch = "mips64r6",
        target_arch = "sparc",
        target_arch = "sparc64"
    ))
))]
mod system {
    system!(10, 12, 17, 28);
}

// System V.
#[cfg(any(
    target_os = "illumos",
    target_os = "solaris",
    target_os = "nto",
    all(
        target_os = "linux",
        any(
            target_arch = "mips",
            target_arch = "mips32r6",
            target_arch = "mips64",
            target_arch = "mips64r6"
        )
    )
))]
mod system {
    system!(16, 17, 18, 20);
}

// The BSDs, macOS, and Linux on SPARC.
#[cfg(not(any(
    target_os = "android",
    target_os = "illumos",
    target_os = "solaris",
    target_os = "nto",
    all(
        target_os = "linux",
        not(any(target_arch = "sparc", target_arch = "sparc64"))
    )
)))]
mod system {
    system!(30, 31, 20, 28);
}
