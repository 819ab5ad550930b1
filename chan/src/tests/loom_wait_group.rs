//! Models of the wait group: members and counts by hand that end, those who wait, and the memory of it all.
//!
//! Modelled: the whole of `WaitGroup` with up to three threads, members without their goroutines. Left out:
//! `go`, which needs a runtime, and budgets. Loom says what leaks; what is used after it was freed ends the
//! model because of `wiped`. Seconds each:
//!
//! `RUSTFLAGS="--cfg loom" cargo test --release -p chango-chan --lib loom_wait_group`

use futures_lite::future::poll_once;
use loom::future::block_on;
use loom::sync::Arc;

use super::loom_sync::{Number, join, spawn};
use super::model;
use crate::sync::WaitGroup;
use crate::sync::wait_group::Member;

/// One more in `group`, as `go` makes it.
fn member(group: &WaitGroup) -> Member {
    Member::of(&group.shared)
}

/// How many keep the group: its handles, and itself.
fn keepers(group: &WaitGroup) -> usize {
    Arc::strong_count(&group.shared)
}

/// What is written before its owner is taken off the group.
fn written() -> [Arc<Number>; 2] {
    [(), ()].map(|()| Arc::new(Number::new()))
}

#[test]
fn who_waits_goes_on_when_two_members_have_ended_and_sees_what_they_wrote() {
    model(3, || {
        let (group, numbers) = (WaitGroup::new(), written());
        let threads = numbers.clone().map(|number| {
            let member = member(&group);
            spawn(move || {
                number.add(1);
                drop(member);
            })
        });
        block_on(group.wait());
        assert_eq!(numbers.map(|number| number.get()), [1, 1]);
        join(threads);
        assert_eq!(keepers(&group), 1);
    });
}

#[test]
fn who_waits_for_a_member_and_one_by_hand_sees_what_both_wrote() {
    model(3, || {
        let (group, [by_hand, by_member]) = (WaitGroup::new(), written());
        group.add(1);
        let threads = [
            spawn({
                let (group, number) = (group.clone(), Arc::clone(&by_hand));
                move || {
                    number.add(1);
                    group.done();
                }
            }),
            spawn({
                let (member, number) = (member(&group), Arc::clone(&by_member));
                move || {
                    number.add(1);
                    drop(member);
                }
            }),
        ];
        block_on(group.wait());
        assert_eq!((by_hand.get(), by_member.get()), (1, 1));
        join(threads);
    });
}

#[test]
fn who_waits_for_two_by_hand_sees_what_both_wrote() {
    model(3, || {
        let (group, numbers) = (WaitGroup::new(), written());
        group.add(1);
        let threads = numbers.clone().map(|number| {
            let group = group.clone();
            group.add(1);
            spawn(move || {
                number.add(1);
                group.done();
            })
        });
        group.done();
        block_on(group.wait());
        assert_eq!(numbers.map(|number| number.get()), [1, 1]);
        join(threads);
    });
}

/// One who stays in the group while others come and go: whoever waits goes on only after the one who stays
/// has left.
fn one_stays<S: 'static>(
    stays: impl FnOnce(&WaitGroup) -> S,
    leaves: impl FnOnce(S, &WaitGroup),
    come_and_go: impl Fn(&WaitGroup) + 'static,
) {
    let (group, number) = (WaitGroup::new(), Arc::new(Number::new()));
    let staying = stays(&group);
    let waiter = spawn({
        let (group, number) = (group.clone(), Arc::clone(&number));
        move || {
            block_on(group.wait());
            assert_eq!(number.get(), 1);
        }
    });
    let others = spawn({
        let group = group.clone();
        // As often as not they find the group to be of none, and it is of none when they are gone.
        move || (0..2).for_each(|_| come_and_go(&group))
    });
    number.add(1);
    leaves(staying, &group);
    join([waiter, others]);
    assert_eq!(keepers(&group), 1);
}

#[test]
fn nobody_is_released_by_counts_by_hand_that_come_and_go_while_a_member_stays() {
    model(2, || {
        one_stays(
            member,
            |member, _| drop(member),
            |group| {
                group.add(1);
                group.done();
            },
        );
    });
}

#[test]
fn nobody_is_released_by_members_that_come_and_go_while_one_by_hand_stays() {
    model(2, || {
        one_stays(
            |group| group.add(1),
            |(), group| group.done(),
            |group| drop(member(group)),
        );
    });
}

#[test]
fn nobody_is_released_by_members_that_come_and_go_while_another_stays() {
    model(2, || {
        one_stays(
            member,
            |member, _| drop(member),
            |group| drop(member(group)),
        );
    });
}

#[test]
fn who_waits_is_released_though_the_group_has_grown_again() {
    model(3, || {
        let group = WaitGroup::new();
        let first = member(&group);
        let mut wait = Box::pin(group.wait());
        assert!(block_on(poll_once(wait.as_mut())).is_none());
        let thread = spawn({
            let group = group.clone();
            move || {
                drop(first);
                member(&group)
            }
        });
        block_on(wait);
        let second = thread.join().unwrap();
        assert!(block_on(poll_once(group.wait())).is_none());
        drop(second);
        assert!(block_on(poll_once(group.wait())).is_some());
    });
}

#[test]
fn who_comes_after_the_group_has_grown_again_waits_for_those_who_are_there_then() {
    model(2, || {
        let (group, number) = (WaitGroup::new(), Arc::new(Number::new()));
        let first = member(&group);
        let ender = spawn(move || drop(first));
        let second = member(&group);
        let waiter = spawn({
            let (group, number) = (group.clone(), Arc::clone(&number));
            move || {
                block_on(group.wait());
                assert_eq!(number.get(), 1);
            }
        });
        number.add(1);
        drop(second);
        join([ender, waiter]);
    });
}

#[test]
fn a_group_that_grows_beside_its_last_end_keeps_itself() {
    model(3, || {
        let group = WaitGroup::new();
        let first = member(&group);
        let thread = spawn(move || drop(first));
        let second = member(&group);
        assert!(keepers(&group) >= 2);
        join([thread]);
        assert_eq!(keepers(&group), 2);
        drop(second);
        assert_eq!(keepers(&group), 1);
    });
}

#[test]
fn a_group_to_which_two_come_first_keeps_itself_once() {
    model(3, || {
        let group = WaitGroup::new();
        let theirs = group.clone();
        // While it is the first, and has not yet said so, the other's handle and its own keep the group.
        let thread = spawn(move || (member(&theirs), theirs));
        drop(member(&group));
        let (second, theirs) = thread.join().unwrap();
        assert_eq!(keepers(&group), 3);
        drop(second);
        assert_eq!(keepers(&group), 2);
        drop(theirs);
    });
}

#[test]
fn a_group_whose_handle_goes_lives_until_both_members_have_ended() {
    model(3, || {
        let group = WaitGroup::new();
        let threads = [(), ()].map(|()| {
            let member = member(&group);
            spawn(move || drop(member))
        });
        drop(group);
        join(threads);
    });
}

#[test]
fn a_group_that_grows_beside_its_last_end_and_loses_its_handle_is_freed_once() {
    model(3, || {
        let group = WaitGroup::new();
        let first = member(&group);
        let thread = spawn(move || drop(first));
        let second = member(&group);
        drop(group);
        drop(second);
        join([thread]);
    });
}

#[test]
fn who_was_released_may_drop_the_handle_before_the_last_member_is_gone() {
    model(3, || {
        let group = WaitGroup::new();
        let threads = [(), ()].map(|()| {
            let member = member(&group);
            spawn(move || drop(member))
        });
        block_on(group.wait());
        drop(group);
        join(threads);
    });
}

#[test]
fn a_wait_that_is_dropped_beside_the_last_end_is_not_released() {
    model(3, || {
        let group = WaitGroup::new();
        let member = member(&group);
        let waiter = spawn({
            let group = group.clone();
            move || block_on(group.wait())
        });
        // Its node goes with it, wherever it stands by then.
        let mut wait = Box::pin(group.wait());
        let polled = block_on(poll_once(wait.as_mut()));
        assert!(polled.is_none());
        let thread = spawn(move || drop(member));
        drop(wait);
        join([waiter, thread]);
    });
}
