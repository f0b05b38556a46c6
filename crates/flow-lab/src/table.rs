//! The error table as Markdown, for the README and the crate docs.

use std::fmt::Write;
use std::time::SystemTime;

use flow_errors::table::{Row, TABLE};
use flow_errors::{Body, Error};
use http::HeaderMap;

/// Returns the rows of the service's page, each with its [`Kind`](flow_errors::Kind) and what the
/// default policy does.
pub(crate) fn markdown() -> String {
    let mut text = String::from(
        "| status | type | `Kind` | cause | recommendation | retried |\n|---|---|---|---|---|---|\n",
    );
    for row in &TABLE {
        // Writing to a `String` cannot fail.
        let _ = writeln!(
            text,
            "| {} | `{}` | `{:?}` | {} | {} | {} |",
            row.status.as_u16(),
            row.api_type,
            row.kind,
            row.cause,
            row.recommendation,
            if is_retried(row) { "yes" } else { "no" },
        );
    }
    text
}

/// Returns whether a bare reply with the row's status is retried.
pub(crate) fn is_retried(row: &Row) -> bool {
    let now = SystemTime::UNIX_EPOCH;
    Error::from_response(row.status, &HeaderMap::new(), Body::default(), now).is_retryable()
}
