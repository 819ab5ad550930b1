//! The operators work on any executor, in a future that is neither `Send` nor `'static`.
#![deny(warnings)]

use std::cell::RefCell;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use chango::prelude::*;

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(value) => return value,
            Poll::Pending => thread::park(),
        }
    }
}

fn main() {
    let log = RefCell::new(Vec::new());
    let (tx, rx) = bounded::<Rc<i32>>(2);
    let (there, back) = (bounded::<i32>(0), bounded::<i32>(0));
    let (questions, answers) = (there.1, back.0);
    let other = thread::spawn(move || {
        for n in questions {
            answers.send_blocking(2 * n).unwrap();
        }
    });
    let (ask, answer) = (there.0, back.1);
    block_on(async {
        co! {
            tx <- Rc::new(1);
            let sent = tx <- Rc::new(2);
            sent.unwrap();
            log.borrow_mut().push((<-rx).map(|v| *v));
            for v in <-rx { log.borrow_mut().push(Some(*v)); break }
            ask <- 3;
            log.borrow_mut().push(<-answer);
            select! {
                ask <- 4 => log.borrow_mut().push(<-answer),
                v = <-rx => unreachable!("{v:?}"),
            }
            let aside = &mut *log.borrow_mut();
            select! { biased; v = <-rx => drop(v), n = async { aside.len() } => aside.push(Some(n as i32)) }
        }
    });
    drop(ask);
    other.join().unwrap();
    assert_eq!(log.into_inner(), [Some(1), Some(2), Some(6), Some(8), Some(4)]);
}
