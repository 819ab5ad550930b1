//! What can stand before `<-`: the trait [`SendTo`].
//!
//! What must hold: an operand names the same channel each time it is asked.

use crate::channel::Channel;
use crate::primitive::sync::Arc;
use crate::sender::Sender;

/// What can be sent to: the left operand of `channel <- value`, in statements and in `select!`.
///
/// It is implemented for [`Sender<T>`], for an `Option` of one, where `None` is Go's nil channel, on
/// which a send never completes, and for references to these, `Box` and `Arc` included. Its method
/// is not for calling.
///
/// # Examples
///
/// ```
/// use chango_chan::{SendTo, bounded, ops};
///
/// async fn greet<S: SendTo<Item = String>>(to: &S) {
///     // In a block macro: `to <- "hello".to_string();`.
///     match ops::send_to(to).start("hello".to_string()) {
///         ops::Started::Sent => (),
///         ops::Started::Waiting(waiting) => waiting.statement().await,
///     }
/// }
///
/// let (tx, rx) = bounded(1);
/// futures_lite::future::block_on(greet(&tx));
/// assert_eq!(rx.try_recv().as_deref(), Ok("hello"));
/// ```
#[diagnostic::on_unimplemented(
    message = "nothing can be sent to `{Self}`",
    label = "this is no sending end of a channel",
    note = "before `<-` stands a `Sender`, an `Option` of one (`None` never takes anything), or a \
            reference to one"
)]
pub trait SendTo {
    /// What is sent.
    type Item;

    /// The channel, or none for a nil channel.
    #[doc(hidden)]
    fn target(&self) -> Target<'_, Self::Item>;
}

/// A channel to send to.
#[doc(hidden)]
#[derive(Debug)]
pub struct Target<'a, T>(pub(crate) Option<&'a Channel<T>>);

impl<T> SendTo for Sender<T> {
    type Item = T;

    #[inline]
    fn target(&self) -> Target<'_, T> {
        Target(Some(self.channel()))
    }
}

/// `None` is a nil channel.
impl<S: SendTo> SendTo for Option<S> {
    type Item = S::Item;

    #[inline]
    fn target(&self) -> Target<'_, S::Item> {
        self.as_ref().map_or(Target(None), S::target)
    }
}

/// Pointers to something that can be sent to.
macro_rules! send_by_pointer {
    ($($pointer:ty),*) => {$(
        impl<S: SendTo + ?Sized> SendTo for $pointer {
            type Item = S::Item;

            #[inline]
            fn target(&self) -> Target<'_, S::Item> {
                (**self).target()
            }
        }
    )*};
}

send_by_pointer!(&S, &mut S, Box<S>, Arc<S>);
