//! Both clients at a service that has limits and outages: `cargo xtask goodput` in short.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use flow_api::ClientBuilder;
use flow_errors::{Attempts, RetryPolicy};
use flow_sim::{Capacity, Limit, Seen, Sim};
use flow_tests::{TestClient, both};

both! {
    limit_told_by_headers_is_kept_to
    limit_told_by_retry_after_is_kept_to
    limit_that_nobody_tells_is_kept_to
    outage_is_outlived_without_a_rush_after_it
}

/// More than a batch needs: which of its calls are refused again, and how often, is chance.
fn patient() -> RetryPolicy {
    RetryPolicy::builder().max_attempts(10).build().unwrap()
}

fn client<C: TestClient>(sim: &Sim) -> C {
    let builder = ClientBuilder::<C>::new().api_key("sk-test").base_url(sim.base_url());
    builder.no_proxy().retry(patient()).build().unwrap()
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A send, counted from when the run began.
struct Sent {
    at: Duration,
    ended: Duration,
    request_id: String,
}

fn sends(run: SystemTime, attempts: &Attempts) -> impl Iterator<Item = Sent> {
    // By the call's own word: who asks the time beside it may be held up in between.
    let began = attempts.started_at().unwrap().duration_since(run).unwrap();
    attempts.iter().map(move |attempt| {
        let at = began + attempt.started();
        let request_id = attempt.request_id().unwrap().to_owned();
        Sent { at, ended: at + attempt.elapsed(), request_id }
    })
}

/// Does 60 jobs, 20 at once, at a limit of 100 a second and 5 at once.
fn batch<C: TestClient>(limit: Limit) {
    const JOBS: usize = 60;
    const WORKERS: usize = 20;
    const BURST: usize = 5;
    let limit = limit.burst(5);
    let sim = Sim::builder().limit(limit).capacity(Capacity::new(JOBS, ms(50))).start().unwrap();
    let (client, run): (C, _) = (client(&sim), SystemTime::now());
    let (next, sent) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < JOBS {
                    let reply = C::wait(client.hello("m").send()).unwrap();
                    sent.lock().unwrap().extend(sends(run, reply.attempts()));
                }
            });
        }
    });
    let (sent, log) = (sent.into_inner().unwrap(), sim.log());
    assert_eq!(sent.len(), log.len());
    let refused = log.iter().filter(|seen| seen.answer == "429").count();
    assert_eq!(log.len() - refused, JOBS);
    // The first of all workers but the burst cannot know; of the others each third may try in vain.
    assert!(refused <= WORKERS - BURST + JOBS / 3, "{}: {refused} refused", C::NAME);
    assert_eq!(hints_broken(&sent, &log), 0, "{}", C::NAME);
}

/// Counts sends that left after a refusal was known and before the instant that it named.
fn hints_broken(sent: &[Sent], log: &[Seen]) -> usize {
    // Each call asks two clocks for the time when it begins.
    let blur = ms(5);
    let hints: HashMap<_, _> =
        log.iter().filter_map(|seen| Some((&*seen.request_id, seen.retry_after?))).collect();
    let bans = sent.iter().filter_map(|sent| {
        let hint = hints.get(&*sent.request_id)?;
        Some(sent.ended + blur..sent.ended + *hint - blur.min(*hint))
    });
    let bans: Vec<_> = bans.collect();
    sent.iter().filter(|sent| bans.iter().any(|ban| ban.contains(&sent.at))).count()
}

fn limit_told_by_headers_is_kept_to<C: TestClient>() {
    batch::<C>(Limit::per_second(100).tells_retry_after(false));
}

fn limit_told_by_retry_after_is_kept_to<C: TestClient>() {
    batch::<C>(Limit::per_second(100).tells_limits(false));
}

fn limit_that_nobody_tells_is_kept_to<C: TestClient>() {
    batch::<C>(Limit::per_second(100).tells_limits(false).tells_retry_after(false));
}

fn outage_is_outlived_without_a_rush_after_it<C: TestClient>() {
    const CALLS: u32 = 90;
    const CAPACITY: usize = 50;
    let outage = ms(1_000);
    let capacity = Capacity::new(10, ms(200)).queue(10);
    let sim = Sim::builder().outage(Duration::ZERO..outage).capacity(capacity).start().unwrap();
    let (client, run): (C, _) = (client(&sim), Instant::now());
    let attempts = AtomicUsize::new(0);
    thread::scope(|scope| {
        for call in 0..CALLS {
            // Thirty a second, however many are under way.
            let arrival = ms(1_000) * call / 30;
            thread::sleep(arrival.saturating_sub(run.elapsed()));
            scope.spawn(|| {
                let reply = C::wait(client.hello("m").send()).unwrap();
                attempts.fetch_add(reply.attempts().len(), Ordering::Relaxed);
            });
        }
    });
    let log = sim.log();
    let in_first_second = |seen: &&Seen| (outage..outage + ms(1_000)).contains(&seen.at);
    let first = log.iter().filter(in_first_second).count();
    assert!(first <= CAPACITY * 12 / 10, "{}: {first} in the first second", C::NAME);
    let attempts = attempts.into_inner();
    assert_eq!(attempts, log.len());
    assert!(attempts <= 90 * 3 / 2, "{}: {attempts} attempts", C::NAME);
}
