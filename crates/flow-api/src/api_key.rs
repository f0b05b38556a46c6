//! The API key: checked when it is given, and never shown again.

use std::fmt;
use std::sync::Arc;

use flow_errors::{Error, Result};
use http::HeaderValue;

/// An API key. `Debug` does not show it, and there is no `Display`.
///
/// # Examples
///
/// ```
/// use flow_api::ApiKey;
///
/// let key = ApiKey::new("sk-flow-123")?;
/// assert_eq!(format!("{key:?}"), "ApiKey([redacted])");
/// assert!(ApiKey::new("Bearer sk-flow-123").is_err());
/// # Ok::<(), flow_errors::Error>(())
/// ```
#[derive(Clone)]
pub struct ApiKey {
    key: Arc<str>,
    authorization: HeaderValue,
}

impl ApiKey {
    /// Checks a key.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config`, which does not contain the key, if the key is empty,
    /// is surrounded by blanks, holds anything but visible ASCII, or starts with `Bearer `.
    pub fn new(key: impl Into<String>) -> Result<Self> {
        let key = key.into();
        if let Some(problem) = problem(&key) {
            return Err(Error::config(problem));
        }
        let mut authorization = HeaderValue::try_from(format!("Bearer {key}"))
            .map_err(|_| Error::config(NOT_VISIBLE_ASCII))?;
        authorization.set_sensitive(true);
        Ok(Self { key: key.into(), authorization })
    }

    /// Returns the value of the `Authorization` header, marked as sensitive.
    #[must_use]
    pub const fn authorization(&self) -> &HeaderValue {
        &self.authorization
    }

    /// Returns whether both are one key; most often they are copies.
    pub(crate) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.key, &other.key) || self.key == other.key
    }

    /// Returns the key itself, for replacing it in texts that echo it and for finding its gates.
    #[must_use]
    pub(crate) fn expose(&self) -> &str {
        &self.key
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey([redacted])")
    }
}

const NOT_VISIBLE_ASCII: &str =
    "the API key holds characters other than visible ASCII, which no key has; copy it again";

fn problem(key: &str) -> Option<&'static str> {
    if key.trim().is_empty() {
        Some("the API key is empty; set FLOW_API_KEY or call api_key()")
    } else if key.chars().any(char::is_control) {
        Some("the API key holds a newline or another control character; remove it")
    } else if key.trim() != key {
        Some("the API key has blanks around it; remove them")
    } else if key.starts_with(['"', '\'']) || key.ends_with(['"', '\'']) {
        Some("the API key has quotes around it; remove them")
    } else if key.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        Some("the API key starts with `Bearer `, which the client adds itself; remove it")
    } else if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        Some(NOT_VISIBLE_ASCII)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use flow_errors::Kind;

    use super::*;

    #[test]
    fn bad_keys_are_refused_without_being_shown() {
        #[rustfmt::skip]
        let cases = [
            // name              key                      want in the message
            ("empty",            "",                      "is empty"),
            ("blank",            "  ",                    "is empty"),
            ("newline at end",   "sk-planted\n",          "a newline"),
            ("control inside",   "sk-pl\u{1}anted",       "control character"),
            ("blanks around",    " sk-planted ",          "blanks around"),
            ("bearer prefix",    "Bearer sk-planted",     "starts with `Bearer `"),
            ("bearer lowercase", "bearer sk-planted",     "starts with `Bearer `"),
            ("quoted",           "\"sk-planted\"",         "quotes around it"),
            ("not ascii",        "sk-plänted",            "visible ASCII"),
            ("blank inside",     "sk planted",            "visible ASCII"),
        ];
        for (name, key, want) in cases {
            let error = ApiKey::new(key).unwrap_err();
            assert_eq!(error.kind(), Kind::Config, "{name}");
            assert!(error.to_string().contains(want), "{name}: {error}");
            assert!(!format!("{error}{error:?}").contains("anted"), "{name}: {error:?}");
        }
    }

    #[test]
    fn good_key_becomes_a_sensitive_header() {
        let key = ApiKey::new("sk-flow-1").unwrap();
        assert_eq!(key.authorization(), "Bearer sk-flow-1");
        assert!(key.authorization().is_sensitive());
        assert!(!format!("{key:?}{:?}", key.authorization()).contains("sk-flow"));
    }
}
