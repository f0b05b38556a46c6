//! The figures of one run, from what the callers saw and what the server told them.

use std::collections::HashMap;
use std::time::Duration;

use flow_sim::Seen;

use super::job::{Job, Sent};

/// How far two calls' clocks may be apart: each asks for the time twice when it begins.
const BLUR: Duration = Duration::from_millis(1);

/// What is counted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) jobs: u32,
    pub(super) succeeded: u32,
    /// When the last job was over.
    pub(super) makespan: Duration,
    pub(super) sends: u32,
    pub(super) refused: u32,
    /// Refused sends that left when no refusal was known yet.
    pub(super) refused_unaware: u32,
    /// Sends that left earlier than a `Retry-After` allowed that was known already.
    pub(super) hints_broken: u32,
    /// The most sends under way at once.
    pub(super) peak: u32,
    /// What was let through and what was refused in each tenth of a second, as it left.
    pub(super) course: Vec<[u32; 2]>,
    /// Why jobs failed, and how many.
    pub(super) failures: Vec<(String, u32)>,
}

impl Tally {
    pub(super) fn of(jobs: &[Job], log: &[Seen]) -> Self {
        let sends: Vec<&Sent> = jobs.iter().flat_map(|job| &job.sends).collect();
        let refused: Vec<&Sent> = sends.iter().copied().filter(|sent| sent.is_refused()).collect();
        let known = refused.iter().map(|sent| sent.ended).min().unwrap_or(Duration::MAX);
        let is_unaware = |sent: &&&Sent| sent.at <= known.saturating_add(BLUR);
        Self {
            jobs: count(jobs.iter()),
            succeeded: count(jobs.iter().filter(|job| job.is_done())),
            makespan: jobs.iter().map(|job| job.ended).max().unwrap_or_default(),
            sends: count(sends.iter()),
            refused: count(refused.iter()),
            refused_unaware: count(refused.iter().filter(is_unaware)),
            hints_broken: hints_broken(&sends, log),
            peak: peak(&sends),
            course: course(&sends),
            failures: failures(jobs),
        }
    }

    /// Adds what another run came to, one after the other.
    pub(super) fn add(&mut self, other: Self) {
        self.jobs += other.jobs;
        self.succeeded += other.succeeded;
        self.makespan += other.makespan;
        self.sends += other.sends;
        self.refused += other.refused;
        self.refused_unaware += other.refused_unaware;
        self.hints_broken += other.hints_broken;
        self.peak = self.peak.max(other.peak);
        self.course.extend(other.course);
        for (why, times) in other.failures {
            add(&mut self.failures, &why, times);
        }
    }

    /// Returns the sends for each job that succeeded.
    pub(super) fn calls_per_success(&self) -> f64 {
        f64::from(self.sends) / f64::from(self.succeeded)
    }

    /// Returns the sends for each job.
    pub(super) fn calls_per_job(&self) -> f64 {
        f64::from(self.sends) / f64::from(self.jobs)
    }

    pub(super) fn succeeded_share(&self) -> f64 {
        f64::from(self.succeeded) / f64::from(self.jobs)
    }

    pub(super) fn refused_share(&self) -> f64 {
        f64::from(self.refused) / f64::from(self.sends)
    }

    /// Returns the share of sends that were refused beyond the first burst, which nobody could foresee.
    pub(super) fn avoidable_share(&self) -> f64 {
        f64::from(self.refused.saturating_sub(self.refused_unaware)) / f64::from(self.sends)
    }
}

/// Returns how many requests came in a second that began so long after the server's start.
pub(super) fn in_second(log: &[Seen], start: Duration) -> u32 {
    let second = start..start.saturating_add(Duration::from_secs(1));
    count(log.iter().filter(|seen| second.contains(&seen.at)))
}

fn hints_broken(sends: &[&Sent], log: &[Seen]) -> u32 {
    let hints: HashMap<&str, Duration> =
        log.iter().filter_map(|seen| Some((&*seen.request_id, seen.retry_after?))).collect();
    let bans: Vec<_> = sends
        .iter()
        .filter_map(|sent| {
            let hint = hints.get(sent.request_id.as_deref()?)?;
            let from = sent.ended.saturating_add(BLUR);
            Some(from..sent.ended.saturating_add(*hint).saturating_sub(BLUR))
        })
        .collect();
    count(sends.iter().filter(|sent| bans.iter().any(|ban| ban.contains(&sent.at))))
}

fn peak(sends: &[&Sent]) -> u32 {
    let starts = sends.iter().map(|sent| (sent.at, 1));
    let mut changes: Vec<_> = starts.chain(sends.iter().map(|sent| (sent.ended, -1))).collect();
    // Of one instant the ends come first.
    changes.sort_unstable();
    let under_way = changes.iter().scan(0_i64, |now, (_, change)| {
        *now += change;
        Some(*now)
    });
    u32::try_from(under_way.max().unwrap_or(0)).unwrap_or(u32::MAX)
}

fn course(sends: &[&Sent]) -> Vec<[u32; 2]> {
    let mut course = Vec::new();
    for sent in sends {
        let tenth = usize::try_from(sent.at.as_millis() / 100).unwrap_or(usize::MAX);
        if course.len() <= tenth {
            course.resize(tenth.saturating_add(1), [0, 0]);
        }
        if let Some([granted, refused]) = course.get_mut(tenth) {
            *if sent.is_refused() { refused } else { granted } += 1;
        }
    }
    course
}

fn failures(jobs: &[Job]) -> Vec<(String, u32)> {
    let mut failures = Vec::new();
    jobs.iter().filter_map(|job| job.failure.as_deref()).for_each(|why| add(&mut failures, why, 1));
    failures
}

fn add(failures: &mut Vec<(String, u32)>, why: &str, more: u32) {
    match failures.iter_mut().find(|(known, _)| known == why) {
        Some((_, times)) => *times += more,
        None => failures.push((why.to_owned(), more)),
    }
}

fn count<T>(of: impl Iterator<Item = T>) -> u32 {
    u32::try_from(of.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use flow_errors::RetryPolicy;
    use flow_sim::{Limit, Sim};
    use http::StatusCode;

    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    fn sent([at, ended]: [u64; 2], status: u16, request_id: &str) -> Sent {
        let (status, request_id) = (StatusCode::from_u16(status).ok(), Some(request_id.to_owned()));
        Sent { at: ms(at), ended: ms(ended), status, request_id }
    }

    fn job(failure: Option<&str>, sends: Vec<Sent>) -> Job {
        let ended = sends.last().map(|sent| sent.ended).unwrap_or_default();
        Job { ended, sends, failure: failure.map(str::to_owned) }
    }

    #[test]
    fn runs_are_counted() {
        let jobs = [
            job(None, vec![sent([0, 100], 200, "a")]),
            job(None, vec![sent([0, 10], 429, "b"), sent([100, 150], 200, "c")]),
            job(
                Some("rate_limit, turn"),
                vec![sent([5, 15], 429, "d"), sent([120, 130], 429, "e")],
            ),
        ];
        let tally = Tally::of(&jobs, &[]);
        let want = Tally {
            jobs: 3,
            succeeded: 2,
            makespan: ms(150),
            sends: 5,
            refused: 3,
            refused_unaware: 2,
            hints_broken: 0,
            peak: 3,
            course: vec![[1, 2], [1, 1]],
            failures: vec![("rate_limit, turn".to_owned(), 1)],
        };
        assert_eq!(tally, want);
        assert!((tally.avoidable_share() - 0.2).abs() < 1e-9);
        let mut twice = tally.clone();
        twice.add(tally);
        assert_eq!((twice.makespan, twice.sends, twice.peak), (ms(300), 10, 3));
        assert_eq!(twice.failures, [("rate_limit, turn".to_owned(), 2)]);
    }

    #[test]
    fn send_breaks_a_hint_only_while_it_is_known_and_not_over() {
        let sim = Sim::builder().limit(Limit::per_minute(1)).start().unwrap();
        // Two clients, because one that has met the limit keeps to it.
        let [first, second] = [(); 2].map(|()| {
            let client = flow_blocking::Client::builder().api_key("sk-test");
            client.base_url(sim.base_url()).retry(RetryPolicy::none()).build().unwrap()
        });
        first.chat("m").user("Hello").send().unwrap();
        second.chat("m").user("Hello").send().unwrap_err();
        let mut log = sim.log();
        let refusal = log.pop().unwrap();
        assert!(refusal.retry_after.unwrap() > ms(30_000));
        let mut told = [refusal.clone()];
        told[0].retry_after = Some(ms(100));
        for (name, at, want) in [
            ("before it was known", 9, 0),
            ("known", 12, 1),
            ("nearly over", 108, 1),
            ("over", 110, 0),
        ] {
            let id = &refusal.request_id;
            let jobs = [job(None, vec![sent([0, 10], 429, id), sent([at, 200], 200, "other")])];
            assert_eq!(Tally::of(&jobs, &told).hints_broken, want, "{name}");
        }
    }

    #[test]
    fn requests_of_a_second_are_those_that_came_in_it() {
        let sim = Sim::start().unwrap();
        let client = flow_blocking::Client::builder().api_key("sk-test").base_url(sim.base_url());
        client.build().unwrap().chat("m").user("Hello").send().unwrap();
        let [seen]: [Seen; 1] = sim.log().try_into().unwrap();
        let log: Vec<_> = [999, 1_000, 1_999, 2_000]
            .map(|at| {
                let mut seen = seen.clone();
                seen.at = ms(at);
                seen
            })
            .into();
        assert_eq!(in_second(&log, ms(1_000)), 2);
    }
}
