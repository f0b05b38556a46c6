//! What the laws of the gate are for: a batch that runs into a limit finishes about when it can.
//!
//! The figures are bounds that every seed keeps to with room to spare; the storm laboratory has the
//! exact ones.

use std::time::Duration;

use flow_errors::RetryPolicy;

use crate::crowd::{Batch, Report, Tells};

const BATCH: Batch = Batch {
    jobs: 500,
    workers: 64,
    processes: 1,
    limit: 10,
    burst: 10,
    tells: Tells::Nothing,
    status: 429,
    down: [Duration::ZERO; 2],
    window: Duration::ZERO,
    arrivals: Duration::ZERO,
    round_trip: Duration::from_millis(50),
    service: Duration::from_secs(2),
    policy: None,
    seed: 0,
};

const EVERY: [Tells; 3] = [Tells::State, Tells::RetryAfter, Tells::Nothing];

/// Sends for each job, in hundredths.
fn sends_each(batch: &Batch, report: &Report) -> usize {
    report.sends * 100 / batch.jobs
}

/// How long it took, in hundredths of the least time.
fn time(batch: &Batch, report: &Report) -> u128 {
    report.last.as_millis() * 100 / batch.least().as_millis()
}

#[test]
fn batch_of_one_process_takes_as_long_as_the_limit_and_hardly_a_refusal() {
    for tells in EVERY {
        for seed in 0..3 {
            let batch = Batch { tells, seed, policy: Some(RetryPolicy::batch()), ..BATCH };
            let report = batch.run();
            assert_eq!((report.succeeded, report.failed), (500, 0), "{tells:?} {seed}");
            assert!(time(&batch, &report) <= 112, "{tells:?} {seed}: {}", time(&batch, &report));
            // 54 of the first 64 are refused before anybody knows.
            assert!(sends_each(&batch, &report) <= 116, "{tells:?} {seed}: {}", report.sends);
        }
    }
}

#[test]
fn limits_of_all_sizes_are_found() {
    for (limit, burst, jobs, service) in
        [(1, 5, 200, 2_000), (100, 20, 3_000, 500), (500, 100, 5_000, 100)]
    {
        for tells in EVERY {
            let service = Duration::from_millis(service);
            let policy = Some(RetryPolicy::batch());
            let batch = Batch {
                limit,
                burst,
                jobs,
                tells,
                service,
                policy,
                workers: 32.max(limit),
                ..BATCH
            };
            let report = batch.run();
            assert_eq!(report.failed, 0, "{limit}/s {tells:?}");
            assert!(time(&batch, &report) <= 125, "{limit}/s {tells:?}: {}", time(&batch, &report));
            assert!(sends_each(&batch, &report) <= 140, "{limit}/s {tells:?}: {}", report.sends);
        }
    }
}

/// As over sockets: threads begin one after another, and the service is near.
const NEAR: Batch = Batch {
    jobs: 400,
    limit: 100,
    burst: 20,
    arrivals: Duration::from_micros(100),
    round_trip: Duration::from_millis(1),
    service: Duration::from_millis(250),
    ..BATCH
};

/// Long enough to find a limit once more.
const LONG: Batch =
    Batch { jobs: 3_000, arrivals: Duration::ZERO, round_trip: Duration::from_millis(10), ..NEAR };

#[test]
fn burst_that_is_refused_while_it_still_begins_is_guessed_as_large_as_it_is() {
    for tells in [Tells::State, Tells::RetryAfter] {
        let batch = Batch { tells, ..NEAR };
        let report = batch.run();
        assert_eq!(report.failed, 0, "{tells:?}");
        assert!(time(&batch, &report) <= 103, "{tells:?}: {}", time(&batch, &report));
    }
}

#[test]
fn call_that_is_refused_among_the_last_does_not_hold_up_the_end() {
    for seed in 0..40 {
        // The rate is learned, and from time to time found to be too high.
        let batch = Batch { seed, ..NEAR };
        let report = batch.run();
        assert_eq!(report.failed, 0, "{seed}");
        assert!(time(&batch, &report) <= 104, "{seed}: {}", time(&batch, &report));
    }
}

#[test]
fn processes_that_share_a_limit_without_knowing_it_finish_too() {
    for tells in EVERY {
        let policy = Some(RetryPolicy::batch());
        let batch = Batch { processes: 8, tells, policy, ..BATCH };
        let report = batch.run();
        assert_eq!(report.failed, 0, "{tells:?}");
        // Half as long a batch as the laboratory's: the first burst and the way down from it weigh double.
        assert!(time(&batch, &report) <= 125, "{tells:?}: {}", time(&batch, &report));
        assert!(sends_each(&batch, &report) <= 155, "{tells:?}: {}", report.sends);
    }
}

#[test]
fn processes_that_know_their_share_do_not_refuse_each_other() {
    let policy = RetryPolicy::builder().max_attempts(10).share(1, 8).build().unwrap();
    let batch = Batch { processes: 8, tells: Tells::State, policy: Some(policy), ..BATCH };
    let report = batch.run();
    assert_eq!(report.failed, 0);
    assert!(time(&batch, &report) <= 115, "{}", time(&batch, &report));
    assert!(sends_each(&batch, &report) <= 115, "{}", report.sends);
}

#[test]
fn outage_is_neither_multiplied_nor_passed_on_to_the_callers() {
    // 60 calls a second for half a minute; nothing works for 5 seconds, and then 100 a second.
    let batch = Batch {
        jobs: 1_800,
        workers: 1_800,
        limit: 100,
        burst: 5,
        status: 503,
        down: [Duration::ZERO, Duration::from_secs(5)],
        arrivals: Duration::from_micros(16_667),
        service: Duration::from_millis(50),
        ..BATCH
    };
    for seed in 0..3 {
        let report = Batch { seed, ..batch }.run();
        assert!(report.failed <= 36, "{} of 1,800 failed", report.failed);
        assert!(sends_each(&batch, &report) <= 150, "{}", report.sends);
        let report = Batch { seed, policy: Some(RetryPolicy::batch()), ..batch }.run();
        assert_eq!(report.failed, 0);
    }
}

#[test]
fn waiting_calls_are_polled_when_it_is_their_turn_and_hardly_ever_else() {
    let batch = Batch { jobs: 300, workers: 300, limit: 10, ..BATCH };
    let policy = RetryPolicy::builder().max_attempts(10).max_turn_wait(Duration::MAX);
    let report = Batch { policy: Some(policy.build().unwrap()), ..batch }.run();
    assert_eq!(report.failed, 0);
    // A call for each send, its end, becoming the next one, and its turn, and beside those a thousand
    // polls a second at most.
    let naps = usize::try_from(report.last.as_millis()).unwrap();
    assert!(report.polls <= 6 * report.sends + naps, "{} of {}", report.polls, report.sends);
}

#[test]
fn limits_that_are_a_window_and_not_told_are_found() {
    for (seconds, most) in [(1, 125), (5, 210)] {
        for seed in 0..4 {
            let window = Duration::from_secs(seconds);
            let policy = Some(RetryPolicy::batch());
            let batch = Batch { window, seed, policy, ..LONG };
            let report = batch.run();
            assert_eq!(report.failed, 0, "{seconds} s, {seed}");
            assert!(
                time(&batch, &report) <= most,
                "{seconds} s, {seed}: {}",
                time(&batch, &report)
            );
            assert!(sends_each(&batch, &report) <= 112, "{seconds} s, {seed}: {}", report.sends);
        }
    }
}

#[test]
fn refusals_of_all_for_a_while_are_not_taken_for_a_limit() {
    for (millis, most) in [(100, 104), (500, 106), (2_000, 115)] {
        for seed in 0..4 {
            let down = [10_000, 10_000 + millis].map(Duration::from_millis);
            let policy = Some(RetryPolicy::batch());
            let batch = Batch { down, seed, policy, ..LONG };
            let report = batch.run();
            assert_eq!(report.failed, 0, "{millis} ms, {seed}");
            assert!(
                time(&batch, &report) <= most,
                "{millis} ms, {seed}: {}",
                time(&batch, &report)
            );
        }
    }
}
