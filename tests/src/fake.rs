//! A transport for both clients that follows a script and notes what it was asked to do.

use std::collections::VecDeque;
use std::future::pending;
use std::io::{self, Read};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use flow_api::client::InFlight;
use flow_api::client::head::MAX_ERROR_BODY_TIME;
use flow_blocking::CancelToken;
use flow_errors::call::Tick;
use flow_errors::{Error, Result, Sent};
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::BodyExt;

use crate::VirtualClock;

/// What happens to one attempt.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Scene {
    /// A reply's head arrives after a while, its body right after it.
    Reply {
        /// How long the head takes.
        takes: Duration,
        /// The status.
        status: StatusCode,
        /// The headers.
        headers: HeaderMap,
        /// The body, or what arrives of it.
        body: Bytes,
        /// How the body ends.
        fault: BodyFault,
    },
    /// No connection.
    Refuse,
    /// The connection breaks after the request was written.
    Reset {
        /// How long that takes.
        takes: Duration,
    },
    /// The request is written and nothing ever comes back.
    Stall,
}

/// How a body ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BodyFault {
    /// As it should.
    None,
    /// The connection breaks.
    Reset,
    /// Nothing more ever comes.
    Stall,
    /// The caller cancels.
    Cancel,
}

/// What the transport was asked to do.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Seen {
    /// When.
    pub at: Tick,
    /// How long it may take.
    pub timeout: Option<Duration>,
    /// Method and URL.
    pub line: String,
    /// The headers, sorted, but for `User-Agent`.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Bytes,
}

/// The transport; clones share script and log.
#[derive(Clone, Debug)]
pub struct Fake {
    clock: VirtualClock,
    scenes: Arc<Mutex<VecDeque<Scene>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Fake {
    /// Creates a transport that follows `scenes`, then refuses to connect.
    #[must_use]
    pub fn new(clock: VirtualClock, scenes: impl IntoIterator<Item = Scene>) -> Self {
        let scenes = Arc::new(Mutex::new(scenes.into_iter().collect()));
        Self { clock, scenes, seen: Arc::default() }
    }

    /// Returns what it was asked to do so far.
    #[must_use]
    pub fn seen(&self) -> Vec<Seen> {
        lock(&self.seen).clone()
    }

    fn next(&self, request: &Request<Bytes>, in_flight: &InFlight) -> Scene {
        let mut headers: Vec<_> = request
            .headers()
            .iter()
            .filter(|(name, _)| *name != http::header::USER_AGENT)
            .map(|(name, value)| {
                (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
            })
            .collect();
        headers.sort();
        lock(&self.seen).push(Seen {
            at: self.clock.tick(),
            timeout: in_flight.timeout(),
            line: format!("{} {}", request.method(), request.uri()),
            headers,
            body: request.body().clone(),
        });
        lock(&self.scenes).pop_front().unwrap_or(Scene::Refuse)
    }

    /// Lets time pass, up to the timeout; returns whether that came first.
    fn passes(&self, takes: Duration, until: Option<Tick>) -> bool {
        let end = self.clock.tick() + takes;
        match until {
            Some(until) if end > until => {
                self.clock.advance(until.since(self.clock.tick()));
                true
            }
            _ => {
                self.clock.advance(takes);
                false
            }
        }
    }

    /// When the send, or its wait for the head if that is sooner, has taken too long.
    fn until(&self, in_flight: &InFlight) -> Option<Tick> {
        let limits = [in_flight.timeout(), in_flight.wait_limit()];
        limits.into_iter().flatten().min().map(|limit| self.clock.tick() + limit)
    }
}

#[async_trait::async_trait]
impl flow_async::Transport for Fake {
    async fn send(
        &self,
        request: Request<Bytes>,
        in_flight: &InFlight,
    ) -> Result<Response<flow_async::ReplyBody>> {
        let until = self.until(in_flight);
        let scene = self.next(&request, in_flight);
        if matches!(scene, Scene::Refuse) {
            return Err(Error::connect("refused"));
        }
        in_flight.mark_sent();
        match scene {
            Scene::Reply { takes, status, headers, body, fault } => {
                if self.passes(takes, until) {
                    // The driver's timer is what ends this.
                    pending::<()>().await;
                }
                let body = FakeBody { rest: Some(body), fault };
                Ok(reply(status, headers, body.boxed_unsync()))
            }
            Scene::Reset { takes } => {
                if self.passes(takes, until) {
                    pending::<()>().await;
                }
                Err(Error::transport(Sent::Perhaps, "reset"))
            }
            Scene::Stall | Scene::Refuse => pending().await,
        }
    }
}

impl flow_blocking::Transport for Fake {
    fn send(
        &self,
        request: Request<Bytes>,
        in_flight: &InFlight,
        _cancel: &CancelToken,
    ) -> Result<Response<flow_blocking::ReplyBody>> {
        let (began, until) = (self.clock.tick(), self.until(in_flight));
        let limit = in_flight.timeout().unwrap_or_default();
        let scene = self.next(&request, in_flight);
        if !matches!(scene, Scene::Refuse) {
            in_flight.mark_sent();
        }
        let timeout = || Err(Error::timeout(Sent::Perhaps, limit));
        match scene {
            Scene::Refuse => Err(Error::connect("refused")),
            Scene::Reply { takes, .. } | Scene::Reset { takes } if self.passes(takes, until) => {
                timeout()
            }
            Scene::Reset { .. } => Err(Error::transport(Sent::Perhaps, "reset")),
            Scene::Reply { status, headers, body, fault, .. } => {
                let (clock, body) = (self.clock.clone(), FakeBody { rest: Some(body), fault });
                // What a blocking transport keeps to for the body of an error.
                let soon =
                    Some(clock.tick() + MAX_ERROR_BODY_TIME).filter(|_| !status.is_success());
                let until = in_flight.timeout().map(|limit| began + limit);
                let until = until.into_iter().chain(soon).min();
                let in_flight = in_flight.clone();
                let reader = FakeReader { body, clock, until, limit, in_flight };
                Ok(reply(status, headers, Box::new(reader)))
            }
            Scene::Stall => {
                let _ = self.passes(Duration::MAX, until);
                timeout()
            }
        }
    }
}

fn reply<B>(status: StatusCode, headers: HeaderMap, body: B) -> Response<B> {
    let mut reply = Response::new(body);
    *reply.status_mut() = status;
    *reply.headers_mut() = headers;
    reply
}

/// A body in one chunk, and what comes after it.
struct FakeBody {
    rest: Option<Bytes>,
    fault: BodyFault,
}

impl http_body::Body for FakeBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>>>> {
        if let Some(chunk) = self.rest.take() {
            return Poll::Ready(Some(Ok(Frame::data(chunk))));
        }
        match self.fault {
            BodyFault::None => Poll::Ready(None),
            BodyFault::Reset => Poll::Ready(Some(Err(Error::transport(Sent::Perhaps, "reset")))),
            BodyFault::Stall => Poll::Pending,
            BodyFault::Cancel => Poll::Ready(Some(Err(Error::cancelled()))),
        }
    }
}

struct FakeReader {
    body: FakeBody,
    clock: VirtualClock,
    until: Option<Tick>,
    limit: Duration,
    in_flight: InFlight,
}

impl Read for FakeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if let Some(chunk) = self.body.rest.take() {
            let (now, later) = chunk.split_at(chunk.len().min(buffer.len()));
            for (to, from) in buffer.iter_mut().zip(now) {
                *to = *from;
            }
            let later = Bytes::copy_from_slice(later);
            self.body.rest = Some(later).filter(|later| !later.is_empty());
            if !now.is_empty() {
                return Ok(now.len());
            }
        }
        match self.body.fault {
            BodyFault::None => Ok(0),
            BodyFault::Reset => Err(io::Error::other(Error::transport(Sent::Perhaps, "reset"))),
            BodyFault::Cancel => Err(io::Error::other(Error::cancelled())),
            BodyFault::Stall => {
                let left = self.until.map(|until| until.since(self.clock.tick()));
                let left = left.into_iter().chain(self.in_flight.wait_limit()).min();
                self.clock.advance(left.unwrap_or_default());
                Err(io::Error::other(Error::timeout(Sent::Perhaps, self.limit)))
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
