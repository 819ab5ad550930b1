//! The waiting futures: how a send and a receive wait, and what becomes of the value if they stop.

pub(crate) mod recv;
pub(crate) mod send;

pub use self::recv::RecvFuture;
pub use self::send::SendFuture;

#[cfg(all(test, not(loom)))]
mod tests {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Waker};

    use crate::bounded;

    /// What `send_timeout` does when the time is up.
    #[test]
    fn a_send_that_stops_says_whether_its_value_was_taken_meanwhile() {
        let mut cx = Context::from_waker(Waker::noop());
        let (tx, rx) = bounded(0);
        let mut send = pin!(tx.send(1));
        assert!(send.as_mut().poll(&mut cx).is_pending());
        assert_eq!(send.stop(), Err((1, false)));
        assert!(rx.try_recv().is_err());

        let mut send = pin!(tx.send(2));
        assert!(send.as_mut().poll(&mut cx).is_pending());
        assert_eq!(rx.try_recv(), Ok(2));
        assert_eq!(send.stop(), Ok(()));

        let mut send = pin!(tx.send(3));
        assert!(send.as_mut().poll(&mut cx).is_pending());
        rx.close();
        assert_eq!(send.stop(), Err((3, true)));
    }

    /// What `recv_timeout` does when the time is up.
    #[test]
    fn a_receive_that_stops_has_what_it_was_handed_meanwhile() {
        let mut cx = Context::from_waker(Waker::noop());
        let (tx, rx) = bounded(0);
        let mut receive = pin!(rx.recv());
        assert!(receive.as_mut().poll(&mut cx).is_pending());
        assert_eq!(receive.stop(), Err(false));
        assert!(tx.try_send(1).is_err());

        let mut receive = pin!(rx.recv());
        assert!(receive.as_mut().poll(&mut cx).is_pending());
        assert_eq!(tx.try_send(2), Ok(()));
        assert_eq!(receive.stop(), Ok(2));
        assert!(rx.is_empty());

        let mut receive = pin!(rx.recv());
        assert!(receive.as_mut().poll(&mut cx).is_pending());
        tx.close();
        assert_eq!(receive.stop(), Err(true));
    }
}
