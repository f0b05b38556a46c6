//! The spans of one call, with the names of OpenTelemetry's conventions for GenAI and HTTP.

use flow_errors::call::{Operation, Send, Why};
use flow_errors::{Attempt, Attempts, Error, Kind, StoppedBecause};
use http::StatusCode;
use tracing::{Instrument as _, Span};

use super::told::{record, record_reply, record_request, shown, word};
use crate::kept_body::KeptBody;
use crate::plan::Plan;

/// The target of every span and event, for filters.
const TARGET: &str = "flow_api";

/// The host of FlowAPI itself; other hosts are only known to speak OpenAI's dialect.
const FLOW_HOST: &str = "api.flowapi.net";

/// The span that some work belongs to; without the feature `tracing` it is nothing.
#[derive(Clone, Debug)]
pub struct WorkSpan(Span);

impl WorkSpan {
    /// Returns the span that is the current one, for work that is done elsewhere.
    #[must_use]
    pub fn current() -> Self {
        Self(Span::current())
    }

    /// Does `work` with the span as the current one.
    pub fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.0.in_scope(work)
    }

    /// Returns a future that does `work` with the span as the current one whenever it is polled.
    pub fn in_future<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        work.instrument(self.0.clone())
    }
}

/// The spans of one call: its own, and the one of the attempt under way.
#[derive(Debug)]
pub(crate) struct Trace {
    call: Span,
    attempt: Option<Span>,
}

impl Trace {
    /// Opens the call's span, below the current one.
    pub(crate) fn new(plan: &Plan) -> Self {
        Self { call: call_span(plan), attempt: None }
    }

    /// Returns the span of the attempt under way.
    pub(crate) fn attempt(&self) -> WorkSpan {
        WorkSpan(self.attempt.clone().unwrap_or_else(Span::none))
    }

    /// Opens the span of an attempt, to `model`, unless it is open.
    pub(crate) fn begin_attempt(&mut self, plan: &Plan, send: Send, model: Option<&str>) {
        let call = &self.call;
        // By scope and not as a named parent: where a filter hides the call's span, the caller's
        // own is the parent.
        self.attempt.get_or_insert_with(|| call.in_scope(|| attempt_span(plan, send, model)));
    }

    /// Closes the attempt's span, and says so if another one is to come.
    pub(crate) fn end_attempt(&mut self, plan: &Plan, attempt: Option<&Attempt>, why: Option<Why>) {
        let (Some(span), Some(attempt)) = (self.attempt.take(), attempt) else { return };
        record(&span, "http.response.status_code", attempt.status().map(code));
        record(&span, "flow.request_id", attempt.request_id().and_then(|id| word(plan, id)));
        let Some(kind) = attempt.kind() else { return };
        record_error(&span, kind);
        span.record("flow.maybe_billed", attempt.is_maybe_billed());
        drop(span);
        if let (Some(wait), Some(why)) = (attempt.wait(), why) {
            let next = attempt.next_model().map(shown);
            let goes_on =
                if next.is_some() { "another model is asked" } else { "will be repeated" };
            self.in_scope(|| {
                tracing::info!(
                    target: TARGET,
                    {
                        flow.attempt = i64::from(attempt.number()),
                        flow.next_model = next,
                        flow.request_id = attempt.request_id().and_then(|id| word(plan, id)),
                        flow.wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX),
                        flow.wait_reason = why.as_str(),
                        error.type = kind.as_str(),
                        http.response.status_code = attempt.status().map(code),
                    },
                    "the attempt failed and {goes_on}",
                );
            });
        }
    }

    /// Closes the span of a call that succeeded.
    pub(crate) fn succeeded(&mut self, plan: &Plan, attempts: &Attempts, body: &KeptBody) {
        let span = self.close();
        if span.is_disabled() {
            return;
        }
        span.record("flow.attempts", count(attempts));
        if operation_name(&plan.operation).is_some() {
            record_reply(&span, plan, body);
        }
    }

    /// Closes the span of a call that failed, and says so unless the caller wanted it to end.
    pub(crate) fn failed(&mut self, plan: &Plan, error: &Error) {
        let span = self.close();
        let reason = error.stopped_because().map(StoppedBecause::as_str);
        record_error(&span, error.kind());
        span.record("flow.attempts", count(error.attempts()));
        record(&span, "flow.stopped_because", reason);
        if error.kind() == Kind::Cancelled {
            return;
        }
        span.in_scope(|| {
            tracing::warn!(
                target: TARGET,
                {
                    flow.attempts = count(error.attempts()),
                    flow.code = error.code().and_then(|code| word(plan, code)),
                    flow.maybe_billed = error.is_maybe_billed(),
                    flow.request_id = error.request_id().and_then(|id| word(plan, id)),
                    flow.stopped_because = reason,
                    flow.type = error.api_type().and_then(|name| word(plan, name)),
                    error.type = error.kind().as_str(),
                    http.response.status_code = error.status().map(code),
                },
                "the call failed",
            );
        });
    }

    /// Closes the span of a call that was dropped, if it is open.
    pub(crate) fn cancelled(&mut self, attempts: &Attempts) {
        let span = self.close();
        record_error(&span, Kind::Cancelled);
        span.record("flow.attempts", count(attempts));
        span.record("flow.stopped_because", StoppedBecause::Cancelled.as_str());
    }

    /// Does `work` with the call's span as the current one.
    pub(crate) fn in_scope<T>(&self, work: impl FnOnce() -> T) -> T {
        self.call.in_scope(work)
    }

    /// Takes the call's span out, so that it ends with what is recorded last.
    fn close(&mut self) -> Span {
        std::mem::replace(&mut self.call, Span::none())
    }
}

fn call_span(plan: &Plan) -> Span {
    let operation = &plan.operation;
    let name = operation_name(operation);
    let span = tracing::info_span!(
        target: TARGET,
        "flow.call",
        otel.name = span_name(operation),
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
        server.address = host(plan),
        server.port = i64::from(port(plan)),
        gen_ai.operation.name = name,
        gen_ai.provider.name = name.map(|_| provider(plan)),
        gen_ai.request.model = operation.model().map(shown),
        gen_ai.request.max_tokens = tracing::field::Empty,
        gen_ai.request.temperature = tracing::field::Empty,
        gen_ai.request.top_p = tracing::field::Empty,
        gen_ai.request.presence_penalty = tracing::field::Empty,
        gen_ai.request.frequency_penalty = tracing::field::Empty,
        gen_ai.request.seed = tracing::field::Empty,
        gen_ai.request.choice.count = tracing::field::Empty,
        gen_ai.response.id = tracing::field::Empty,
        gen_ai.response.model = tracing::field::Empty,
        gen_ai.response.finish_reasons = tracing::field::Empty,
        gen_ai.usage.input_tokens = tracing::field::Empty,
        gen_ai.usage.output_tokens = tracing::field::Empty,
        flow.attempts = tracing::field::Empty,
        flow.stopped_because = tracing::field::Empty,
    );
    if name.is_some() && !span.is_disabled() {
        record_request(&span, plan);
    }
    span
}

fn attempt_span(plan: &Plan, send: Send, model: Option<&str>) -> Span {
    let resent = send.attempt.saturating_sub(1);
    let method = plan.operation.method().as_str();
    tracing::info_span!(
        target: TARGET,
        "flow.attempt",
        otel.name = method,
        otel.kind = "client",
        otel.status_code = tracing::field::Empty,
        error.type = tracing::field::Empty,
        server.address = host(plan),
        server.port = i64::from(port(plan)),
        url.full = url(plan),
        http.request.method = method,
        gen_ai.request.model = model.map(shown),
        http.request.resend_count = (resent > 0).then(|| i64::from(resent)),
        flow.streamed = send.target.streams.then_some(true),
        http.response.status_code = tracing::field::Empty,
        flow.request_id = tracing::field::Empty,
        flow.maybe_billed = tracing::field::Empty,
    )
}

fn record_error(span: &Span, kind: Kind) {
    span.record("error.type", kind.as_str());
    span.record("otel.status_code", "ERROR");
}

/// Names what is asked of a model; other requests have no such name.
fn operation_name(operation: &Operation) -> Option<&'static str> {
    match operation.path() {
        "/chat/completions" => Some("chat"),
        "/completions" => Some("text_completion"),
        "/embeddings" => Some("embeddings"),
        _ => None,
    }
}

/// Names the call as the conventions do. Paths of the caller's may hold ids, of which there is no
/// end, so they are no part of a name.
fn span_name(operation: &Operation) -> String {
    let method = operation.method();
    match (operation_name(operation), operation.model()) {
        (Some(name), Some(model)) => format!("{name} {}", shown(model)),
        (Some(name), None) => name.to_owned(),
        (None, _) if operation.path() == "/models" => format!("{method} /models"),
        (None, _) => method.to_string(),
    }
}

fn provider(plan: &Plan) -> &'static str {
    if plan.uri.host() == Some(FLOW_HOST) { "flowapi" } else { "openai" }
}

fn host(plan: &Plan) -> &str {
    plan.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
}

fn port(plan: &Plan) -> u16 {
    let default = if plan.uri.scheme_str() == Some("https") { 443 } else { 80 };
    plan.uri.port_u16().unwrap_or(default)
}

/// The URL without its query; credentials it cannot have.
fn url(plan: &Plan) -> String {
    let url = plan.uri.to_string();
    shown(url.split('?').next().unwrap_or_default())
}

/// OpenTelemetry's integers have a sign, and exporters write others as text.
fn code(status: StatusCode) -> i64 {
    i64::from(status.as_u16())
}

fn count(attempts: &Attempts) -> i64 {
    i64::try_from(attempts.len()).unwrap_or(i64::MAX)
}
