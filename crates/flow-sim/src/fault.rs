//! The faults that have names, so that any client in any language can ask for them.

use std::fmt::Write as _;
use std::time::Duration;

use bytes::Bytes;
use flow_errors::table;
use http::{HeaderValue, StatusCode};

use crate::plan::{Answer, Delivery, Plan, Scope};
use crate::rows;
use crate::stream_fault;

/// What all of the model ids begin with.
pub(crate) const PREFIX: &str = "sim-";

/// The size of the largest body that the server sends on its own account.
const HUGE: usize = 80 * 1024 * 1024;
const HUGE_ERROR: usize = 1024 * 1024;
const MANY_HEADERS: usize = 150;

/// How long a slow upstream is waited for.
const SLOW: Duration = Duration::from_secs(2);

/// A fault with a name.
struct Fault {
    /// Without the prefix.
    name: &'static str,
    /// What it does, in words.
    what: &'static str,
    plan: fn() -> Plan,
}

/// The named faults that are neither error rows, nor pages of HTML, nor those of streams.
const FAULTS: [Fault; 19] = [
    fault("reset-before-head", "TCP reset in place of an answer", || {
        Plan::delivery(Delivery::ResetBeforeHead)
    }),
    fault("reset-after-head", "head and a part of the body, then a TCP reset", || {
        Plan::delivery(Delivery::ResetAfter(40))
    }),
    fault("close-before-head", "the connection is closed in place of an answer", || {
        Plan::delivery(Delivery::CloseBeforeHead)
    }),
    fault("hang", "never answers, and keeps the connection open", || {
        Plan::delivery(Delivery::Hang)
    }),
    fault("hang-after-head", "head and a part of the body, then nothing more", || {
        Plan::delivery(Delivery::HangAfter(40))
    }),
    fault("truncated-length", "a body shorter than its content-length, then a clean close", || {
        Plan::delivery(Delivery::TruncateLength(40))
    }),
    fault("truncated-chunked", "a chunked body without its last chunk, then a clean close", || {
        Plan::delivery(Delivery::TruncateChunked(40))
    }),
    fault("slow-body", "the body in pieces of 32 bytes, one every 50 ms", || {
        Plan::delivery(Delivery::Slow { piece: 32, pause: Duration::from_millis(50) })
    }),
    fault("slow-unary", "504 after 2 s, but a stream is answered at once", || Plan {
        scope: Scope::Unary,
        after: SLOW,
        ..Plan::answer(Answer::Row(StatusCode::GATEWAY_TIMEOUT))
    }),
    fault("empty-200", "status 200 with an empty body", || {
        Plan::answer(Answer::Status(StatusCode::OK))
    }),
    fault("object-200", "status 200 with the body {}", || {
        Plan::answer(Answer::Status(StatusCode::OK)).body("{}")
    }),
    fault("error-200", "status 200 carrying the error envelope of a 503", error_200),
    fault("garbage", "bytes that are not HTTP", || {
        Plan::delivery(Delivery::Garbage(Bytes::from_static(b"\x00\xFFthis is not HTTP\r\n\r\n")))
    }),
    fault("gzip", "a normal answer, compressed if the client accepts gzip", || Plan {
        gzip: true,
        ..Plan::default()
    }),
    fault("gzip-lie", "says content-encoding: gzip, but the body is plain", || {
        Plan::default().header("content-encoding", HeaderValue::from_static("gzip"))
    }),
    fault("many-headers", "a normal answer with 150 headers", many_headers),
    fault("nonascii-header", "a normal answer with a header value in Latin-1", || {
        // `café` in ISO 8859-1; were it refused, the header would stay away and a test fail.
        let value = HeaderValue::from_bytes(b"caf\xE9");
        value.map_or_else(|_| Plan::default(), |value| Plan::default().header("x-sim-text", value))
    }),
    fault("huge", "a normal answer blown up to 80 MiB, its length not announced", || Plan {
        answer: Answer::Huge(HUGE),
        ..Plan::delivery(Delivery::Chunked)
    }),
    fault("huge-error", "status 500 with 1 MiB of HTML", || {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        html(status, &"<!-- padding -->\r\n".repeat(HUGE_ERROR / 18))
    }),
];

/// Finds the fault with this name, which is written without the prefix.
pub(crate) fn find(name: &str) -> Option<Plan> {
    if let Some(fault) = FAULTS.iter().find(|fault| fault.name == name) {
        return Some((fault.plan)());
    }
    if let Some(name) = name.strip_prefix(stream_fault::PREFIX) {
        return stream_fault::find(name);
    }
    if let Some(status) = name.strip_prefix("html-") {
        return html_status(status).map(|status| html(status, ""));
    }
    let row = table::TABLE.iter().find(|row| row.status.as_str() == name)?;
    Some(Plan::answer(Answer::Row(row.status)))
}

/// Returns the server's own model ids, each with what it does in words.
///
/// # Examples
///
/// ```
/// let ids = flow_sim::model_ids();
/// assert!(ids.iter().any(|(id, _)| id == "sim-429"));
/// assert!(ids.iter().any(|(id, _)| id == "sim-reset-before-head"));
/// ```
#[must_use]
pub fn model_ids() -> Vec<(String, String)> {
    let rows = table::TABLE.iter().map(|row| {
        (format!("{PREFIX}{}", row.status.as_str()), format!("{}: {}", row.api_type, row.cause))
    });
    let pages = ["html-200", "html-502"].map(|name| {
        let status = name.trim_start_matches("html-");
        (format!("{PREFIX}{name}"), format!("status {status} with a page of HTML, as proxies send"))
    });
    let faults = FAULTS.map(|fault| (format!("{PREFIX}{}", fault.name), fault.what.to_owned()));
    let streams = stream_fault::all()
        .map(|(name, what)| (format!("{PREFIX}{}{name}", stream_fault::PREFIX), what));
    rows.chain(pages).chain(faults).chain(streams).collect()
}

const fn fault(name: &'static str, what: &'static str, plan: fn() -> Plan) -> Fault {
    Fault { name, what, plan }
}

/// 200, or any error that a proxy might send.
fn html_status(text: &str) -> Option<StatusCode> {
    let status = StatusCode::from_bytes(text.as_bytes()).ok()?;
    let fits = status == StatusCode::OK || status.is_client_error() || status.is_server_error();
    fits.then_some(status)
}

/// An error page as nginx writes it.
fn html(status: StatusCode, padding: &str) -> Plan {
    let title = format!("{} {}", status.as_str(), status.canonical_reason().unwrap_or("Unknown"));
    let mut page = format!("<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n");
    let _ = write!(page, "<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n");
    page.push_str("</body>\r\n</html>\r\n");
    page.push_str(padding);
    Plan::answer(Answer::Status(status))
        .header("content-type", HeaderValue::from_static("text/html"))
        .body(page)
}

fn error_200() -> Plan {
    let body = rows::row(StatusCode::SERVICE_UNAVAILABLE).bytes();
    Plan::answer(Answer::Status(StatusCode::OK)).body(body)
}

fn many_headers() -> Plan {
    let mut plan = Plan::default();
    for number in 0..MANY_HEADERS {
        // Letters, digits and hyphens: always a valid name.
        if let Ok(name) = http::HeaderName::try_from(format!("x-sim-{number:03}")) {
            plan.headers.insert(name, HeaderValue::from(number));
        }
    }
    plan
}
