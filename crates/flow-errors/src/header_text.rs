//! Header values as text.

use std::time::SystemTime;

use http::HeaderMap;

use crate::instant;

/// Longer values are left out: no id, hint or limit is that long.
pub(crate) const MAX_VALUE_BYTES: usize = 1024;

/// Returns the values of a header as trimmed text, in order; what is too long or not UTF-8 is left
/// out.
pub(crate) fn texts<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    let values = headers.get_all(name).into_iter().filter(|value| value.len() <= MAX_VALUE_BYTES);
    values.filter_map(|value| std::str::from_utf8(value.as_bytes()).ok()).map(str::trim_ascii)
}

/// Returns when the service says that it answered.
pub(crate) fn date(headers: &HeaderMap) -> Option<SystemTime> {
    texts(headers, "date").find_map(instant::http_date)
}

/// Makes headers of pairs, for the tests of whoever reads them.
#[cfg(test)]
pub(crate) fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        let name = http::HeaderName::from_bytes(name.as_bytes()).unwrap();
        headers.append(name, http::HeaderValue::from_bytes(value.as_bytes()).unwrap());
    }
    headers
}
