//! A run: processes send their jobs to a service, event by event.
//!
//! Whoever runs next is decided by virtual time alone, so a run is the same each time.

use std::time::Duration;

use flow_errors::call::Tick;

use super::answer::{Answer, Seen};
use super::draw::Draw;
use super::events::{Event, Events};
use super::job::Plan;
use super::policy::{Move, Policy};
use super::record::{Ended, Fate, Record, Sent};
use super::service::{Replies, Request, Service};

/// How late a timer is.
const LATENESS: Duration = Duration::from_micros(500);

/// How far apart the first jobs of a batch begin at most.
const SCATTER: u64 = 5_000_000;

/// The purpose of the draws that policies get.
const ENTROPY: u64 = 1;
const STARTS: u64 = 2;

/// Runs the plan with a policy for each process.
pub(super) fn run(
    plan: &Plan,
    service: Box<dyn Service>,
    policies: Vec<Box<dyn Policy>>,
    seed: u64,
) -> Record {
    let mut world = World::new(plan, service, policies, seed);
    while let Some((now, event)) = world.events.next().filter(|(now, _)| *now <= plan.until) {
        world.happen(now, event);
    }
    world.record
}

struct World<'a> {
    plan: &'a Plan,
    service: Box<dyn Service>,
    processes: Vec<Process>,
    calls: Vec<Call>,
    events: Events,
    entropy: Draw,
    in_flight: usize,
    record: Record,
}

struct Process {
    policy: Box<dyn Policy>,
    /// Jobs that wait for a worker, the next one last.
    waiting: Vec<usize>,
    /// Until when it was told to send nothing.
    not_before: Tick,
}

/// What is noted of a job that is under way.
#[derive(Clone, Copy, Debug, Default)]
struct Call {
    began: Tick,
    appointment: u64,
    attempts: u32,
    /// The send that a reply is expected to.
    send: Option<usize>,
    timeout: Option<Duration>,
}

impl<'a> World<'a> {
    fn new(
        plan: &'a Plan,
        service: Box<dyn Service>,
        policies: Vec<Box<dyn Policy>>,
        seed: u64,
    ) -> Self {
        let (mut events, mut starts) = (Events::default(), Draw::new(seed, STARTS));
        for at in service.changes() {
            events.add(at, Event::Change);
        }
        let mut processes: Vec<_> = policies
            .into_iter()
            .map(|policy| Process { policy, waiting: Vec::new(), not_before: Tick::ORIGIN })
            .collect();
        for (number, job) in plan.jobs.iter().enumerate().rev() {
            match (job.arrives, processes.get_mut(job.process)) {
                (Some(at), _) => events.add(at, Event::Come(number)),
                (None, Some(process)) => process.waiting.push(number),
                (None, None) => {}
            }
        }
        for process in &mut processes {
            for _ in 0..plan.workers {
                let Some(number) = process.waiting.pop() else { break };
                let scatter = Duration::from_nanos(starts.below(SCATTER));
                events.add(Tick::ORIGIN + scatter, Event::Come(number));
            }
        }
        let jobs = plan.jobs.len();
        let record = Record { jobs: vec![None; jobs], ..Record::default() };
        let (calls, entropy) = (vec![Call::default(); jobs], Draw::new(seed, ENTROPY));
        Self { plan, service, processes, calls, events, entropy, in_flight: 0, record }
    }

    fn happen(&mut self, now: Tick, event: Event) {
        let replies = &mut Replies { events: &mut self.events, way: self.plan.round_trip / 2 };
        match event {
            Event::Come(number) => self.begin(now, number),
            Event::Poll { job, appointment } => {
                if self.calls.get(job).is_some_and(|call| call.appointment == appointment) {
                    self.poll(now, job);
                }
            }
            Event::Arrive(send) => self.arrive(now, send),
            Event::Worked(send) => self.service.worked(now, send, replies),
            Event::Change => self.service.change(now, replies),
            Event::Reply(send, answer) => self.reply(now, send, answer),
            Event::Timeout(send) => self.time_out(now, send),
        }
        let load = self.service.load();
        let known = self.record.load.last().map(|(_, load)| *load);
        if let Some(load) = load.filter(|load| known != Some(*load)) {
            self.record.load.push((now, load));
        }
    }

    fn begin(&mut self, now: Tick, number: usize) {
        let Some(job) = self.plan.jobs.get(number) else { return };
        if let Some(call) = self.calls.get_mut(number) {
            call.began = now;
        }
        self.record.begun.push(now);
        if let Some(process) = self.processes.get_mut(job.process) {
            process.policy.begin(now, number, job);
        }
        self.poll(now, number);
    }

    fn poll(&mut self, now: Tick, number: usize) {
        let Some(job) = self.plan.jobs.get(number) else { return };
        let (Some(process), Some(call)) =
            (self.processes.get_mut(job.process), self.calls.get_mut(number))
        else {
            return;
        };
        if call.send.is_some() {
            return;
        }
        call.appointment += 1;
        let step = process.policy.poll(now, number);
        match step {
            Move::Send { timeout } => {
                call.attempts += 1;
                call.timeout = timeout.into_iter().chain(self.plan.timeout).min();
                let send = self.record.sends.len();
                call.send = Some(send);
                self.record.violations += usize::from(now < process.not_before);
                self.in_flight += 1;
                self.record.most_in_flight = self.record.most_in_flight.max(self.in_flight);
                let at = now + self.plan.round_trip / 2;
                self.record.sends.push(Sent {
                    at,
                    job: number,
                    fate: Fate::UnderWay,
                    known: Tick::MAX,
                });
                self.events.add(at, Event::Arrive(send));
                if let Some(timeout) = call.timeout {
                    self.events.add(now + timeout, Event::Timeout(send));
                }
            }
            Move::Wait(until) if until == Tick::MAX => {}
            Move::Wait(until) => {
                let appointment = call.appointment;
                self.events.add(until + LATENESS, Event::Poll { job: number, appointment });
            }
            Move::Done(end) => {
                let (process_number, tokens) = (job.process, job.tokens);
                let ended =
                    Ended { process: process_number, tokens, began: call.began, ended: now, end };
                if let Some(place) = self.record.jobs.get_mut(number) {
                    *place = Some(ended);
                }
                if let Some(next) = process.waiting.pop().filter(|_| job.arrives.is_none()) {
                    self.events.add(now, Event::Come(next));
                }
            }
        }
        self.pass_on(now, job.process);
    }

    /// Wakes the call that its policy names.
    fn pass_on(&mut self, now: Tick, process: usize) {
        let woken = self.processes.get_mut(process).and_then(|process| process.policy.take_wake());
        if let Some((number, call)) = woken.and_then(|woken| Some((woken, self.calls.get(woken)?)))
        {
            let appointment = call.appointment;
            self.events.add(now, Event::Poll { job: number, appointment });
        }
    }

    fn arrive(&mut self, now: Tick, send: usize) {
        let Some(sent) = self.record.sends.get(send) else { return };
        let (Some(job), Some(call)) = (self.plan.jobs.get(sent.job), self.calls.get(sent.job))
        else {
            return;
        };
        let request = Request { send, attempt: call.attempts, job: *job };
        let mut replies = Replies { events: &mut self.events, way: self.plan.round_trip / 2 };
        self.service.arrive(now, request, &mut replies);
    }

    fn reply(&mut self, now: Tick, send: usize, answer: Answer) {
        let fate = if answer.status.is_success() { Fate::Succeeded } else { Fate::Refused };
        self.end_send(now, send, &Seen::Answer(answer), fate);
    }

    fn time_out(&mut self, now: Tick, send: usize) {
        let sent = self.record.sends.get(send);
        let timeout = sent.and_then(|sent| self.calls.get(sent.job)?.timeout).unwrap_or_default();
        self.end_send(now, send, &Seen::Timeout(timeout), Fate::TimedOut);
    }

    /// Tells the policy what came of a send, unless its client has stopped waiting for it.
    fn end_send(&mut self, now: Tick, send: usize, seen: &Seen, fate: Fate) {
        let Some(sent) = self.record.sends.get_mut(send) else { return };
        let number = sent.job;
        let (Some(job), Some(call)) = (self.plan.jobs.get(number), self.calls.get_mut(number))
        else {
            return;
        };
        if call.send != Some(send) {
            return;
        }
        (call.send, sent.fate, sent.known) = (None, fate, now);
        self.in_flight -= 1;
        let entropy = self.entropy.word();
        if let Some(process) = self.processes.get_mut(job.process) {
            let hint = seen.hint().map_or(Tick::ORIGIN, |hint| now + hint);
            process.not_before = process.not_before.max(hint);
            process.policy.settle(now, number, entropy, seen);
        }
        self.pass_on(now, job.process);
        self.poll(now, number);
    }
}
