//! A small reader of event streams that have arrived whole, to find the error in one.
//!
//! Streams on the way to a caller are read elsewhere. Unlike the WHATWG's algorithm this one also
//! gives the last event when its blank line is missing: a gateway that fails forgets it.

use std::borrow::Cow;

/// How a body begins that is an event stream, whatever its content type says.
const OPENINGS: [&[u8]; 5] = [b"data:", b"event:", b"id:", b"retry:", b": "];

/// One event: its name, empty if it has none, and its data.
pub(crate) struct Event<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) data: Cow<'a, [u8]>,
}

/// Returns whether a trimmed body looks like an event stream.
pub(crate) fn is_stream(body: &[u8]) -> bool {
    OPENINGS.iter().any(|opening| body.starts_with(opening))
}

/// Reads the events of a body up to `[DONE]`, after which nothing counts.
pub(crate) fn events(body: &[u8]) -> impl Iterator<Item = Event<'_>> {
    let mut rest = body;
    std::iter::from_fn(move || event(&mut rest)).take_while(|event| *event.data != *b"[DONE]")
}

fn event<'a>(rest: &mut &'a [u8]) -> Option<Event<'a>> {
    let mut name: &[u8] = b"";
    let mut data: Option<Cow<'a, [u8]>> = None;
    while !rest.is_empty() {
        let line = line(rest);
        match field(line) {
            (b"", _) if line.is_empty() && (data.is_some() || !name.is_empty()) => break,
            (b"event", value) => name = value,
            (b"data", value) => data = Some(joined(data, value)),
            _ => {}
        }
    }
    let is_event = data.is_some() || !name.is_empty();
    is_event.then(|| Event { name, data: data.unwrap_or_default() })
}

/// Takes a line, which ends in LF, CR LF or CR, off the front of `rest`.
fn line<'a>(rest: &mut &'a [u8]) -> &'a [u8] {
    let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
    let (line, tail) = rest.split_at_checked(end).unwrap_or((rest, b""));
    let tail = tail.strip_prefix(b"\r\n").or_else(|| tail.get(1..));
    *rest = tail.unwrap_or_default();
    line
}

/// Splits a line into a field's name and its value, less the one space that may follow the colon.
fn field(line: &[u8]) -> (&[u8], &[u8]) {
    let mut parts = line.splitn(2, |byte| *byte == b':');
    let (name, value) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    (name, value.strip_prefix(b" ").unwrap_or(value))
}

fn joined<'a>(data: Option<Cow<'a, [u8]>>, value: &'a [u8]) -> Cow<'a, [u8]> {
    let Some(data) = data else { return Cow::Borrowed(value) };
    let mut data = data.into_owned();
    data.push(b'\n');
    data.extend_from_slice(value);
    Cow::Owned(data)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Vec<(String, String)> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        events(body.as_bytes()).map(|event| (text(event.name), text(&event.data))).collect()
    }

    #[test]
    fn events_are_read_as_written() {
        let table: [(&str, &[(&str, &str)]); 12] = [
            ("data: {}\n\n", &[("", "{}")]),
            ("data:{}", &[("", "{}")]),
            ("event: completion\ndata: {}\n\n", &[("completion", "{}")]),
            ("event: ping\n\n", &[("ping", "")]),
            ("event: a\n\nevent: b\n\n", &[("a", ""), ("b", "")]),
            ("data: {\ndata:\ndata: }\n\n\n", &[("", "{\n\n}")]),
            ("data: a\r\n\r\ndata: b\r\n\r\n", &[("", "a"), ("", "b")]),
            ("data: a\r\rdata: b\r\r", &[("", "a"), ("", "b")]),
            (": comment\n\n: comment\ndata: a\n\n", &[("", "a")]),
            ("id: 3\nretry: 2000\nevent: error\ndata: x\n\n", &[("error", "x")]),
            ("data: a\n\ndata: [DONE]\n\ndata: b\n\n", &[("", "a")]),
            ("", &[]),
        ];
        for (body, want) in table {
            let got = read(body);
            let got: Vec<_> =
                got.iter().map(|(name, data)| (name.as_str(), data.as_str())).collect();
            assert_eq!(got, want, "{body:?}");
        }
    }

    proptest! {
        #[test]
        fn prop_any_body_ends(body in "[a-z:\\r\\n ]{0,80}") {
            let events = read(&body);
            prop_assert!(events.len() <= body.len());
        }
    }
}
