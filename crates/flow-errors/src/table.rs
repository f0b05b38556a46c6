//! The service's published page of error codes, as data.
//!
//! This is the one place where the ten rows live. Classification, recommendations, what
//! `flow-sim` sends, the demo's rows and the tables in the docs all come from here.

use http::StatusCode;

use crate::Kind;

/// One row of the page: a status, what causes it and what to do.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The HTTP status.
    pub status: StatusCode,
    /// The `type` that the envelope carries.
    pub api_type: &'static str,
    /// What [`Error::kind`](crate::Error::kind) says of it.
    pub kind: Kind,
    /// What usually causes it, in the page's words.
    pub cause: &'static str,
    /// What to do about it, in the page's words.
    pub recommendation: &'static str,
}

/// The page's rows, in the page's order.
#[rustfmt::skip]
pub const TABLE: [Row; 10] = [
    row(StatusCode::BAD_REQUEST,           "invalid_request_error", Kind::InvalidRequest,      "Malformed request body or invalid parameter values", "Validate types and ranges such as temperature"),
    row(StatusCode::UNAUTHORIZED,          "invalid_api_key",       Kind::InvalidApiKey,       "Missing, malformed, or invalid API key",             "Verify the Authorization header and active key"),
    row(StatusCode::FORBIDDEN,             "permission_error",      Kind::Permission,          "Insufficient permissions for the resource",          "Check account access and plan limits"),
    row(StatusCode::PAYMENT_REQUIRED,      "insufficient_balance",  Kind::InsufficientBalance, "Account balance is zero or below",                   "Top up credits before retrying"),
    row(StatusCode::NOT_FOUND,             "not_found_error",       Kind::NotFound,            "Unknown model or endpoint",                          "Verify the model ID and request path"),
    row(StatusCode::TOO_MANY_REQUESTS,     "rate_limit_error",      Kind::RateLimit,           "Too many requests in a short period",                "Apply exponential backoff and retry"),
    row(StatusCode::INTERNAL_SERVER_ERROR, "server_error",          Kind::Server,              "Internal platform error",                            "Retry the request, then contact support if it persists"),
    row(StatusCode::BAD_GATEWAY,           "server_error",          Kind::Server,              "Gateway could not reach upstream services cleanly",  "Retry after a short delay and inspect request ID"),
    row(StatusCode::SERVICE_UNAVAILABLE,   "service_unavailable",   Kind::ServiceUnavailable,  "Model is temporarily overloaded",                    "Retry after a short delay or switch models"),
    row(StatusCode::GATEWAY_TIMEOUT,       "gateway_timeout",       Kind::GatewayTimeout,      "Request took too long to process",                   "Stream responses or raise the client timeout"),
];

/// Returns the row for `status`, if the page has one.
#[must_use]
pub fn row_for(status: StatusCode) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.status == status)
}

const fn row(
    status: StatusCode,
    api_type: &'static str,
    kind: Kind,
    cause: &'static str,
    recommendation: &'static str,
) -> Row {
    Row { status, api_type, kind, cause, recommendation }
}
