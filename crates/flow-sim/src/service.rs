//! Decides what each request gets: script first, then checks, then load, then the model id.

use std::collections::HashSet;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use flow_errors::headers;
use http::header::{CONTENT_ENCODING, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;

use crate::answer;
use crate::asked::Asked;
use crate::body::Steps;
use crate::capacity::Slots;
use crate::chat;
use crate::check::{self, Keys};
use crate::deliver;
use crate::ids::Ids;
use crate::limit::Limiter;
use crate::log::{Log, Seen};
use crate::model_id::{Failures, ModelId};
use crate::plan::{self, Answer, Plan};
use crate::reply::Reply;
use crate::route::Endpoint;
use crate::rows;
use crate::script::Plans;
use crate::step::{self, Step};
use crate::weather::Weather;
use crate::wire::{Cut, Plug};

/// All that the handlers of one server share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) ids: Ids,
    pub(crate) keys: Keys,
    pub(crate) overloaded: HashSet<String>,
    pub(crate) log: Arc<Log>,
    pub(crate) script: Mutex<Plans>,
    pub(crate) failures: Mutex<Failures>,
    pub(crate) weather: Weather,
    pub(crate) limiter: Option<Mutex<Limiter>>,
    pub(crate) slots: Option<Mutex<Slots>>,
}

/// One request, as those who decide need to know it.
#[derive(Clone, Copy)]
struct Arrival<'a> {
    asked: &'a Asked,
    seq: u64,
    at: Duration,
}

impl Service {
    /// Answers one request of the connection numbered `connection`.
    pub(crate) async fn handle(
        self: Arc<Self>,
        connection: u64,
        plug: Plug,
        request: Request<Incoming>,
    ) -> Result<Response<Steps>, Cut> {
        let asked = Asked::read(request).await?;
        // No await between the number and the log: the log is in order.
        let (seq, at, in_flight) = self.log.arrive();
        let (mut reply, plan) = self.decide(Arrival { asked: &asked, seq, at });
        let request_id = self.ids.request(seq);
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            reply.headers.insert("x-request-id", value);
        }
        plan.apply(&mut reply, asked.accepts_gzip());
        let status = plan.delivery.has_head().then_some(reply.status);
        let words = reply.stream.as_deref().unwrap_or_default();
        let code = status.map_or_else(String::new, |status| format!("{}{words}", status.as_str()));
        if asked.method == Method::HEAD {
            // Its body is never asked for.
            in_flight.finish();
        }
        let seen = Seen {
            seq,
            at,
            connection,
            model: asked.model().map(str::to_owned),
            method: asked.method,
            path: asked.path,
            headers: asked.headers,
            body: asked.body,
            request_id,
            status,
            answer: format!("{code}{}", plan.delivery),
            retry_after: headers::retry_after(&reply.headers, SystemTime::now()),
            sent: 0,
            disconnected: false,
        };
        self.log.add(seen, &in_flight);
        if !plan.after.is_zero() {
            tokio::time::sleep(plan.after).await;
        }
        deliver::deliver(reply, plan.delivery, plug, in_flight).await
    }

    fn decide(&self, arrival: Arrival<'_>) -> (Reply, Plan) {
        let Arrival { asked, seq, .. } = arrival;
        let scripted = lock(&self.script).next(asked.model());
        let scripted = scripted.filter(|plan| plan.scope.covers(asked.is_streamed()));
        let scripted = scripted.unwrap_or_default();
        let mut told = HeaderMap::new();
        let plan = match (scripted.answer, check::check(asked, &self.keys)) {
            (Answer::Normal, Err(problem)) => return (problem.reply(), scripted),
            (Answer::Normal, Ok(endpoint)) => match self.admit(arrival, endpoint) {
                Ok(headers) => {
                    told = headers;
                    self.fault(asked)
                        .unwrap_or_else(|| self.work(arrival, endpoint))
                        .under(scripted)
                }
                Err(refusal) => return (*refusal, scripted),
            },
            _ => scripted,
        };
        let normal = || answer::answer(asked, &plan, self.ids, seq);
        let mut reply = match plan.answer {
            Answer::Normal => normal(),
            Answer::Huge(padding) => padded(normal(), padding),
            Answer::Row(status) => rows::row(status),
            Answer::Status(status) => Reply::new(status, "application/json", Bytes::new()),
        };
        reply.headers.extend(told);
        (reply, plan)
    }

    /// Lets a request pass, with what the answer's head is to say, or refuses it: nobody is served in
    /// an outage, nor beyond the limit.
    fn admit(&self, arrival: Arrival<'_>, endpoint: &Endpoint) -> Result<HeaderMap, Box<Reply>> {
        let Arrival { asked, seq, at } = arrival;
        let Some(model) = asked.model().filter(|_| endpoint.is_work()) else {
            return Ok(HeaderMap::new());
        };
        if self.weather.is_bad(at, self.ids.chance(seq)) {
            return Err(Box::new(rows::row(StatusCode::SERVICE_UNAVAILABLE)));
        }
        let Some(limiter) = &self.limiter else { return Ok(HeaderMap::new()) };
        lock(limiter).ask(at, model, || chat::most_tokens(&asked.json))
    }

    /// Works on a request for as long as it takes, or has no room for it.
    fn work(&self, arrival: Arrival<'_>, endpoint: &Endpoint) -> Plan {
        let Arrival { seq, at, .. } = arrival;
        let Some(slots) = self.slots.as_ref().filter(|_| endpoint.is_work()) else {
            return Plan::default();
        };
        match lock(slots).enter(at, self.ids.pace(seq)) {
            Some(end) => Plan { after: end.saturating_sub(at), ..Plan::default() },
            None => Plan::answer(Answer::Row(StatusCode::SERVICE_UNAVAILABLE)),
        }
    }

    /// What is wrong with the model: it is overloaded, or its id asks for a fault and has not failed
    /// often enough.
    fn fault(&self, asked: &Asked) -> Option<Plan> {
        let model = asked.model()?;
        if self.overloaded.contains(model) {
            return Some(Plan::answer(Answer::Row(StatusCode::SERVICE_UNAVAILABLE)));
        }
        let ModelId::Fault { plan, times } = ModelId::parse(model) else { return None };
        if !plan.scope.covers(asked.is_streamed()) {
            return None;
        }
        let fails = times.is_none_or(|times| lock(&self.failures).fail(model, times));
        fails.then_some(*plan)
    }
}

impl Plan {
    /// Changes the reply as the plan says.
    fn apply(&self, reply: &mut Reply, accepts_gzip: bool) {
        if let Some(body) = &self.body {
            reply.body = vec![Step::Send(body.clone())];
            reply.stream = reply.stream.take().map(|_| " stream, other body".to_owned());
        }
        if self.gzip && accepts_gzip && reply.stream.is_none() {
            reply.body = vec![Step::Send(compressed(&reply.bytes()))];
            reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if self.gzip {
            reply.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        plan::replace(&mut reply.headers, &self.headers);
    }
}

fn compressed(body: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    // Writing to a vector cannot fail.
    let _ = encoder.write_all(body);
    encoder.finish().unwrap_or_default().into()
}

/// The same with white space behind the first brace of what is sent first.
fn padded(mut reply: Reply, padding: usize) -> Reply {
    let rest = reply.body.split_off(reply.body.len().min(1));
    let first = reply.body.into_iter().flat_map(|step| match step {
        Step::Send(bytes) => step::padded(bytes, padding),
        other => vec![other],
    });
    reply.body = first.chain(rest).collect();
    reply
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
