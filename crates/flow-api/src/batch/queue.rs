//! The calls of a batch: which one begins next, and what became of the others. No I/O.
//!
//! Both clients run a batch as a loop over this. A call is known by the index of its request; its key
//! does not travel with it.

use std::collections::BTreeMap;
use std::fmt;
use std::iter::Fuse;

use flow_errors::call::{Operation, Tick};
use flow_errors::{Error, Kind, Result};
use http::Method;

use super::progress::Progress;
use super::request::Request;
use crate::base_url::CHAT;
use crate::calls::Execute;
use crate::chat_call::Chat;
use crate::options::CallOptions;
use crate::stop_token::StopToken;
use crate::{ChatCompletion, ChatRequest, Reply};

/// Is told of every result.
pub(crate) type OnProgress = Box<dyn FnMut(&Progress) + Send>;

/// The requests of a batch, those under way, and how far it has come.
pub struct Queue<I: Iterator<Item: Request>> {
    requests: Fuse<I>,
    options: CallOptions,
    concurrency: usize,
    next_index: usize,
    in_flight: BTreeMap<usize, <I::Item as Request>::Key>,
    stop: StopToken,
    is_lost: bool,
    stopped_by: Option<Error>,
    began: Option<Tick>,
    progress: Progress,
    on_progress: Option<OnProgress>,
}

/// What is to be done next.
#[expect(clippy::exhaustive_enums, reason = "a driver has to do each of these")]
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one at a time, taken apart at once")]
pub enum Next<K> {
    /// Begin a call.
    Call(Task),
    /// Hand out a result that needs no call.
    Done(Done<K>),
    /// Wait until one of the calls under way is over.
    Wait,
    /// Nothing: every request has its result.
    End,
}

/// A call that is to be made.
#[derive(Debug)]
pub struct Task {
    index: usize,
    request: ChatRequest,
    options: CallOptions,
}

impl Task {
    /// Returns the index of the request.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// Makes the call.
    pub fn send<C: Execute>(self, client: &C) -> C::Sending<ChatCompletion> {
        Chat::with_options(client, self.request, self.options).send()
    }
}

/// What a request of a batch came to.
#[non_exhaustive]
#[derive(Debug)]
pub struct Done<K> {
    /// The place of the request among all, from 0.
    pub index: usize,
    /// The key that came with the request.
    pub key: K,
    /// The reply, or why there is none.
    pub result: Result<Reply<ChatCompletion>>,
}

impl<I: Iterator<Item: Request>> Queue<I> {
    pub(crate) fn new(
        requests: I,
        mut options: CallOptions,
        concurrency: usize,
        on_progress: Option<OnProgress>,
    ) -> Self {
        let (least, most) = requests.size_hint();
        let total = most.filter(|most| *most == least);
        let stop = StopToken::default();
        options.stop = Some(stop.clone());
        Self {
            requests: requests.fuse(),
            options,
            concurrency: concurrency.max(1),
            next_index: 0,
            in_flight: BTreeMap::new(),
            stop,
            is_lost: false,
            stopped_by: None,
            began: None,
            progress: Progress::new(total),
            on_progress,
        }
    }

    /// Returns what is to be done next.
    pub fn next(&mut self, now: Tick) -> Next<<I::Item as Request>::Key> {
        self.began.get_or_insert(now);
        if self.is_lost {
            if let Some((index, key)) = self.in_flight.pop_first() {
                return Next::Done(self.done(now, index, key, Err(Error::cancelled())));
            }
        }
        // What was paid for comes before what is not going to be sent.
        let has_room = self.in_flight.len() < self.concurrency && self.stopped_by.is_none();
        if !has_room && !self.in_flight.is_empty() {
            return Next::Wait;
        }
        let request = if self.stop.is_stopped() { None } else { self.requests.next() };
        let Some(request) = request else {
            return if self.in_flight.is_empty() { Next::End } else { Next::Wait };
        };
        let (key, request) = request.into_parts();
        let index = self.next_index;
        self.next_index = index.saturating_add(1);
        if let Some(error) = &self.stopped_by {
            let operation = Operation::new(Method::POST, CHAT).with_model(request.model());
            let error = error.of_service().with_operation(operation);
            return Next::Done(self.done(now, index, key, Err(error)));
        }
        self.in_flight.insert(index, key);
        Next::Call(Task { index, request, options: self.options.clone() })
    }

    /// Notes what a call came to, and returns it for the caller; `None` for a call that is not under
    /// way.
    pub fn finish(
        &mut self,
        now: Tick,
        index: usize,
        result: Result<Reply<ChatCompletion>>,
    ) -> Option<Done<<I::Item as Request>::Key>> {
        let key = self.in_flight.remove(&index)?;
        if let Err(error) = &result {
            // What was stopped with the batch is nobody's failure.
            let is_stopped = error.kind() == Kind::Cancelled && self.stop.is_stopped();
            if is_everyones(error.kind()) && !is_stopped {
                self.stopped_by.get_or_insert_with(|| error.clone());
            }
        }
        Some(self.done(now, index, key, result))
    }

    /// Returns what has no further requests taken, and ends the calls that are not being sent: the
    /// batch is over when the others are.
    #[must_use]
    pub const fn stop_token(&self) -> &StopToken {
        &self.stop
    }

    /// Notes that the calls under way have ended without a result, and that no other can be made.
    pub fn lose(&mut self) {
        self.is_lost = true;
        self.stopped_by.get_or_insert_with(Error::cancelled);
    }

    /// Returns the failure that ended the batch early, if one did.
    #[must_use]
    pub const fn stopped_by(&self) -> Option<&Error> {
        self.stopped_by.as_ref()
    }

    /// Returns how far the batch has come.
    #[must_use]
    pub const fn progress(&self) -> &Progress {
        &self.progress
    }

    fn done<K>(
        &mut self,
        now: Tick,
        index: usize,
        key: K,
        result: Result<Reply<ChatCompletion>>,
    ) -> Done<K> {
        let elapsed = self.began.map(|began| now.since(began)).unwrap_or_default();
        self.progress.note(elapsed, self.in_flight.len(), &result);
        if let Some(hook) = &mut self.on_progress {
            hook(&self.progress);
        }
        Done { index, key, result }
    }
}

impl<I: Iterator<Item: Request>> fmt::Debug for Queue<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue")
            .field("options", &self.options)
            .field("concurrency", &self.concurrency)
            .field("progress", &self.progress)
            .finish_non_exhaustive()
    }
}

/// Whether what one call failed with is what every other one will fail with as well.
const fn is_everyones(kind: Kind) -> bool {
    matches!(kind, Kind::InvalidApiKey | Kind::InsufficientBalance | Kind::Config | Kind::Cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Tick = Tick::ORIGIN;

    fn requests(count: usize) -> impl Iterator<Item = (String, ChatRequest)> {
        (0..count).map(|index| (format!("k{index}"), ChatRequest::new("m").user("Hello")))
    }

    fn queue(
        count: usize,
        concurrency: usize,
    ) -> Queue<impl Iterator<Item = (String, ChatRequest)>> {
        Queue::new(requests(count), CallOptions::default(), concurrency, None)
    }

    fn call<K: fmt::Debug>(next: Next<K>) -> usize {
        match next {
            Next::Call(task) => task.index(),
            other => panic!("{other:?}"),
        }
    }

    fn failed() -> Result<Reply<ChatCompletion>> {
        Err(Error::connect("refused"))
    }

    #[test]
    fn as_many_calls_begin_as_there_is_room_for() {
        let mut queue = queue(3, 2);
        assert_eq!((call(queue.next(NOW)), call(queue.next(NOW))), (0, 1));
        assert!(matches!(queue.next(NOW), Next::Wait));
        let done = queue.finish(NOW, 1, failed()).unwrap();
        assert_eq!((done.index, &*done.key), (1, "k1"));
        assert!(queue.finish(NOW, 1, failed()).is_none(), "only once");
        assert_eq!(call(queue.next(NOW)), 2);
        queue.finish(NOW, 0, failed()).unwrap();
        assert!(matches!(queue.next(NOW), Next::Wait));
        queue.finish(NOW, 2, failed()).unwrap();
        assert!(matches!(queue.next(NOW), Next::End));
        assert_eq!((queue.progress().failed(), queue.progress().total()), (3, Some(3)));
    }

    #[test]
    fn failure_that_is_everyones_stops_what_was_not_sent_after_what_was() {
        let mut queue = queue(4, 2);
        assert_eq!((call(queue.next(NOW)), call(queue.next(NOW))), (0, 1));
        let error = Error::new(Kind::InvalidApiKey, flow_errors::Class::Permanent, "no");
        queue.finish(NOW, 0, Err(error)).unwrap();
        assert!(matches!(queue.next(NOW), Next::Wait), "what is under way comes first");
        queue.finish(NOW, 1, failed()).unwrap();
        for index in 2..4 {
            let Next::Done(done) = queue.next(NOW) else { panic!("{index}") };
            let error = done.result.unwrap_err();
            assert_eq!((done.index, error.kind()), (index, Kind::InvalidApiKey));
            assert_eq!(error.operation().unwrap().model(), Some("m"));
            assert!(error.attempts().is_empty() && !error.is_maybe_billed());
        }
        assert!(matches!(queue.next(NOW), Next::End));
        assert_eq!(queue.stopped_by().unwrap().kind(), Kind::InvalidApiKey);
    }

    #[test]
    fn calls_that_are_lost_end_as_cancelled() {
        let mut queue = queue(3, 2);
        assert_eq!((call(queue.next(NOW)), call(queue.next(NOW))), (0, 1));
        queue.lose();
        for index in 0..3 {
            let Next::Done(done) = queue.next(NOW) else { panic!("{index}") };
            assert_eq!((done.index, done.result.unwrap_err().kind()), (index, Kind::Cancelled));
        }
        assert!(matches!(queue.next(NOW), Next::End));
    }

    #[test]
    fn batch_that_is_told_to_stop_takes_no_more_and_waits_for_what_is_under_way() {
        let mut queue = queue(9, 2);
        assert_eq!((call(queue.next(NOW)), call(queue.next(NOW))), (0, 1));
        queue.stop_token().stop();
        for index in 0..2 {
            assert!(matches!(queue.next(NOW), Next::Wait));
            queue.finish(NOW, index, failed()).unwrap();
        }
        assert!(matches!(queue.next(NOW), Next::End));
        assert!(queue.stopped_by().is_none());
    }

    #[test]
    fn no_room_at_all_is_room_for_one() {
        let mut queue = queue(1, 0);
        assert_eq!(call(queue.next(NOW)), 0);
    }
}
