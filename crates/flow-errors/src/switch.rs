//! When a failure is about the model, so that another one may answer at once.
//!
//! It never is about the request, the key, the balance or the network: those would go wrong with
//! every model alike.

use std::time::Duration;

use crate::words::{is_same, meaning};
use crate::{Class, Error, Kind, RetryPolicy};

/// Words that say that it is the model that is unknown, and not the path.
const MODEL_WORDS: [&str; 3] = ["model_not_found", "DeploymentNotFound", "model_not_available"];

/// Returns whether another model may well answer what this one did not, without any wait.
pub(crate) fn is_worth_switching(error: &Error, policy: &RetryPolicy) -> bool {
    match error.class() {
        Class::Overloaded => true,
        Class::Throttled => error.retry_after().is_some_and(|hint| hint > patience(policy)),
        Class::Permanent => error.kind() == Kind::NotFound && is_about_model(error, true),
        _ => false,
    }
}

/// Returns the longest wait that the service may ask for before another model is asked instead.
pub(crate) fn patience(policy: &RetryPolicy) -> Duration {
    // A hint that would end the call is worth switching for, however patient `switch_after` is.
    policy.switch_after().min(policy.max_retry_after())
}

/// Returns whether the model is unknown rather than the path.
///
/// The page has one row for both. Where neither code nor parameter says more, a request that names a
/// model is taken to have the right path: the clients' own calls do.
pub(crate) fn is_about_model(error: &Error, names_model: bool) -> bool {
    if error.param() == Some("model") {
        return true;
    }
    let words = || [error.code(), error.api_type()].into_iter().flatten();
    if words().any(|word| MODEL_WORDS.iter().any(|known| is_same(known, word))) {
        return true;
    }
    let is_code_vague =
        error.code().is_none_or(|code| code == "404" || meaning(code) == Some(Kind::NotFound));
    names_model && is_code_vague && words().any(|word| meaning(word) == Some(Kind::NotFound))
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderMap, HeaderValue, StatusCode};

    use super::*;
    use crate::Body;

    fn error(status: u16, hint: &'static str, body: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        if !hint.is_empty() {
            headers.insert("retry-after", HeaderValue::from_static(hint));
        }
        let body = Body::new(body.as_bytes().to_vec());
        Error::from_response(status, &headers, body, SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn only_failures_of_the_model_are_worth_another_one() {
        let unknown = r#"{"error":{"message":"m","type":"not_found_error"}}"#;
        let quota = r#"{"error":{"message":"m","code":"insufficient_quota"}}"#;
        let overloaded = r#"{"error":{"message":"m","type":"overloaded_error"}}"#;
        let page = "<html><title>404 Not Found</title></html>";
        #[rustfmt::skip]
        let cases = [
            // name                     status  hint    body                          want
            ("overloaded",              503,    "",     "",                           true),
            ("overloaded, long hint",   503,    "600",  "",                           true),
            ("overloaded by word",      500,    "",     overloaded,                   true),
            ("Anthropic's overloaded",  529,    "",     "",                           true),
            ("throttled",               429,    "",     "",                           false),
            ("throttled, short hint",   429,    "5",    "",                           false),
            ("throttled, long hint",    429,    "5.001", "",                          true),
            ("throttled, longest hint", 429,    "600",  "",                           true),
            ("quota",                   429,    "6",    quota,                        false),
            ("quota, overloaded",       503,    "",     quota,                        false),
            ("unknown model",           404,    "",     unknown,                      true),
            ("unknown path",            404,    "",     page,                         false),
            ("refused",                 400,    "",     r#"{"error":{"message":"m","param":"model"}}"#, false),
            ("bad key",                 401,    "",     "",                           false),
            ("no balance",              402,    "6",    "",                           false),
            ("forbidden",               403,    "",     r#"{"error":{"message":"m","code":"model_not_found"}}"#, false),
            ("internal",                500,    "6",    "",                           false),
            ("bad gateway",             502,    "6",    "",                           false),
            ("gateway timeout",         504,    "6",    "",                           false),
        ];
        for (name, status, hint, body, want) in cases {
            let error = error(status, hint, body);
            assert_eq!(is_worth_switching(&error, &RetryPolicy::default()), want, "{name}");
        }
        for error in
            [Error::connect("refused"), Error::timeout(crate::Sent::Perhaps, Duration::MAX)]
        {
            assert!(!is_worth_switching(&error, &RetryPolicy::default()), "{error}");
        }
    }

    #[test]
    fn patience_is_the_policys_but_not_longer_than_it_waits_at_all() {
        let policy = |switch: u64, most: u64| {
            let builder = RetryPolicy::builder().switch_after(Duration::from_secs(switch));
            builder.max_retry_after(Duration::from_secs(most)).build().unwrap()
        };
        #[rustfmt::skip]
        let cases = [
            // name         policy              hint    want
            ("less",        policy(0, 120),     "0.1",  true),
            ("no hint",     policy(0, 120),     "0",    false),
            ("more",        policy(60, 120),    "60",   false),
            ("above",       policy(60, 120),    "61",   true),
            ("too long",    policy(200, 120),   "121",  true),
            ("not too long", policy(200, 120),  "120",  false),
        ];
        for (name, policy, hint, want) in cases {
            assert_eq!(is_worth_switching(&error(429, hint, ""), &policy), want, "{name}");
        }
    }
}
