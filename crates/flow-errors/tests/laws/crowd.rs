//! Many calls through the gates of some processes to one limited service, on a virtual clock.
//!
//! The driver is one that wakes whom the gate names, as the clients' do.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::time::{Duration, SystemTime};

use flow_errors::call::{Call, Gate, Operation, Outcome, Step, Tick, Ticket, Timeouts, Verdict};
use flow_errors::headers::RateLimits;
use flow_errors::{Body, Error, RetryPolicy};
use http::{HeaderMap, Method, StatusCode};

/// What a refusal, or every reply, says of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tells {
    State,
    RetryAfter,
    Nothing,
}

/// A batch of jobs and the service that it runs into.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Batch {
    pub(crate) jobs: usize,
    pub(crate) workers: u64,
    pub(crate) processes: usize,
    pub(crate) limit: u64,
    pub(crate) burst: u64,
    pub(crate) tells: Tells,
    /// The status of refusals.
    pub(crate) status: u16,
    /// From when until when everything is refused, without a word of when to come back.
    pub(crate) down: [Duration; 2],
    /// How long a window is that has so many sends as the limit gives in it, at once or not; no limiter
    /// that spreads them, if it is not zero.
    pub(crate) window: Duration,
    /// How far apart the workers begin.
    pub(crate) arrivals: Duration,
    pub(crate) round_trip: Duration,
    pub(crate) service: Duration,
    /// The default's if it is `None`.
    pub(crate) policy: Option<RetryPolicy>,
    pub(crate) seed: u64,
}

/// How a batch went.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) succeeded: usize,
    pub(crate) failed: usize,
    pub(crate) sends: usize,
    /// When the service let the last one pass.
    pub(crate) last: Duration,
    pub(crate) polls: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    Wake(usize, u64),
    Arrive(usize),
    Reply(usize, bool),
}

struct Worker {
    process: usize,
    call: Call,
    wakes: u64,
    reply: Option<Outcome>,
}

struct World {
    batch: Batch,
    gates: Vec<Gate>,
    waiting: Vec<HashMap<Ticket, usize>>,
    workers: Vec<Worker>,
    events: BinaryHeap<Reverse<(Tick, u64, Event)>>,
    count: u64,
    /// When the server's limit is all there again.
    full_at: u64,
    /// The window that was last sent in, and how many there were.
    used: (u64, u64),
    left: usize,
    random: u64,
    report: Report,
}

impl Batch {
    pub(crate) fn run(self) -> Report {
        let all = usize::try_from(self.workers).unwrap();
        let per_process = all / self.processes;
        let workers = (0..all.min(self.jobs)).map(|number| Worker {
            process: (number / per_process).min(self.processes - 1),
            // Its own time begins when it is first polled.
            call: self.call(Tick::ORIGIN),
            wakes: 0,
            reply: None,
        });
        let mut world = World {
            batch: self,
            gates: (0..self.processes).map(|_| Gate::new()).collect(),
            waiting: vec![HashMap::new(); self.processes],
            workers: workers.collect(),
            events: BinaryHeap::new(),
            count: 0,
            full_at: 0,
            used: (0, 0),
            left: self.jobs,
            random: self.seed,
            report: Report::default(),
        };
        world.left -= world.workers.len();
        let mut arrival = Tick::ORIGIN;
        for worker in 0..world.workers.len() {
            world.wake(worker, arrival);
            arrival = arrival + self.arrivals;
        }
        world.run()
    }

    fn call(&self, now: Tick) -> Call {
        let operation = Operation::new(Method::POST, "/chat/completions").with_model("m");
        Call::new(
            operation,
            self.policy.unwrap_or_default(),
            Timeouts::default().without_deadline(),
            now,
        )
    }

    fn slot(&self) -> u64 {
        1_000_000_000 / self.limit
    }

    /// The least time in which the limit lets so many jobs pass.
    pub(crate) fn least(&self) -> Duration {
        let jobs = u64::try_from(self.jobs).unwrap();
        Duration::from_nanos((jobs.saturating_sub(self.burst)) * self.slot())
    }
}

impl World {
    fn run(mut self) -> Report {
        while let Some(Reverse((now, _, event))) = self.events.pop() {
            match event {
                Event::Wake(worker, wakes) if self.workers[worker].wakes == wakes => {
                    self.poll(worker, now);
                }
                Event::Wake(..) => {}
                Event::Arrive(worker) => self.serve(worker, now),
                Event::Reply(worker, _) => {
                    let outcome = self.workers[worker].reply.take().unwrap();
                    let (entropy, process) = (self.draw(), self.workers[worker].process);
                    self.workers[worker].call.on_outcome(
                        now,
                        entropy,
                        outcome,
                        &mut self.gates[process],
                    );
                    self.pass_on(process, now);
                    self.poll(worker, now);
                }
            }
        }
        self.report
    }

    fn poll(&mut self, worker: usize, now: Tick) {
        self.report.polls += 1;
        let process = self.workers[worker].process;
        if let Some(ticket) = self.workers[worker].call.ticket() {
            self.waiting[process].remove(&ticket);
        }
        let step = self.workers[worker].call.poll(now, &mut self.gates[process]);
        self.pass_on(process, now);
        match step {
            Step::Send(_) => {
                self.report.sends += 1;
                self.at(now + self.batch.round_trip / 2, Event::Arrive(worker));
            }
            Step::Wait { until, .. } => {
                if let Some(ticket) = self.workers[worker].call.ticket() {
                    self.waiting[process].insert(ticket, worker);
                }
                // Timers are late.
                self.wake(worker, until + Duration::from_micros(500));
            }
            Step::Done(verdict) => self.end(worker, now, &verdict),
        }
    }

    /// Wakes the one that the gate names.
    fn pass_on(&mut self, process: usize, now: Tick) {
        if let Some(ticket) = self.gates[process].take_wake() {
            // Whoever is about to be polled anyway is not in the list.
            if let Some(worker) = self.waiting[process].get(&ticket) {
                self.wake(*worker, now);
            }
        }
    }

    fn end(&mut self, worker: usize, now: Tick, verdict: &Verdict) {
        match verdict {
            Verdict::Succeeded => self.report.succeeded += 1,
            Verdict::Failed(_) => self.report.failed += 1,
        }
        if self.left > 0 {
            self.left -= 1;
            self.workers[worker].call = self.batch.call(now);
            self.wake(worker, now);
        }
    }

    /// A limiter, and replies that tell of it as they should.
    fn serve(&mut self, worker: usize, now: Tick) {
        let slot = self.batch.slot();
        let [from, until] = self.batch.down;
        let is_down = (from..until).contains(&now.since(Tick::ORIGIN));
        let ahead = self.full_at.saturating_sub(now.as_nanos());
        let is_granted = !is_down && self.takes(now);
        if is_granted {
            self.full_at = self.full_at.max(now.as_nanos()) + slot;
            self.report.last = now.since(Tick::ORIGIN);
        }
        let mut headers = HeaderMap::new();
        if self.batch.tells == Tells::State {
            let ahead = self.full_at.saturating_sub(now.as_nanos());
            let taken = ahead.div_ceil(slot);
            headers.insert("x-ratelimit-limit-requests", self.batch.burst.into());
            headers.insert("x-ratelimit-remaining-requests", (self.batch.burst - taken).into());
            let reset = format!("{}ms", ahead.div_ceil(1_000_000));
            headers.insert("x-ratelimit-reset-requests", reset.parse().unwrap());
        }
        if self.batch.tells != Tells::Nothing && !is_granted && !is_down {
            let wait = ahead - slot * (self.batch.burst - 1);
            headers.insert("retry-after-ms", wait.div_ceil(1_000_000).into());
        }
        let (outcome, takes) = if is_granted {
            let limits = RateLimits::from_headers(&headers);
            let status = StatusCode::OK;
            let takes = self.service_time();
            (Outcome::Succeeded { status, request_id: None, limits, tokens: None }, takes)
        } else {
            let status = StatusCode::from_u16(self.batch.status).unwrap();
            let error =
                Error::from_response(status, &headers, Body::default(), SystemTime::UNIX_EPOCH);
            (Outcome::Failed(error), Duration::ZERO)
        };
        self.workers[worker].reply = Some(outcome);
        self.at(now + takes + self.batch.round_trip / 2, Event::Reply(worker, is_granted));
    }

    /// Returns whether the limit has room for a send, and takes it of a window.
    fn takes(&mut self, now: Tick) -> bool {
        let Batch { limit, burst, window, .. } = self.batch;
        if window.is_zero() {
            let ahead = self.full_at.saturating_sub(now.as_nanos());
            return ahead <= self.batch.slot() * (burst - 1);
        }
        let window = u64::try_from(window.as_nanos()).unwrap();
        let number = now.as_nanos() / window;
        let before = if self.used.0 == number { self.used.1 } else { 0 };
        let has_room = before < limit * window / 1_000_000_000;
        self.used = (number, before + u64::from(has_room));
        has_room
    }

    /// Log-normal with a sigma of a half.
    fn service_time(&mut self) -> Duration {
        let sum: u64 = (0..12).map(|_| self.draw() >> 32).sum();
        #[expect(clippy::cast_precision_loss, reason = "a random number")]
        let normal = sum as f64 / f64::from(u32::MAX) - 6.0;
        self.batch.service.mul_f64((normal / 2.0).exp())
    }

    fn wake(&mut self, worker: usize, at: Tick) {
        self.workers[worker].wakes += 1;
        let wakes = self.workers[worker].wakes;
        self.at(at, Event::Wake(worker, wakes));
    }

    fn at(&mut self, at: Tick, event: Event) {
        self.count += 1;
        self.events.push(Reverse((at, self.count, event)));
    }

    /// `SplitMix64`.
    fn draw(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.random;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}
