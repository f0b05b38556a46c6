//! What to do with one request, checked and ready: an answer, changes to it, a delivery.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;

use crate::stream::Stream;

/// One request's plan. [`Action`](crate::Action)s and model ids become plans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// How long to wait before answering.
    pub(crate) after: Duration,
    /// Which requests the plan is for; others are answered as if there were none.
    pub(crate) scope: Scope,
    pub(crate) answer: Answer,
    /// What a normal answer to a chat says, in place of its own words.
    pub(crate) text: Option<String>,
    /// What becomes of a normal answer that is streamed.
    pub(crate) stream: Option<Stream>,
    /// Answers in one piece where a stream is asked for.
    pub(crate) unstreamed: bool,
    /// Set on the answer, in place of its own of the same name.
    pub(crate) headers: HeaderMap,
    /// In place of the answer's own body.
    pub(crate) body: Option<Bytes>,
    /// Compresses the body if the client accepts gzip.
    pub(crate) gzip: bool,
    pub(crate) delivery: Delivery,
}

/// The requests that a plan is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Scope {
    #[default]
    Any,
    /// Those that ask for a stream.
    Streamed,
    /// Those that do not.
    Unary,
}

/// What is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Answer {
    /// What the service would say.
    #[default]
    Normal,
    /// The same, blown up by this many bytes of white space.
    Huge(usize),
    /// The row of the error table with this status.
    Row(StatusCode),
    /// This status and an empty body.
    Status(StatusCode),
}

/// How the answer reaches the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// Whole and at once.
    #[default]
    Whole,
    /// Whole, but in chunks: the length is not announced.
    Chunked,
    ResetBeforeHead,
    CloseBeforeHead,
    /// These bytes in place of HTTP.
    Garbage(Bytes),
    /// Never.
    Hang,
    /// Head and this many bytes of the body, then RST.
    ResetAfter(usize),
    /// Head and this many bytes of the body, then nothing more.
    HangAfter(usize),
    /// A content-length that the body stays short of, then FIN.
    TruncateLength(usize),
    /// This many bytes in chunks without a last one, then FIN.
    TruncateChunked(usize),
    /// In pieces of this many bytes with a pause before each.
    Slow {
        piece: usize,
        pause: Duration,
    },
}

impl Plan {
    pub(crate) fn answer(answer: Answer) -> Self {
        Self { answer, ..Self::default() }
    }

    pub(crate) fn delivery(delivery: Delivery) -> Self {
        Self { delivery, ..Self::default() }
    }

    pub(crate) fn stream(stream: Stream) -> Self {
        Self { scope: Scope::Streamed, stream: Some(stream), ..Self::default() }
    }

    pub(crate) fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn header(mut self, name: &'static str, value: HeaderValue) -> Self {
        self.headers.append(name, value);
        self
    }

    /// This plan with `outer`'s wishes on top; the answer stays this plan's.
    pub(crate) fn under(mut self, outer: Self) -> Self {
        self.after = self.after.saturating_add(outer.after);
        if outer.scope != Scope::Any {
            self.scope = outer.scope;
        }
        self.text = outer.text.or(self.text);
        self.stream = outer.stream.or(self.stream);
        self.unstreamed |= outer.unstreamed;
        replace(&mut self.headers, &outer.headers);
        self.body = outer.body.or(self.body);
        self.gzip |= outer.gzip;
        if outer.delivery != Delivery::Whole {
            self.delivery = outer.delivery;
        }
        self
    }
}

/// Sets every header of `new` in `headers`, in place of those of the same name.
pub(crate) fn replace(headers: &mut HeaderMap, new: &HeaderMap) {
    for name in new.keys() {
        headers.remove(name);
    }
    for (name, value) in new {
        headers.append(name, value.clone());
    }
}

impl Scope {
    pub(crate) fn covers(self, is_streamed: bool) -> bool {
        match self {
            Self::Any => true,
            Self::Streamed => is_streamed,
            Self::Unary => !is_streamed,
        }
    }
}

impl Delivery {
    /// Says whether the client gets to see a status.
    pub(crate) const fn has_head(&self) -> bool {
        !matches!(
            self,
            Self::ResetBeforeHead | Self::CloseBeforeHead | Self::Garbage(_) | Self::Hang
        )
    }
}

/// What follows the status in the log's words.
impl fmt::Display for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole | Self::Chunked => Ok(()),
            Self::ResetBeforeHead => f.write_str("reset before the head"),
            Self::CloseBeforeHead => f.write_str("close before the head"),
            Self::Garbage(_) => f.write_str("garbage"),
            Self::Hang => f.write_str("hang"),
            Self::ResetAfter(bytes) => write!(f, ", then reset after {bytes} bytes"),
            Self::HangAfter(bytes) => write!(f, ", then hang after {bytes} bytes"),
            Self::TruncateLength(bytes) => write!(f, ", cut short after {bytes} bytes"),
            Self::TruncateChunked(bytes) => write!(f, ", chunks cut short after {bytes} bytes"),
            Self::Slow { piece, pause } => write!(f, ", slowly: {piece} bytes every {pause:?}"),
        }
    }
}
