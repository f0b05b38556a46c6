//! Calls that wait for their turn at a gate: the memory that each takes for it, and the CPU time of all.
//!
//! The service has asked to be left alone for longer than this takes. Counted are the bytes of the heap
//! that waiting adds to an async call: what it allocates from its first poll on, beside the future that its
//! caller holds. Of a blocking call only all of it can be told, from its plan to its error; the thread's
//! stack is not counted.

use std::pin::Pin;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::thread;
use std::time::{Duration, Instant};

use allocation_counter::AllocationInfo;
use flow_blocking::CancelToken;
use flow_errors::RetryPolicy;
use flow_errors::call::Health;
use flow_sim::{Action, Sim};

use super::cpu;
use super::figure::Figure;
use crate::Result;
use crate::progress::Progress;

/// The most bytes that a call may add by waiting.
const BYTES: f64 = 1_024.0;

/// The most percent of one core that all of them may take together.
const PERCENT: f64 = 5.0;

const TASKS: u32 = 10_000;

/// So many threads a small machine can hold.
const THREADS: u32 = 2_000;

/// How long they are watched: as long as the longest of their naps.
const WATCHED: Duration = Duration::from_secs(10);

/// How long the service wants to be left alone.
const HINT: &str = "110000";

/// Measures both clients.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let mut figures = asynchronous(progress)?;
    figures.extend(blocking(progress)?);
    Ok(figures)
}

/// A service that refuses one call.
fn service() -> Result<Sim> {
    let refusal = Action::row(429).header("retry-after-ms", HINT);
    Ok(Sim::builder().script([refusal]).start()?)
}

fn patient() -> Result<RetryPolicy> {
    Ok(RetryPolicy::builder().max_turn_wait(Duration::from_secs(300)).build()?)
}

fn asynchronous(progress: &Progress) -> Result<Vec<Figure>> {
    let step = progress.of("waiting, async");
    step(0);
    let (sim, runtime) = (service()?, one_thread()?);
    let client = flow_async::Client::builder().api_key("sk-lab").base_url(sim.base_url());
    let client = client.no_proxy().retry(patient()?).build()?;
    let refused = client.chat("m").user("Hello").retry(RetryPolicy::none());
    if runtime.block_on(refused.send()).is_ok() {
        return Err("the service did not refuse".into());
    }
    let mut calls = Vec::with_capacity(usize::try_from(TASKS)?);
    let built = allocation_counter::measure(|| {
        calls.extend((0..TASKS).map(|_| client.chat("m").user("Hello").send()));
    });
    let counted = allocation_counter::measure(|| {
        runtime.block_on(std::future::poll_fn(|context| {
            calls.iter_mut().for_each(|call| poll(Pin::new(call), context));
            Poll::Ready(())
        }));
    });
    let waiting = client.health().get("m").map_or(0, Health::waiting);
    check(waiting, TASKS)?;
    let each = |counted: AllocationInfo| -> Result<f64> {
        Ok(f64::from(u32::try_from(counted.bytes_current)?) / f64::from(TASKS))
    };
    let (built, added) = (each(built)?, each(counted)?);
    // In tasks of their own from here on, because only those are woken up alone.
    let share = core_share(|| {
        runtime.block_on(async {
            let mut tasks = tokio::task::JoinSet::new();
            calls.into_iter().for_each(|call| drop(tasks.spawn(call)));
            tokio::time::sleep(WATCHED).await;
        });
        Ok(())
    })?;
    let mut figures = figures("async, 10,000 tasks", "added to each", added, share);
    if let Some(figure) = figures.first_mut() {
        figure.note =
            Some(format!("{}: its future, which its caller holds, is {built:.0} B", figure.name));
    }
    Ok(figures)
}

/// Polls a call that is to wait.
fn poll<F: Future + ?Sized>(call: Pin<&mut F>, context: &mut Context<'_>) {
    // Whether it does is asked of the gate.
    let _ = call.poll(context);
}

fn one_thread() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_all().build()?)
}

fn blocking(progress: &Progress) -> Result<Vec<Figure>> {
    let step = progress.of("waiting, blocking");
    step(0);
    let sim = service()?;
    let client = flow_blocking::Client::builder().api_key("sk-lab").base_url(sim.base_url());
    let client = client.no_proxy().retry(patient()?).build()?;
    let token = CancelToken::new();
    let refused = client.chat("m").user("Hello").retry(RetryPolicy::none());
    if refused.send().is_ok() {
        return Err("the service did not refuse".into());
    }
    let bound = client.with_cancel_token(&token);
    let (began, bytes) = (AtomicU32::new(0), Mutex::new(Vec::new()));
    let wait = || {
        let chat = bound.chat("m").user("Hello");
        began.fetch_add(1, Ordering::Relaxed);
        let counted = allocation_counter::measure(|| drop(chat.send()));
        bytes.lock().unwrap_or_else(PoisonError::into_inner).push(counted.bytes_max);
    };
    let share = thread::scope(|scope| -> Result<f64> {
        for _ in 0..THREADS {
            thread::Builder::new().stack_size(256 * 1_024).spawn_scoped(scope, wait)?;
        }
        let waiting = || client.health().get("m").map_or(0, Health::waiting);
        let deadline = Instant::now() + Duration::from_secs(60);
        while waiting() < usize::try_from(THREADS)? && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(10));
        }
        let waits = check(waiting(), THREADS);
        let share = waits.and_then(|()| {
            core_share(|| {
                thread::sleep(WATCHED);
                Ok(())
            })
        });
        token.cancel();
        share
    })?;
    let bytes = bytes.into_inner().unwrap_or_else(PoisonError::into_inner);
    let all: u64 = bytes.iter().sum();
    let each = f64::from(u32::try_from(all)?) / f64::from(THREADS);
    let mut figures = figures("blocking, 2,000 threads", "all of each", each, share);
    if let Some(figure) = figures.first_mut() {
        figure.limit = None;
    }
    Ok(figures)
}

fn check(waiting: usize, all: u32) -> Result {
    if waiting == usize::try_from(all)? {
        return Ok(());
    }
    Err(format!("only {waiting} of {all} calls wait for their turn").into())
}

/// Returns the CPU time of `work` in percent of one core's.
fn core_share(work: impl FnOnce() -> Result) -> Result<f64> {
    let began = Instant::now();
    let spent = cpu::spent(work)?;
    Ok(spent.as_secs_f64() / began.elapsed().as_secs_f64() * 100.0)
}

fn figures(who: &str, what: &str, bytes: f64, percent: f64) -> Vec<Figure> {
    let name = |what: &str| format!("waiting, {who}: {what}");
    vec![
        Figure::counted(name(what), "B", (bytes, None), BYTES),
        Figure::counted(name("all together"), "% of a core", (percent, None), PERCENT),
    ]
}
