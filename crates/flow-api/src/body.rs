//! Reading a reply's body within its bounds, and undoing gzip.

use std::fmt;
use std::io::Read;

use flate2::read::MultiGzDecoder;
use flow_errors::{Body, Error, Sent};
use http::{HeaderMap, StatusCode, header};

/// Gathers the chunks of a body, up to a limit.
///
/// A driver stops when [`push`](Self::push) wants no more, and says with [`fail`](Self::fail) why
/// the rest will not come. `Debug` does not show what has arrived.
pub struct BodyReader {
    bytes: Vec<u8>,
    limit: usize,
    is_over: bool,
    failure: Option<Error>,
}

impl BodyReader {
    /// Starts the body of a reply: up to `max_reply_bytes` of a success, [`Body::MAX`] of an error.
    #[must_use]
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, max_reply_bytes: usize) -> Self {
        let limit = if status.is_success() { max_reply_bytes } else { Body::MAX };
        let length = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let length: usize = length.and_then(|text| text.parse().ok()).unwrap_or(0);
        // What a header promises is not worth more than this before it has arrived.
        const MOST_RESERVED: usize = 256 * 1024;
        let bytes = Vec::with_capacity(length.min(limit).min(MOST_RESERVED));
        Self { bytes, limit, is_over: false, failure: None }
    }

    /// Adds a chunk; returns whether more is wanted.
    #[must_use]
    pub fn push(&mut self, chunk: &[u8]) -> bool {
        let room = self.limit.saturating_sub(self.bytes.len());
        self.is_over |= chunk.len() > room;
        self.bytes.extend_from_slice(chunk.get(..room).unwrap_or(chunk));
        !self.is_over
    }

    /// Notes why the rest of the body will not come.
    pub fn fail(&mut self, error: Error) {
        self.failure = Some(error);
    }

    /// Returns what arrived with gzip undone, and whether that is all.
    pub(crate) fn finish(self, headers: &HeaderMap) -> Collected {
        let Self { bytes, limit, is_over, failure } = self;
        // A body labelled gzip that is none is kept as it came.
        if !is_labelled_gzip(headers) || !bytes.starts_with(&[0x1f, 0x8b]) {
            return Collected { bytes, is_over, failure };
        }
        let mut plain = Vec::new();
        let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
        let outcome = MultiGzDecoder::new(&*bytes).take(most).read_to_end(&mut plain);
        let is_over = is_over || plain.len() > limit;
        plain.truncate(limit);
        let broken = outcome.err().filter(|_| !is_over);
        let broken = broken.map(|source| Error::transport(Sent::Perhaps, source));
        Collected { bytes: plain, is_over, failure: failure.or(broken) }
    }
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BodyReader")
            .field("bytes", &self.bytes.len())
            .field("limit", &self.limit)
            .field("is_over", &self.is_over)
            .field("failure", &self.failure)
            .finish_non_exhaustive()
    }
}

/// A whole body, or the part of it that arrived and fits.
pub(crate) struct Collected {
    pub(crate) bytes: Vec<u8>,
    pub(crate) is_over: bool,
    pub(crate) failure: Option<Error>,
}

fn is_labelled_gzip(headers: &HeaderMap) -> bool {
    let Some(encoding) = headers.get(header::CONTENT_ENCODING) else { return false };
    let encoding = encoding.to_str().unwrap_or_default().trim();
    encoding.eq_ignore_ascii_case("gzip") || encoding.eq_ignore_ascii_case("x-gzip")
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(plain: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    }

    fn read(label: &str, limit: usize, bytes: &[u8]) -> Collected {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_ENCODING, label.parse().unwrap());
        let mut reader = BodyReader::new(StatusCode::OK, &headers, limit);
        for chunk in bytes.chunks(7) {
            if !reader.push(chunk) {
                break;
            }
        }
        reader.finish(&headers)
    }

    #[test]
    fn gzip_is_undone_only_where_it_really_is_gzip() {
        #[rustfmt::skip]
        let cases: [(&str, &str, Vec<u8>, &[u8]); 5] = [
            ("gzip",              "gzip",     gzip(b"plain text"), b"plain text"),
            ("old name",          "X-GZIP",   gzip(b"plain text"), b"plain text"),
            ("wrongly labelled",  "gzip",     b"plain text".to_vec(), b"plain text"),
            ("not labelled",      "identity", b"plain text".to_vec(), b"plain text"),
            ("two members",       "gzip",     [gzip(b"plain "), gzip(b"text")].concat(), b"plain text"),
        ];
        for (name, label, bytes, want) in cases {
            let got = read(label, 100, &bytes);
            assert_eq!(
                (&*got.bytes, got.is_over, got.failure.is_some()),
                (want, false, false),
                "{name}"
            );
        }
    }

    #[test]
    fn limit_holds_for_the_plain_and_for_the_inflated_body() {
        let plain = vec![b'a'; 100_000];
        let got = read("identity", 1_000, &plain);
        assert_eq!((got.bytes.len(), got.is_over), (1_000, true));
        let got = read("gzip", 1_000, &gzip(&plain));
        assert_eq!((got.bytes.len(), got.is_over), (1_000, true));
        let got = read("gzip", 100_000, &gzip(&plain));
        assert_eq!((got.bytes.len(), got.is_over), (100_000, false));
    }

    #[test]
    fn gzip_that_breaks_off_is_a_broken_connection() {
        let bytes = gzip(b"plain text that is long enough to be cut");
        let got = read("gzip", 1_000, &bytes[..bytes.len() - 9]);
        assert_eq!(got.failure.unwrap().kind(), flow_errors::Kind::Transport);
        assert!(got.bytes.starts_with(b"plain text"));
    }
}
