//! Error replies, from the ten rows of [`flow_errors::table::TABLE`].
//!
//! The page names no `code` for its rows but in one example, so a row's code is its type; where
//! the server knows more (which parameter, which model), it says more.

use flow_errors::table;
use http::StatusCode;
use serde_json::json;

use crate::reply::Reply;

/// The reply of the row with this status.
///
/// A status that the page does not list gets an envelope of the same shape.
pub(crate) fn row(status: StatusCode) -> Reply {
    Problem::row(status).reply()
}

/// What is wrong with a request, where more can be said than the row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) message: String,
    /// The row's type if there is none.
    pub(crate) code: Option<&'static str>,
    pub(crate) param: Option<&'static str>,
    /// The method that the path would take.
    pub(crate) allow: Option<&'static str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None, param: None, allow: None }
    }

    /// What the row says, and no more.
    pub(crate) fn row(status: StatusCode) -> Self {
        let (_, cause) = words(status);
        Self::new(status, cause)
    }

    pub(crate) fn reply(&self) -> Reply {
        let (kind, _) = words(self.status);
        let code = self.code.unwrap_or(kind);
        let Self { message, param, .. } = self;
        let envelope = json!({ "message": message, "type": kind, "code": code, "param": param });
        let mut reply = Reply::json(self.status, &json!({ "error": envelope }));
        if let Some(method) = self.allow {
            reply = reply.header("allow", method);
        }
        if self.status == StatusCode::TOO_MANY_REQUESTS {
            reply = reply.header("retry-after", "1");
        }
        reply
    }
}

/// The `type` and the cause of a status.
pub(crate) fn words(status: StatusCode) -> (&'static str, &'static str) {
    match table::row_for(status) {
        Some(row) => (row.api_type, row.cause),
        None if status.is_client_error() => {
            ("invalid_request_error", status.canonical_reason().unwrap_or("Client error"))
        }
        None => ("server_error", status.canonical_reason().unwrap_or("Server error")),
    }
}
