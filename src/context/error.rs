//! Why a context has ended.

use std::error::Error;
use std::fmt;

/// Why a context has ended. The texts are Go's.
///
/// # Examples
///
/// ```
/// use chango::context::ContextError;
///
/// assert_eq!(ContextError::Canceled.to_string(), "context canceled");
/// assert_eq!(ContextError::DeadlineExceeded.to_string(), "context deadline exceeded");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextError {
    /// By a [`Cancel`](super::Cancel).
    Canceled,
    /// By its deadline.
    DeadlineExceeded,
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Canceled => "context canceled",
            Self::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}

impl From<ContextError> for std::io::Error {
    /// `TimedOut` for a deadline. For a cancellation `Other`, and not `Interrupted`, after which std tries
    /// again.
    fn from(error: ContextError) -> Self {
        let kind = match error {
            ContextError::Canceled => std::io::ErrorKind::Other,
            ContextError::DeadlineExceeded => std::io::ErrorKind::TimedOut,
        };
        Self::new(kind, error)
    }
}
