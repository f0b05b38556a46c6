//! Runs each model in every order of its threads.

use flow_interleavings::turns;

/// So many switches between threads that could have gone on are enough for every bug that was ever
/// looked for; without a bound there are more orders than time.
const SWITCHES: usize = 3;

fn in_every_order(model: fn()) {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(SWITCHES);
    // Wearing out the gate takes a step for each lock.
    orders.max_branches = 10_000;
    orders.check(model);
}

#[test]
fn each_turn_comes_from_the_call_before() {
    in_every_order(turns::each_turn_comes_from_the_call_before);
}

#[test]
fn turn_of_a_call_that_gives_up_goes_to_the_next() {
    in_every_order(turns::turn_of_a_call_that_gives_up_goes_to_the_next);
}

#[test]
fn cancelled_call_wakes_up_and_leaves_its_place() {
    in_every_order(turns::cancelled_call_wakes_up_and_leaves_its_place);
}
