//! Error replies, decoded and classified: against the least that serde must do for them.
//!
//! The floor reads the documented envelope into a struct of three owned strings. Ours keeps every
//! field there is, finds the kind, and keeps status, headers and body.

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;
use std::time::SystemTime;

use bytes::Bytes;
use flow_blocking::flow_api::client::InFlight;
use flow_blocking::{CancelToken, Client, ReplyBody, Transport};
use flow_errors::table::TABLE;
use flow_errors::{Body, Envelope, Error, RetryPolicy};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use serde::Deserialize;

use super::cpu;
use super::figure::Figure;
use super::paired::Pairs;
use crate::Result;
use crate::progress::Progress;

/// The most that decoding and classifying may take, in decodes into the plain struct.
const LIMIT: f64 = 4.0;

/// The most that a page of a megabyte may take, in decodes of the part that is kept.
const LARGE_LIMIT: f64 = 1.5;

/// The most bytes that may be allocated at once for it: what is kept, read as text once.
const PEAK_LIMIT: f64 = 2.5 * 64.0;

/// The decodes of one round.
const DECODES: usize = 10_000;

const LARGE_DECODES: usize = 64;
const LARGE: usize = 1024 * 1024;

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct Plain {
    error: Facts,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "decoding is all that is measured")]
struct Facts {
    message: String,
    r#type: String,
    code: Option<String>,
}

/// Measures the documented envelopes, then a page of a megabyte.
pub(super) fn measure(progress: &Progress) -> Result<Vec<Figure>> {
    let mut figures = vec![documented(
        "decode, the page's example with status 429",
        StatusCode::TOO_MANY_REQUESTS,
        &example(),
        progress,
    )?];
    for row in &TABLE {
        let envelope = Envelope::new(row.cause).with_type(row.api_type).with_code(row.api_type);
        let name = format!("decode, row {}", row.status.as_u16());
        figures.push(documented(&name, row.status, &envelope.encode(), progress)?);
    }
    figures.extend(large(progress)?);
    Ok(figures)
}

/// The page's own example, with its line breaks.
fn example() -> Vec<u8> {
    br#"{
  "error": {
    "message": "A human-readable description of the error.",
    "type": "invalid_request_error",
    "code": "invalid_api_key"
  }
}"#
    .to_vec()
}

fn documented(name: &str, status: StatusCode, body: &[u8], progress: &Progress) -> Result<Figure> {
    let headers = headers();
    serde_json::from_slice::<Plain>(body)?;
    // Both own the bodies, as whoever has read a reply does.
    let bodies = || vec![Body::new(body); DECODES];
    let pairs = Pairs::measure(
        || cpu_nanos_each(bodies(), |body| decoded(status, &headers, body)),
        || cpu_nanos_each(bodies(), |body| serde_json::from_slice::<Plain>(body.as_bytes())),
        progress.of(name),
    )?;
    Ok(Figure::of_pairs(name, "ns", &pairs, Some(LIMIT)))
}

/// Returns the CPU time in nanoseconds that `work` takes for one of `inputs`, results dropped.
fn cpu_nanos_each<I, T>(inputs: Vec<I>, mut work: impl FnMut(I) -> T) -> Result<f64> {
    let count = f64::from(u32::try_from(inputs.len())?);
    let spent = cpu::spent(|| {
        for input in inputs {
            black_box(work(black_box(input)));
        }
        Ok(())
    })?;
    Ok(spent.as_secs_f64() * 1e9 / count)
}

fn decoded(status: StatusCode, headers: &HeaderMap, body: Body) -> Error {
    Error::from_response(status, headers, body, SystemTime::UNIX_EPOCH)
}

/// What a gateway's error reply has at the least.
fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    headers.insert("x-request-id", HeaderValue::from_static("req_0123456789abcdef"));
    headers
}

/// A page of a megabyte as the reply of a call: only what is kept of it may cost time or memory.
fn large(progress: &Progress) -> Result<[Figure; 2]> {
    let page = page(LARGE);
    let kept = page.get(..Body::MAX).unwrap_or(&page);
    let (whole, part) = (refused_with(&page)?, refused_with(kept)?);
    let call = |client: &Client| client.get("/page").send::<()>();
    let calls = |client: &Client| cpu_nanos_each(vec![(); LARGE_DECODES], |()| call(client));
    let name = "decode, 1 MiB of HTML against 64 KiB of it";
    let pairs = Pairs::measure(|| calls(&whole), || calls(&part), progress.of(name))?;
    let time = Figure::of_pairs(name, "ns", &pairs, Some(LARGE_LIMIT));
    let peak = allocation_counter::measure(|| drop(call(&whole))).bytes_max;
    let peak = f64::from(u32::try_from(peak)?) / 1024.0;
    let name = "decode, 1 MiB of HTML, most memory at once";
    Ok([time, Figure::counted(name, "KiB", (peak, None), PEAK_LIMIT)])
}

/// Makes a client whose every call is answered by a 404 with `page`, without a network.
///
/// That is no outage: after 50 failures of another kind calls would wait for their turn.
fn refused_with(page: &[u8]) -> Result<Client> {
    let transport = Arc::new(Canned(page.into()));
    let client = Client::builder().api_key("sk-bench").retry(RetryPolicy::none());
    Ok(client.transport(transport).build()?)
}

struct Canned(Arc<[u8]>);

impl Transport for Canned {
    fn send(
        &self,
        _: Request<Bytes>,
        in_flight: &InFlight,
        _: &CancelToken,
    ) -> Result<Response<ReplyBody>, Error> {
        in_flight.mark_sent();
        let mut reply = Response::new(Box::new(Cursor::new(Arc::clone(&self.0))) as ReplyBody);
        *reply.status_mut() = StatusCode::NOT_FOUND;
        Ok(reply)
    }
}

/// A page of that many bytes, without a headline, so that all of it is searched.
fn page(bytes: usize) -> Vec<u8> {
    let mut page = b"<!DOCTYPE html><html><head>".to_vec();
    while page.len() < bytes {
        page.extend_from_slice(b"<meta name=\"x\" content=\"padding &amp; more\">\n");
    }
    page.truncate(bytes);
    page
}
