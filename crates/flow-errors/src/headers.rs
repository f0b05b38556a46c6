//! The headers of a reply that an error keeps, and the plain facts in them.
//!
//! What is kept is an allow-list, bounded in number and size: cookies, credentials and whatever
//! else a service sends never enter an error, its `Debug` or a log.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::header_text::{MAX_VALUE_BYTES, texts};
use crate::limit_headers::PREFIXES;

pub use crate::hint::retry_after;
pub use crate::limit::Limit;
pub use crate::rate_limits::RateLimits;

/// The most header values that an error keeps.
const MAX_VALUES: usize = 64;

/// Where a request id may stand, the surest first.
pub(crate) const REQUEST_IDS: [&str; 6] = [
    "x-request-id",
    "request-id",
    "x-amzn-requestid",
    "apim-request-id",
    "x-ms-request-id",
    "x-oneapi-request-id",
];

/// What is kept besides request ids and limits: type, date, hints, and who answered.
#[rustfmt::skip]
const KEPT: [&str; 22] = [
    "cf-mitigated", "cf-ray", "content-encoding", "content-length", "content-type", "date",
    "openai-processing-ms", "openai-version", "retry-after", "retry-after-ms", "server", "via",
    "x-amzn-errortype", "x-azure-ref", "x-cache", "x-envoy-ratelimited", "x-error-code",
    "x-litellm-call-id", "x-ms-retry-after-ms", "x-should-retry", "x-vercel-error", "x-vercel-id",
];

/// Copies the headers that an error keeps.
pub(crate) fn kept(headers: &HeaderMap) -> HeaderMap {
    let is_kept = |(name, value): &(&HeaderName, &HeaderValue)| {
        is_kept(name.as_str()) && value.len() <= MAX_VALUE_BYTES && !value.is_sensitive()
    };
    let mut kept = HeaderMap::new();
    for (name, value) in headers.iter().filter(is_kept).take(MAX_VALUES) {
        kept.append(name.clone(), value.clone());
    }
    kept
}

/// Returns the service's id for a request from its reply's headers, to quote to its support.
///
/// Services write it as `x-request-id`, or under the names of the gateways and clouds in front of
/// them; the first of those that is there and not empty wins.
///
/// # Examples
///
/// ```
/// use http::{HeaderMap, HeaderValue};
///
/// let mut headers = HeaderMap::new();
/// headers.insert("X-Request-ID", HeaderValue::from_static("req-1"));
/// assert_eq!(flow_errors::headers::request_id(&headers), Some("req-1"));
/// ```
#[must_use]
pub fn request_id(headers: &HeaderMap) -> Option<&str> {
    REQUEST_IDS.iter().find_map(|name| texts(headers, name).find(|id| !id.is_empty()))
}

/// Returns what the service wishes about another try, whatever the status says.
pub(crate) fn should_retry(headers: &HeaderMap) -> Option<bool> {
    texts(headers, "x-should-retry").find_map(|text| match text {
        _ if text.eq_ignore_ascii_case("true") => Some(true),
        _ if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    })
}

fn is_kept(name: &str) -> bool {
    KEPT.contains(&name)
        || REQUEST_IDS.contains(&name)
        || PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::header_text::headers;

    #[test]
    fn only_listed_headers_are_kept() {
        let table = [
            ("content-type", true),
            ("date", true),
            ("retry-after-ms", true),
            ("x-request-id", true),
            ("x-ratelimit-reset-tokens", true),
            ("ratelimit-policy", true),
            ("anthropic-ratelimit-requests-reset", true),
            ("authorization", false),
            ("set-cookie", false),
            ("www-authenticate", false),
            ("location", false),
            ("x-api-key", false),
            ("x-secret", false),
        ];
        for (name, want) in table {
            assert_eq!(kept(&headers(&[(name, "value")])).contains_key(name), want, "{name}");
        }
    }

    #[test]
    fn kept_headers_are_bounded() {
        let long = "x".repeat(MAX_VALUE_BYTES + 1);
        let mut many = headers(&[("server", &long)]);
        for _ in 0..500 {
            many.append("x-ratelimit-limit", HeaderValue::from_static("1"));
        }
        let mut secret = HeaderValue::from_static("planted");
        secret.set_sensitive(true);
        many.append("via", secret);
        let kept = kept(&many);
        assert_eq!(kept.len(), MAX_VALUES);
        assert!(!kept.contains_key("server") && !kept.contains_key("via"));
    }

    #[test]
    fn surest_request_id_wins() {
        let mut all = HeaderMap::new();
        for name in REQUEST_IDS.iter().rev() {
            all.append(*name, HeaderValue::from_static(name));
            assert_eq!(request_id(&all), Some(*name));
        }
        let blank = headers(&[("x-request-id", "  "), ("request-id", " req_1 ")]);
        assert_eq!(request_id(&blank), Some("req_1"));
        assert_eq!(request_id(&HeaderMap::new()), None);
    }

    #[test]
    fn should_retry_is_true_false_or_nothing() {
        let table = [
            ("true", Some(true)),
            ("False", Some(false)),
            ("maybe", None),
            ("", None),
            ("1", None),
        ];
        for (text, want) in table {
            assert_eq!(should_retry(&headers(&[("x-should-retry", text)])), want, "{text:?}");
        }
    }
}
