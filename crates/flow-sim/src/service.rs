//! Decides what each request gets: script first, then checks, then the model id.

use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CONTENT_ENCODING, VARY};
use http::{HeaderValue, Request, Response};
use hyper::body::Incoming;

use crate::answer;
use crate::asked::Asked;
use crate::body::Steps;
use crate::check::{self, Keys};
use crate::deliver;
use crate::ids::Ids;
use crate::log::{Log, Seen};
use crate::model_id::{Failures, ModelId};
use crate::plan::{self, Answer, Plan};
use crate::reply::Reply;
use crate::route::Endpoint;
use crate::rows;
use crate::script::Plans;
use crate::wire::{Cut, Plug};

/// All that the handlers of one server share.
#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) ids: Ids,
    pub(crate) keys: Keys,
    pub(crate) log: Arc<Log>,
    pub(crate) script: Mutex<Plans>,
    pub(crate) failures: Mutex<Failures>,
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
        let (mut reply, plan) = self.decide(&asked, seq);
        let request_id = self.ids.request(seq);
        if let Ok(value) = HeaderValue::from_str(&request_id) {
            reply.headers.insert("x-request-id", value);
        }
        plan.apply(&mut reply, asked.accepts_gzip());
        let status = plan.delivery.has_head().then_some(reply.status);
        let code = status.map_or_else(String::new, |status| status.as_str().to_owned());
        self.log.add(Seen {
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
        });
        if !plan.after.is_zero() {
            tokio::time::sleep(plan.after).await;
        }
        deliver::deliver(reply, plan.delivery, plug, in_flight).await
    }

    fn decide(&self, asked: &Asked, seq: u64) -> (Reply, Plan) {
        let scripted = lock(&self.script).next(asked.model()).unwrap_or_default();
        let plan = match (scripted.answer, check::check(asked, &self.keys)) {
            (Answer::Normal, Err(problem)) => return (problem.reply(), scripted),
            (Answer::Normal, Ok(_)) => self.fault(asked).unwrap_or_default().under(scripted),
            _ => scripted,
        };
        // A script answers what it likes; where it sends a huge body, any endpoint will do.
        let endpoint = asked.endpoint.as_ref().unwrap_or(&Endpoint::Models);
        let normal = || answer::answer(asked, endpoint, self.ids, seq);
        let reply = match plan.answer {
            Answer::Normal => normal(),
            Answer::Huge(padding) => padded(normal(), padding),
            Answer::Row(status) => rows::row(status),
            Answer::Status(status) => Reply::new(status, "application/json", Bytes::new()),
        };
        (reply, plan)
    }

    /// The fault that the model id asks for, unless it has failed often enough.
    fn fault(&self, asked: &Asked) -> Option<Plan> {
        let model = asked.model()?;
        let ModelId::Fault { plan, times } = ModelId::parse(model) else { return None };
        let fails = times.is_none_or(|times| lock(&self.failures).fail(model, times));
        fails.then_some(*plan)
    }
}

impl Plan {
    /// Changes the reply as the plan says.
    fn apply(&self, reply: &mut Reply, accepts_gzip: bool) {
        if let Some(body) = &self.body {
            reply.body = vec![body.clone()];
        }
        if self.gzip && accepts_gzip {
            reply.body = vec![compressed(&reply.body)];
            reply.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        if self.gzip {
            reply.headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
        }
        plan::replace(&mut reply.headers, &self.headers);
    }
}

fn compressed(body: &[Bytes]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    for bytes in body {
        // Writing to a vector cannot fail.
        let _ = encoder.write_all(bytes);
    }
    encoder.finish().unwrap_or_default().into()
}

/// The same JSON object with white space behind its opening brace.
fn padded(mut reply: Reply, padding: usize) -> Reply {
    static SPACES: [u8; 64 * 1024] = [b' '; 64 * 1024];
    let spaces = Bytes::from_static(&SPACES);
    let mut body = Bytes::from(reply.body.concat());
    let brace = body.split_to(body.len().min(1));
    let full = padding / spaces.len();
    let rest = spaces.slice(..padding % spaces.len());
    reply.body = [brace].into_iter().chain(std::iter::repeat_n(spaces, full)).collect();
    reply.body.extend([rest, body]);
    reply
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
