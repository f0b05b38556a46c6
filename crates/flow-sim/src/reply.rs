//! A reply before it is put on the wire: status, headers and bytes.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

use crate::step::{self, Step};

/// Status, headers and body. How they reach the client is not decided here.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<Step>,
    /// What the log says of a stream, after the status; a stream's length is not announced.
    pub(crate) stream: Option<String>,
}

impl Reply {
    /// A reply whose body is `value`.
    pub(crate) fn json(status: StatusCode, value: &Value) -> Self {
        Self::new(status, "application/json", value.to_string())
    }

    pub(crate) fn new(
        status: StatusCode,
        content_type: &'static str,
        body: impl Into<Bytes>,
    ) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status, headers, body: vec![Step::Send(body.into())], stream: None }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// The bytes of a body that is sent without a stop.
    pub(crate) fn bytes(&self) -> Bytes {
        let pieces = self.body.iter().filter_map(|step| match step {
            Step::Send(bytes) => Some(bytes.as_ref()),
            _ => None,
        });
        pieces.collect::<Vec<_>>().concat().into()
    }

    /// The number of bytes in the body.
    pub(crate) fn len(&self) -> usize {
        step::length(&self.body)
    }
}
