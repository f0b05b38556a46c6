//! One step of a script, as users write it: what to answer, and how it arrives.
//!
//! An [`Action`] only stores; what it says is checked when the server takes the script.

use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::fault;
use crate::part::code;
use crate::plan::{Answer, Delivery, Plan, Scope};
use crate::stream::Stream;

/// What to do with one request.
///
/// It begins with an answer ([`normal`](Self::normal), [`row`](Self::row),
/// [`status`](Self::status), [`like`](Self::like)), goes on with changes to that answer
/// ([`header`](Self::header), [`body`](Self::body)) and says how the answer arrives
/// ([`after`](Self::after), [`reset_after`](Self::reset_after), ...). Of several deliveries the
/// last one counts.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use flow_sim::{Action, Sim};
///
/// let sim = Sim::builder()
///     .script([
///         Action::row(503).header("retry-after", "2"),
///         Action::status(418).body("short and stout").after(Duration::from_millis(5)),
///         Action::normal().reset_after(100),
///     ])
///     .start()?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an action does nothing until it is part of a script"]
pub struct Action {
    after: Duration,
    scope: Scope,
    answer: Wish,
    text: Option<String>,
    stream: Option<Stream>,
    unstreamed: bool,
    headers: Vec<(String, Bytes)>,
    body: Option<Bytes>,
    gzip: bool,
    delivery: Delivery,
}

/// An answer as asked for, not yet checked.
#[derive(Clone, Debug, PartialEq)]
enum Wish {
    Normal,
    Row(u16),
    Status(u16),
    Like(String),
}

impl Action {
    /// Answers as if there were no script; an id such as `sim-429` still fails.
    pub const fn normal() -> Self {
        Self::new(Wish::Normal)
    }

    /// Answers with the error table's row of this status, or an envelope like it.
    pub const fn row(status: u16) -> Self {
        Self::new(Wish::Row(status))
    }

    /// Answers with this status and, until [`body`](Self::body) is called, an empty body.
    ///
    /// The content type is `application/json` unless [`header`](Self::header) says otherwise.
    pub const fn status(status: u16) -> Self {
        Self::new(Wish::Status(status))
    }

    /// Does what the model id `name` does, such as `sim-html-502`.
    pub fn like(name: impl Into<String>) -> Self {
        Self::new(Wish::Like(name.into()))
    }

    /// Does this for requests with `stream: true` only; others are answered normally.
    pub const fn if_streamed(self) -> Self {
        self.scope(Scope::Streamed)
    }

    /// Does this for requests without `stream: true` only; streams are answered normally.
    ///
    /// `Action::row(504).if_unary()` is a gateway that long answers only pass as streams, and
    /// [`after`](Self::after) says how long it waits for one.
    pub const fn if_unary(self) -> Self {
        self.scope(Scope::Unary)
    }

    /// Lets a normal answer to a chat say this, in one piece or streamed.
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Says what becomes of a normal answer that is streamed; others are not changed.
    pub fn stream(mut self, stream: Stream) -> Self {
        self.stream = Some(stream);
        self
    }

    /// Answers in one piece, also where a stream is asked for.
    pub const fn unstreamed(mut self) -> Self {
        self.unstreamed = true;
        self
    }

    /// Sets a header in place of the answer's own; several of one name are all sent.
    pub fn header(mut self, name: impl Into<String>, value: impl Into<Bytes>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Sends this body in place of the answer's own.
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    /// Sends this JSON in place of the answer's own body.
    pub fn json(self, body: &Value) -> Self {
        self.body(body.to_string())
    }

    /// Compresses the body if the client accepts gzip. A stream is never compressed.
    pub const fn gzip(mut self) -> Self {
        self.gzip = true;
        self
    }

    /// Waits before answering.
    pub const fn after(mut self, delay: Duration) -> Self {
        self.after = delay;
        self
    }

    /// Resets the connection (TCP RST) in place of an answer.
    pub fn reset_before_head(self) -> Self {
        self.delivery(Delivery::ResetBeforeHead)
    }

    /// Closes the connection (TCP FIN) in place of an answer.
    pub fn close_before_head(self) -> Self {
        self.delivery(Delivery::CloseBeforeHead)
    }

    /// Sends the head and this many bytes of the body, then resets the connection.
    pub fn reset_after(self, bytes: usize) -> Self {
        self.delivery(Delivery::ResetAfter(bytes))
    }

    /// Never answers; the connection stays open.
    pub fn hang(self) -> Self {
        self.delivery(Delivery::Hang)
    }

    /// Sends the head and this many bytes of the body, then nothing more.
    pub fn hang_after(self, bytes: usize) -> Self {
        self.delivery(Delivery::HangAfter(bytes))
    }

    /// Promises more by content-length than these bytes of the body, then closes cleanly.
    pub fn truncate_length(self, bytes: usize) -> Self {
        self.delivery(Delivery::TruncateLength(bytes))
    }

    /// Sends this many bytes of the body in chunks, but no last chunk, then closes cleanly.
    pub fn truncate_chunked(self, bytes: usize) -> Self {
        self.delivery(Delivery::TruncateChunked(bytes))
    }

    /// Sends the whole body, but in chunks: its length is not announced.
    pub fn chunked(self) -> Self {
        self.delivery(Delivery::Chunked)
    }

    /// Sends the body in pieces of this many bytes with a pause before each.
    ///
    /// Each piece is a write of its own, even if the pause is zero.
    pub fn slow(self, piece: usize, pause: Duration) -> Self {
        self.delivery(Delivery::Slow { piece, pause })
    }

    /// Sends these bytes in place of anything that is HTTP, then closes.
    pub fn garbage(self, bytes: impl Into<Bytes>) -> Self {
        self.delivery(Delivery::Garbage(bytes.into()))
    }

    const fn new(answer: Wish) -> Self {
        Self {
            after: Duration::ZERO,
            scope: Scope::Any,
            answer,
            text: None,
            stream: None,
            unstreamed: false,
            headers: Vec::new(),
            body: None,
            gzip: false,
            delivery: Delivery::Whole,
        }
    }

    const fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    fn delivery(mut self, delivery: Delivery) -> Self {
        self.delivery = delivery;
        self
    }

    /// Turns the action into a plan, or says what is wrong with it.
    pub(crate) fn plan(&self) -> Result<Plan, String> {
        if matches!(self.delivery, Delivery::Slow { piece: 0, .. }) {
            return Err("a slow body needs pieces of at least 1 byte".to_owned());
        }
        if let Some(stream) = &self.stream {
            stream.check()?;
        }
        let outer = Plan {
            after: self.after,
            scope: self.scope,
            answer: Answer::Normal,
            text: self.text.clone(),
            stream: self.stream.clone(),
            unstreamed: self.unstreamed,
            headers: self.checked_headers()?,
            body: self.body.clone(),
            gzip: self.gzip,
            delivery: self.delivery.clone(),
        };
        let plan = self.answer.plan()?;
        if (self.stream.is_some() || self.text.is_some()) && plan.answer != Answer::Normal {
            return Err("only a normal answer has a text and is streamed".to_owned());
        }
        Ok(plan.under(outer))
    }

    fn checked_headers(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            let checked = HeaderName::try_from(name.as_str());
            let name = checked.map_err(|_| format!("`{name}` is not a header name"))?;
            if name == CONTENT_LENGTH || name == TRANSFER_ENCODING {
                return Err(format!(
                    "`{name}` follows from the body: use truncate_length or truncate_chunked"
                ));
            }
            let value = HeaderValue::from_maybe_shared(value.clone());
            let value = value.map_err(|_| format!("the value of `{name}` cannot be sent"))?;
            headers.append(name, value);
        }
        Ok(headers)
    }
}

impl Wish {
    fn plan(&self) -> Result<Plan, String> {
        match self {
            Self::Normal => Ok(Plan::default()),
            Self::Row(status) => Ok(Plan::answer(Answer::Row(code(*status, 400)?))),
            Self::Status(status) => Ok(Plan::answer(Answer::Status(code(*status, 200)?))),
            Self::Like(name) => {
                let short = name.strip_prefix(fault::PREFIX).unwrap_or(name);
                fault::find(short).ok_or_else(|| {
                    format!("`{name}` is no fault; `flow-sim --help` and GET /v1/models list them")
                })
            }
        }
    }
}
