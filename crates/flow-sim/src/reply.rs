//! A reply before it is put on the wire: status, headers and bytes.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::Value;

/// Status, headers and body. How they reach the client is not decided here.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// In pieces, so that a large body can be one small buffer many times.
    pub(crate) body: Vec<Bytes>,
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
        Self { status, headers, body: vec![body.into()] }
    }

    pub(crate) fn header(mut self, name: &'static str, value: &'static str) -> Self {
        self.headers.insert(name, HeaderValue::from_static(value));
        self
    }

    /// The number of bytes in the body.
    pub(crate) fn len(&self) -> usize {
        self.body.iter().map(Bytes::len).sum()
    }
}
