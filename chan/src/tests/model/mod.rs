//! Random programs of channel operations against a simple model of what they should do.
//!
//! One thread, up to three channels: operations are begun, polled, stopped and dropped in random
//! order, ends are cloned, dropped, made weak and strong again, channels are closed; and after every
//! step the channels and the model say the same. A program that fails is made as small as can be,
//! and printed. What threads add is in `tests/suite/storm.rs` and in the models for loom.
//!
//! Left out: deadlines that pass while an operation waits (what is done then is there, as a step of
//! its own), futures and timers as arms, and budgets (there are none outside a goroutine).
//!
//! | variable | default | |
//! |---|---|---|
//! | `CHANGO_PROGRAMS` | 100000 | how many programs; if it is set, on all cores |
//! | `CHANGO_SEED` | | the seed of the first program; the next one has the next number |

mod machine;
mod program;
mod real;
mod reference;
mod shrink;

use std::cell::{Cell, RefCell};
use std::env;
use std::hash::{BuildHasher, RandomState};
use std::mem::ManuallyDrop;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, Once};
use std::thread;
use std::time::Instant;

use self::machine::{Checked, Machine};
use self::program::{Arm, Else, End, Operation, Order, Program, Room, Step};
use self::reference::Mistake;
use self::shrink::shrink;

thread_local! {
    /// Whether a panic of this thread is to be kept for later, and what the last one said.
    static KEEPS: Cell<bool> = const { Cell::new(false) };
    static KEPT: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Runs a program; if it fails, says at which step, and why.
fn run(program: &Program, mistake: Mistake) -> Checked {
    // What has failed may be broken, so that to drop it would end the process: it is leaked.
    let mut machine = ManuallyDrop::new(Machine::new(program, mistake));
    let mut at = 0;
    let checked = without_panic(|| {
        for step in &program.steps {
            machine.step(step)?;
            at += 1;
        }
        machine.finish()
    });
    match checked {
        Ok(()) => drop(ManuallyDrop::into_inner(machine)),
        Err(_) if at == program.steps.len() => {
            return checked.map_err(|why| format!("when all is dropped: {why}"));
        }
        Err(_) => return checked.map_err(|why| format!("at {:?}: {why}", program.steps[at])),
    }
    checked
}

/// Makes an error of a panic, which is not printed.
fn without_panic(f: impl FnOnce() -> Checked) -> Checked {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let others = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if KEEPS.get() {
                KEPT.set(info.to_string());
            } else {
                others(info);
            }
        }));
    });
    KEEPS.set(true);
    let result = catch_unwind(AssertUnwindSafe(f));
    KEEPS.set(false);
    result.unwrap_or_else(|_| Err(KEPT.take()))
}

/// Fails with the smallest program near `program`, which has failed.
fn report(program: Program) -> ! {
    let seed = program.seed;
    let small = shrink(program, |program| run(program, Mistake::None).is_err());
    let why = run(&small, Mistake::None).expect_err("it has failed before");
    panic!(
        "{why}\n\nThe program, made small:\n\n{small}\n\nThe whole of it again: CHANGO_SEED={seed} \
         CHANGO_PROGRAMS=1"
    );
}

/// Runs `count` programs from `seed` on; how many steps they had.
fn run_all(seed: u64, count: u64, threads: u64) -> u64 {
    let (steps, failed) = (AtomicU64::new(0), Mutex::new(None));
    let run_each = |first| {
        for number in (first..count).step_by(threads as usize) {
            let program = Program::random(seed.wrapping_add(number));
            steps.fetch_add(program.steps.len() as u64, Ordering::Relaxed);
            let fails = run(&program, Mistake::None).is_err();
            let mut failed = failed.lock().expect("nobody panics with it");
            if fails {
                *failed = Some(program);
            }
            if failed.is_some() {
                return;
            }
        }
    };
    thread::scope(|scope| {
        for first in 1..threads {
            scope.spawn(move || run_each(first));
        }
        run_each(0);
    });
    if let Some(program) = failed.into_inner().expect("nobody panics with it") {
        report(program);
    }
    steps.into_inner()
}

fn variable(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    let parsed = value.parse();
    Some(parsed.unwrap_or_else(|_| panic!("{name} is a number, and not `{value}`")))
}

#[test]
fn random_programs_do_what_the_model_does() {
    let began = Instant::now();
    let (programs, seed) = (variable("CHANGO_PROGRAMS"), variable("CHANGO_SEED"));
    let count = programs.unwrap_or(100_000);
    let threads = match programs {
        Some(_) => thread::available_parallelism().map_or(1, |cores| cores.get() as u64),
        None => 1,
    };
    // Half of them are the same in every run, so that what was found once is found again.
    let fixed = if seed.is_some() { 0 } else { count / 2 };
    let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
    let steps = run_all(0, fixed, threads) + run_all(seed, count - fixed, threads);
    println!(
        "model: {count} programs, {steps} steps, seed {seed}, {:.1} s",
        began.elapsed().as_secs_f64()
    );
}

/// What is left of the first random program that the reference fails in with this mistake.
fn caught(mistake: Mistake) -> Program {
    let fails = |program: &Program| run(program, mistake).is_err();
    let program = (0..)
        .map(Program::random)
        .find(fails)
        .expect("there is always another program");
    shrink(program, fails)
}

// If the generator changes, another program of the same size may come out here.

#[test]
fn a_model_that_puts_returned_values_last_is_shown_by_a_program_of_five_steps() {
    let program = caught(Mistake::ReturnedGoLast);
    assert_eq!(program.channels, [Room::Bounded(2)]);
    assert_eq!(
        program.steps,
        [
            Step::Start(Operation::Recv(0)),
            Step::TrySend(0),
            Step::Drop(0),
            Step::TrySend(0),
            Step::TryRecv(0),
        ]
    );
}

#[test]
fn a_model_that_does_not_wake_a_select_is_shown_by_a_program_of_two_steps() {
    let program = caught(Mistake::CloseForgetsSelects);
    let wait = Operation::Select(Order::Biased, Else::Wait, vec![Arm::Recv(0)]);
    assert_eq!(program.channels, [Room::Bounded(0)]);
    assert_eq!(
        program.steps,
        [Step::Start(wait), Step::Sender(End::Close, 0)]
    );
    // What a reader gets to see.
    assert_eq!(
        run(&program, Mistake::CloseForgetsSelects).unwrap_err(),
        "at Sender(Close, 0): wake-ups of an operation: it is 1 and should be 0"
    );
}

#[test]
fn a_panic_in_a_program_is_an_error_that_can_be_made_small() {
    let checked = without_panic(|| panic!("on purpose"));
    assert!(checked.unwrap_err().ends_with("on purpose"));
}
