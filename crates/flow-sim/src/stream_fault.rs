//! The faults of streams that have names: `sim-stream-<name>`.
//!
//! They are for requests with `stream: true`; others are answered normally, and do not count as a failure.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, StatusCode};

use crate::dialect::Dialect;
use crate::part::code;
use crate::plan::{Delivery, Plan, Scope};
use crate::stream::Stream;

/// What their names begin with, behind the prefix of all.
pub(crate) const PREFIX: &str = "stream-";

/// How many deltas with content come before a fault.
const SOME: usize = 3;

/// More than the 16 MiB that an event may have by default.
const HUGE: usize = 17 * 1024 * 1024;

/// How often a stalled stream pings.
const PING: Duration = Duration::from_millis(100);

/// Letters of one, two, three and four bytes.
const LETTERS: &str = "Grüße aus flow-sim, 漢字 🦀";

/// A delta whose text has a byte that is not UTF-8.
const BAD_UTF8: &[u8] = b"data: {\"object\":\"chat.completion.chunk\",\"choices\":[{\"index\":0,\
    \"delta\":{\"content\":\"\xFF\"},\"logprobs\":null,\"finish_reason\":null}]}\n\n";

struct Fault {
    name: &'static str,
    what: &'static str,
    plan: fn() -> Plan,
}

/// All but the error events.
const FAULTS: [Fault; 26] = [
    // These are well, but not as plain as they could be.
    fault("crlf", "lines end with CR LF", || Plan::stream(Stream::new().crlf())),
    fault("cr", "lines end with CR", || Plan::stream(Stream::new().cr())),
    fault("bytes", "a byte a write, lines end with CR LF", || byte_by_byte(Stream::new().crlf())),
    fault("letters", "the same, and a text with letters of 1 to 4 bytes", || Plan {
        scope: Scope::Any,
        text: Some(LETTERS.to_owned()),
        ..byte_by_byte(Stream::new().crlf())
    }),
    fault("pings", "comments, keep-alives and empty deltas in between", || Plan::stream(pings())),
    // These end too early.
    fault("cut", "3 deltas, then the end of the body", || some(|stream| stream)),
    fault("cut-early", "no content, then the end of the body", || early(|stream| stream)),
    fault("cut-in-event", "3 deltas and half an event, then the end", || some(Stream::half)),
    fault("close", "3 deltas, then a close without the last chunk", || some(Stream::close)),
    fault("done-after-cut", "3 deltas, then [DONE], as gateways do", || some(Stream::done)),
    fault("done-only", "all of the content, no finish reason, [DONE]", || {
        Plan::stream(Stream::new().content().done())
    }),
    fault("no-done", "finish reasons, but no [DONE]", || Plan::stream(Stream::new().usage())),
    fault("no-blank-line", "the finish reason is the end, without its blank line", || {
        Plan::stream(Stream::new().finish().no_blank_line())
    }),
    fault("reset", "3 deltas and half an event, then a TCP reset", || {
        some(|stream| stream.half().reset())
    }),
    fault("reset-early", "no content, then a TCP reset", || early(Stream::reset)),
    fault("stall", "3 deltas, then nothing more", || some(Stream::stall)),
    fault("stall-early", "no content, then nothing more", || early(Stream::stall)),
    fault("stall-pings", "3 deltas, then a ping every 100 ms for ever", || {
        some(|stream| stream.stall_with_pings(PING))
    }),
    fault("stall-pings-early", "no content, then a ping every 100 ms for ever", || {
        early(|stream| stream.stall_with_pings(PING))
    }),
    // These say what they should not.
    fault("garbage", "3 deltas, an event that is not JSON, the rest", || {
        some(|stream| stream.data("{\"choices\":[{").rest())
    }),
    fault("bad-utf8", "3 deltas, one with a byte that is not UTF-8, the rest", || {
        some(|stream| stream.raw(Bytes::from_static(BAD_UTF8)).rest())
    }),
    fault("huge-event", "3 deltas, an event of more than 17 MiB, the rest", || {
        some(|stream| stream.padded(HUGE).rest())
    }),
    fault("error-done", "3 deltas, an error event, then [DONE]", || {
        some(|stream| stream.error(Dialect::Nested, 503).done())
    }),
    fault("empty", "a comment, and no event", || Plan::stream(Stream::new().comment("ping"))),
    fault("json", "the whole answer as JSON", || Plan {
        unstreamed: true,
        ..Plan::stream(Stream::new())
    }),
    fault("wrong-type", "a good stream of content-type text/plain", || {
        Plan::stream(Stream::new()).header("content-type", HeaderValue::from_static("text/plain"))
    }),
];

const EARLY: &str = "-early";

/// Finds the fault with this name, which is written without prefixes.
pub(crate) fn find(name: &str) -> Option<Plan> {
    let fault = FAULTS.iter().find(|fault| fault.name == name);
    fault.map(|fault| (fault.plan)()).or_else(|| error(name.strip_prefix("error-")?))
}

/// Gives all names, without prefixes, and what they do in words.
pub(crate) fn all() -> impl Iterator<Item = (String, String)> {
    let faults = FAULTS.iter().map(|fault| (fault.name.to_owned(), fault.what.to_owned()));
    let errors = Dialect::ALL.into_iter().flat_map(|(name, what, _)| {
        let late = (format!("error-{name}"), format!("3 deltas, then an error: {what}"));
        let early = (format!("error-{name}{EARLY}"), format!("an error at once: {what}"));
        [late, early]
    });
    faults.chain(errors)
}

const fn fault(name: &'static str, what: &'static str, plan: fn() -> Plan) -> Fault {
    Fault { name, what, plan }
}

/// A fault after some content.
fn some(then: impl FnOnce(Stream) -> Stream) -> Plan {
    Plan::stream(then(Stream::new().deltas(SOME)))
}

/// A fault after the openings, which have no content.
fn early(then: impl FnOnce(Stream) -> Stream) -> Plan {
    Plan::stream(then(Stream::new().opening()))
}

fn byte_by_byte(stream: Stream) -> Plan {
    Plan { delivery: Delivery::Slow { piece: 1, pause: Duration::ZERO }, ..Plan::stream(stream) }
}

fn pings() -> Stream {
    let stream = Stream::new().pings().opening().pings().deltas(1).pings().deltas(1).pings();
    stream.content().pings().finish().pings().rest()
}

/// An error event: a dialect, `-early` or not, and a status or not.
fn error(name: &str) -> Option<Plan> {
    let parts = name.rsplit_once('-');
    let parts =
        parts.and_then(|(name, code)| Some((name, StatusCode::from_bytes(code.as_bytes()).ok()?)));
    let (name, status) = parts.unwrap_or((name, StatusCode::SERVICE_UNAVAILABLE));
    let status = code(status.as_u16(), 400).ok()?.as_u16();
    let (name, deltas) = name.strip_suffix(EARLY).map_or((name, Some(SOME)), |name| (name, None));
    let (_, _, dialect) = Dialect::ALL.into_iter().find(|(known, _, _)| *known == name)?;
    let before = deltas.map_or_else(Stream::new, |deltas| Stream::new().deltas(deltas));
    Some(Plan::stream(before.error(dialect, status)))
}
