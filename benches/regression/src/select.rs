//! What a select costs with more and more arms: where one of them is ready, and where it has to wait.

use chango::chan::recv_any;
use chango::prelude::*;
use chango::task::JoinHandle;

use crate::Scenario;

/// One operation is a select that received. `ready` sends the value to one of the arms before it; `wait` has
/// a partner send it to one of them while the select waits on all, and answers him.
pub fn scenarios() -> Vec<Scenario> {
    let mut scenarios = Vec::new();
    for arms in [1, 2, 4, 8] {
        scenarios.push(scenario("ready", arms, move |times| {
            ready_select(arms, times)
        }));
        scenarios.push(scenario("wait", arms, move |times| {
            wait_select(arms, times)
        }));
    }
    for arms in [1, 2, 4, 8, 16, 32, 64] {
        scenarios.push(scenario("any_ready", arms, move |times| {
            ready_any(arms, times)
        }));
        scenarios.push(scenario("any_wait", arms, move |times| {
            wait_any(arms, times)
        }));
    }
    scenarios
}

fn scenario<F>(kind: &str, arms: usize, run: impl Fn(u64) -> F + 'static) -> Scenario
where
    F: Future<Output = Duration> + Send + 'static,
{
    Scenario::new(format!("select/{kind}_{arms}"), run).counted(20_000)
}

/// A select over the named receivers, which stay open.
macro_rules! select_of {
    ($from:ident: $($arm:tt)*) => {
        select! {
            $(Some(value) = <-$from[$arm] => ($arm, value),)*
            else => unreachable!("the channels stay open"),
        }
    };
}

/// The channels of a select's arms.
struct Arms {
    senders: Vec<Sender<u64>>,
    receivers: Vec<Receiver<u64>>,
}

impl Arms {
    fn new(count: usize, capacity: usize) -> Self {
        let (senders, receivers) = (0..count).map(|_| bounded(capacity)).unzip();
        Self { senders, receivers }
    }

    /// The macro's, whose arms stand in the program.
    async fn select(&self) -> (usize, u64) {
        let from = &self.receivers[..];
        match from.len() {
            1 => select_of!(from: 0),
            2 => select_of!(from: 0 1),
            4 => select_of!(from: 0 1 2 3),
            8 => select_of!(from: 0 1 2 3 4 5 6 7),
            arms => unreachable!("a macro of {arms} arms"),
        }
    }

    /// That over a slice.
    async fn any(&self) -> (usize, u64) {
        let (arm, value) = recv_any(&self.receivers).await;
        (arm, value.expect("the channels stay open"))
    }

    /// A goroutine that sends each number to the arm whose turn it is, when the last one was answered.
    fn sends_answered(&self, times: u64, answered: Receiver<()>) -> JoinHandle<()> {
        let senders = self.senders.clone();
        go! {
            for number in 0..times {
                senders[turn(number, senders.len())] <- number;
                <-answered;
            }
        }
    }
}

fn turn(number: u64, arms: usize) -> usize {
    number as usize % arms
}

/// The two loops, for each kind of select; the kinds differ in a name.
macro_rules! loops {
    ($ready:ident, $wait:ident, $select:ident) => {
        async fn $ready(arms: usize, times: u64) -> Duration {
            let arms = Arms::new(arms, 1);
            let began = Instant::now();
            for number in 0..times {
                let arm = turn(number, arms.senders.len());
                let sent = arms.senders[arm].try_send(number);
                sent.expect("it was received from");
                assert_eq!(arms.$select().await, (arm, number), "another arm");
            }
            began.elapsed()
        }

        async fn $wait(arms: usize, times: u64) -> Duration {
            let arms = Arms::new(arms, 0);
            let (answer, answered) = bounded(1);
            let began = Instant::now();
            let partner = arms.sends_answered(times, answered);
            for number in 0..times {
                let arm = turn(number, arms.senders.len());
                assert_eq!(arms.$select().await, (arm, number), "another arm");
                co! { answer <- (); }
            }
            let spent = began.elapsed();
            partner.await.expect("the partner panicked");
            spent
        }
    };
}

loops!(ready_select, wait_select, select);
loops!(ready_any, wait_any, any);
