//! The two clients, each with as many calls at once as the load asks for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use flow_errors::Error;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time;

use super::job::{Began, Job};
use super::load::Load;
use crate::Result;

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Client {
    Async,
    Blocking,
}

impl Client {
    pub(super) const BOTH: [Self; 2] = [Self::Async, Self::Blocking];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Blocking => "blocking",
        }
    }

    /// Does all jobs of the load, and tells `step` how many have begun.
    pub(super) fn run(self, load: &Load, base_url: &str, step: &Step<'_>) -> Result<Vec<Job>> {
        match self {
            Self::Async => asynchronous(load, base_url, step),
            Self::Blocking => blocking(load, base_url, step),
        }
    }
}

/// What is told how many jobs have begun.
pub(super) type Step<'a> = dyn Fn(u32) + Sync + 'a;

/// How often the progress is told.
const TICK: Duration = Duration::from_millis(100);

fn asynchronous(load: &Load, base_url: &str, step: &Step<'_>) -> Result<Vec<Job>> {
    let client = flow_async::Client::builder().api_key("sk-lab").base_url(base_url).no_proxy();
    let client = client.retry(load.policy).build()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let (began, next) = (Began::now(), Arc::new(AtomicU32::new(0)));
        let mut workers = JoinSet::new();
        for start in load.starts() {
            let (client, load, next) = (client.clone(), load.clone(), next.clone());
            workers.spawn(async move {
                time::sleep_until((began.at + start).into()).await;
                let mut jobs = Vec::new();
                for _ in 0..load.jobs_each() {
                    let Some(model) = take(&next, &load) else { break };
                    let result = client.chat(model).user("Hello").send().await;
                    jobs.push(match &result {
                        Ok(reply) => Job::new(began, reply.attempts(), None),
                        Err(error) => failed(began, error),
                    });
                }
                jobs
            });
        }
        let mut jobs = Vec::new();
        while !workers.is_empty() {
            // Joining is safe to give up, so the time limit is only there for the progress.
            if let Ok(Some(done)) = time::timeout(TICK, workers.join_next()).await {
                jobs.extend(done?);
            }
            step(next.load(Ordering::Relaxed));
        }
        Ok(jobs)
    })
}

fn blocking(load: &Load, base_url: &str, step: &Step<'_>) -> Result<Vec<Job>> {
    let client = flow_blocking::Client::builder().api_key("sk-lab").base_url(base_url).no_proxy();
    let client = client.retry(load.policy).build()?;
    let (began, next) = (Began::now(), AtomicU32::new(0));
    let work = || {
        let mut jobs = Vec::new();
        for _ in 0..load.jobs_each() {
            let Some(model) = take(&next, load) else { break };
            step(next.load(Ordering::Relaxed));
            let result = client.chat(model).user("Hello").send();
            jobs.push(match &result {
                Ok(reply) => Job::new(began, reply.attempts(), None),
                Err(error) => failed(began, error),
            });
        }
        jobs
    };
    thread::scope(|scope| {
        let mut workers = Vec::new();
        for start in load.starts() {
            thread::sleep((began.at + start).saturating_duration_since(Instant::now()));
            workers.push(thread::Builder::new().spawn_scoped(scope, work)?);
        }
        let mut jobs = Vec::new();
        for worker in workers {
            jobs.extend(worker.join().map_err(|_| "a call panicked")?);
        }
        Ok(jobs)
    })
}

/// Takes the next job, and returns the model that it asks.
fn take(next: &AtomicU32, load: &Load) -> Option<String> {
    let job = next.fetch_add(1, Ordering::Relaxed);
    (job < load.jobs).then(|| load.model(job))
}

fn failed(began: Began, error: &Error) -> Job {
    Job::new(began, error.attempts(), Some(error))
}
