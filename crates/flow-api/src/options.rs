//! Everything that can be set for a client and for a single call alike.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{Arc, LazyLock};

use flow_errors::call::Timeouts;
use flow_errors::{Attempt, Error, Result, RetryPolicy};
use http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::ApiKey;
use crate::fallback::{self, Names};
use crate::limit::Limit;
use crate::stop_token::StopToken;
use crate::stream_options::{StreamOptions, StreamRules};

/// The most bytes of a reply's body, unless the caller says otherwise: 64 MiB.
const DEFAULT_MAX_REPLY_BYTES: usize = 64 * 1024 * 1024;

/// The header that lets a service recognize a request that is sent twice.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The headers that are about the connection, or that change how a request is sent.
const OF_THE_STACK: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "http2-settings",
];

type OnAttempt = Arc<dyn Fn(&Attempt) + Send + Sync>;

/// What the caller asked for, not yet checked; what is not set is `None`.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) api_key: Option<String>,
    pub(crate) retry: Option<RetryPolicy>,
    pub(crate) deadline: Option<Limit>,
    pub(crate) attempt_timeout: Option<Limit>,
    pub(crate) max_reply_bytes: Option<usize>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) on_attempt: Option<OnAttempt>,
    /// Empty is none, also where the client has some.
    pub(crate) fallback_models: Option<Vec<String>>,
    pub(crate) stream: StreamOptions,
    /// Of the batch that the call belongs to.
    pub(crate) stop: Option<StopToken>,
}

/// The options of a call.
///
/// Most calls have none, and are moved a few times before they are sent, so there is room for options
/// only once one is set.
#[derive(Clone, Default)]
pub(crate) struct CallOptions(Option<Box<Options>>);

impl CallOptions {
    /// Returns the options, if any was set.
    pub(crate) fn into_set(self) -> Option<Options> {
        self.0.map(|options| *options)
    }
}

impl Deref for CallOptions {
    type Target = Options;

    fn deref(&self) -> &Options {
        static NONE: LazyLock<Options> = LazyLock::new(Options::default);
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl DerefMut for CallOptions {
    fn deref_mut(&mut self) -> &mut Options {
        self.0.get_or_insert_default()
    }
}

impl fmt::Debug for CallOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// The setters of [`Options`], for every builder that has an `options` field.
macro_rules! option_setters {
    () => {
        /// Sets the API key.
        ///
        /// The service limits each key by itself: a call with another key than its client's waits for
        /// its turn among the calls with that key only.
        pub fn api_key(mut self, key: impl Into<String>) -> Self {
            self.options.api_key = Some(key.into());
            self
        }

        /// Sets how often to retry and how long to wait in between; the default is
        /// [`RetryPolicy::default`](flow_errors::RetryPolicy). Each retry may be billed.
        pub fn retry(mut self, policy: flow_errors::RetryPolicy) -> Self {
            self.options.retry = Some(policy);
            self
        }

        /// Sets how long the whole call may take, attempts and waits together; default 10 minutes.
        pub fn deadline(mut self, deadline: std::time::Duration) -> Self {
            self.options.deadline = Some($crate::limit::Limit::After(deadline));
            self
        }

        /// Lifts the deadline: the call may take as long as its attempts do.
        pub fn no_deadline(mut self) -> Self {
            self.options.deadline = Some($crate::limit::Limit::Never);
            self
        }

        /// Sets how long one attempt may take; by default what the deadline leaves.
        ///
        /// An attempt that is cut off may still be run, **and billed**, by the service.
        pub fn attempt_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.attempt_timeout = Some($crate::limit::Limit::After(timeout));
            self
        }

        /// Lifts the limit of an attempt: it may take what the deadline leaves, as by default.
        pub fn no_attempt_timeout(mut self) -> Self {
            self.options.attempt_timeout = Some($crate::limit::Limit::Never);
            self
        }

        /// Sets the most bytes that a reply's body may have once inflated; default 64 MiB.
        pub fn max_reply_bytes(mut self, bytes: usize) -> Self {
            self.options.max_reply_bytes = Some(bytes);
            self
        }

        /// Sends a header with every attempt, in place of the client's own of that name.
        pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
            self.options.headers.push((name.into(), value.into()));
            self
        }

        /// Calls `hook` after each attempt, with what came of it and how long the wait will be.
        ///
        /// It runs where the call runs, so it must not block. A call's hook takes the place of the
        /// client's.
        pub fn on_attempt(
            mut self,
            hook: impl Fn(&flow_errors::Attempt) + Send + Sync + 'static,
        ) -> Self {
            self.options.on_attempt = Some(std::sync::Arc::new(hook));
            self
        }
    };
}
pub(crate) use option_setters;

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Keys and header values stay out; the names tell enough.
        let headers: Vec<_> = self.headers.iter().map(|(name, _)| shown(name)).collect();
        f.debug_struct("Options")
            .field("retry", &self.retry)
            .field("headers", &headers)
            .field("fallback_models", &self.fallback_models)
            .finish_non_exhaustive()
    }
}

/// Options that were checked and completed with the defaults.
#[derive(Clone)]
pub(crate) struct Checked {
    pub(crate) api_key: ApiKey,
    pub(crate) policy: RetryPolicy,
    pub(crate) timeouts: Timeouts,
    pub(crate) max_reply_bytes: usize,
    /// What is sent with every request, the key included.
    pub(crate) headers: Arc<HeaderMap>,
    /// The same with what a POST has besides; the idempotency key is still to be filled in.
    pub(crate) post_headers: Arc<HeaderMap>,
    pub(crate) on_attempt: Option<OnAttempt>,
    /// For chat calls.
    pub(crate) fallback_models: Option<Names>,
    pub(crate) stream: StreamRules,
    pub(crate) stop: Option<StopToken>,
}

impl Checked {
    /// Checks a client's options.
    pub(crate) fn new(options: Options, user_agent: &'static str) -> Result<Self> {
        let Some(key) = &options.api_key else {
            return Err(Error::config("there is no API key; set FLOW_API_KEY or call api_key()"));
        };
        let api_key = ApiKey::new(key.as_str())?;
        let fallback_models = options.fallback_models.as_deref().unwrap_or_default();
        fallback::check(fallback_models, None).map_err(Error::config)?;
        let headers = headers(&api_key, user_agent);
        let defaults = Self {
            post_headers: Arc::new(of_post(&headers)),
            headers: Arc::new(headers),
            api_key,
            policy: RetryPolicy::default(),
            timeouts: Timeouts::default(),
            max_reply_bytes: DEFAULT_MAX_REPLY_BYTES,
            on_attempt: None,
            fallback_models: None,
            stream: StreamRules::DEFAULT,
            stop: None,
        };
        let checked = defaults.with(Options { api_key: None, ..options })?;
        // Sent with every call, it would have the second one answered with the first one's reply.
        if checked.headers.contains_key(&IDEMPOTENCY_KEY) {
            return Err(Error::config(
                "the header `idempotency-key` belongs to one request; set it on the call",
            ));
        }
        Ok(checked)
    }

    /// Returns a copy in which a call's `options` take the place of the client's; the names of
    /// fallback models have been checked where the call's own is known.
    pub(crate) fn with(&self, options: Options) -> Result<Self> {
        let mut checked = self.clone();
        if let Some(key) = options.api_key {
            checked.api_key = ApiKey::new(key)?;
            let authorization = checked.api_key.authorization().clone();
            Arc::make_mut(&mut checked.headers).insert(header::AUTHORIZATION, authorization);
        }
        checked.policy = options.retry.unwrap_or(checked.policy);
        checked.timeouts = match options.deadline {
            Some(Limit::After(deadline)) => checked.timeouts.with_deadline(deadline)?,
            Some(Limit::Never) => checked.timeouts.without_deadline(),
            None => checked.timeouts,
        };
        checked.timeouts = match options.attempt_timeout {
            Some(Limit::After(timeout)) => checked.timeouts.with_attempt(timeout)?,
            Some(Limit::Never) => checked.timeouts.without_attempt(),
            None => checked.timeouts,
        };
        if options.max_reply_bytes == Some(0) {
            return Err(Error::config("max_reply_bytes is 0, so no reply could be read; raise it"));
        }
        checked.max_reply_bytes = options.max_reply_bytes.unwrap_or(checked.max_reply_bytes);
        for (name, value) in &options.headers {
            let (name, value) = header(name, value)?;
            Arc::make_mut(&mut checked.headers).insert(name, value);
        }
        if !Arc::ptr_eq(&checked.headers, &self.headers) {
            checked.post_headers = Arc::new(of_post(&checked.headers));
        }
        checked.on_attempt = options.on_attempt.or(checked.on_attempt);
        checked.stream = checked.stream.with(options.stream)?;
        checked.stop = options.stop;
        if let Some(models) = options.fallback_models {
            checked.fallback_models = fallback::names(models);
        }
        Ok(checked)
    }
}

/// What every request has; the caller's own headers take the place of all but the key.
fn headers(api_key: &ApiKey, user_agent: &'static str) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
    headers.insert(header::USER_AGENT, HeaderValue::from_static(user_agent));
    headers.insert(header::AUTHORIZATION, api_key.authorization().clone());
    headers
}

/// Adds what a POST has besides, unless the caller chose another; made once, because a copy of a
/// map has no room for more.
fn of_post(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    let json = HeaderValue::from_static("application/json");
    headers.entry(header::CONTENT_TYPE).or_insert(json);
    headers.entry(IDEMPOTENCY_KEY).or_insert(HeaderValue::from_static(""));
    headers
}

/// Checks a header of the caller's; its value is never shown.
fn header(given: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let refuse = |problem: &str| Error::config(format!("the header `{}` {problem}", shown(given)));
    let name: HeaderName = given
        .parse()
        .map_err(|_| refuse("has a name that HTTP does not allow; use letters, digits and -"))?;
    if OF_THE_STACK.contains(&name.as_str()) {
        return Err(refuse("is set by the HTTP stack; leave it out"));
    }
    if name == header::AUTHORIZATION {
        return Err(refuse("is made from the API key; use api_key()"));
    }
    if !value.is_ascii() {
        return Err(refuse(
            "has a value that is not ASCII; encode it, for example as UTF-8 in %XX",
        ));
    }
    let mut value = HeaderValue::from_str(value)
        .map_err(|_| refuse("has a value with control characters; remove them"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// What may be shown of a header's name: a whole line in place of it has its value after the colon.
fn shown(name: &str) -> String {
    let name = name.split(':').next().unwrap_or_default();
    name.chars().take(100).flat_map(char::escape_debug).collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn options() -> Options {
        Options { api_key: Some("sk-1".to_owned()), ..Options::default() }
    }

    #[test]
    fn call_options_take_the_place_of_the_clients() {
        let client = Checked::new(
            Options {
                deadline: Some(Limit::After(Duration::from_secs(9))),
                headers: vec![
                    ("x-a".to_owned(), "1".to_owned()),
                    ("x-b".to_owned(), "1".to_owned()),
                ],
                ..options()
            },
            "ours/1",
        )
        .unwrap();
        let call = client
            .with(Options {
                api_key: Some("sk-2".to_owned()),
                retry: Some(RetryPolicy::none()),
                headers: vec![("X-B".to_owned(), "2".to_owned())],
                ..Options::default()
            })
            .unwrap();
        assert_eq!(call.timeouts.deadline(), Some(Duration::from_secs(9)));
        assert_eq!(call.policy, RetryPolicy::none());
        assert_eq!(call.api_key.expose(), "sk-2");
        assert_eq!(
            (&call.headers["x-a"], &call.headers["x-b"]),
            (&"1".parse().unwrap(), &"2".parse().unwrap())
        );
        let endless = Options {
            deadline: Some(Limit::Never),
            attempt_timeout: Some(Limit::Never),
            ..Options::default()
        };
        let endless = call.with(endless).unwrap();
        assert_eq!((endless.timeouts.deadline(), endless.timeouts.attempt()), (None, None));
    }

    #[test]
    fn bad_options_are_refused_with_the_remedy() {
        let header = |name: &str, value: &str| Options {
            headers: vec![(name.to_owned(), value.to_owned())],
            ..options()
        };
        #[rustfmt::skip]
        let cases = [
            // name             options                                                     want in the message
            ("no key",          Options::default(),                                         "FLOW_API_KEY"),
            ("zero deadline",   Options { deadline: Some(Limit::After(Duration::ZERO)), ..options() }, "no_deadline()"),
            ("zero timeout",    Options { attempt_timeout: Some(Limit::After(Duration::ZERO)), ..options() }, "attempt timeout is 0"),
            ("bad name",        header("x y", "hush"),                                      "`x y` has a name"),
            ("bad value",       header("x-y", "hush\n"),                                    "`x-y` has a value"),
            ("content-length",  header("Content-Length", "hush"),                           "leave it out"),
            ("expect",          header("Expect", "100-continue"),                           "leave it out"),
            ("not ascii",       header("x-y", "hüsh"),                                      "not ASCII"),
            ("for all calls",   header("Idempotency-Key", "hush"),                          "set it on the call"),
            ("no reply",        Options { max_reply_bytes: Some(0), ..options() },          "max_reply_bytes is 0"),
            ("blank model",     Options { fallback_models: Some(vec![String::new()]), ..options() }, "fallback_models[0] is empty"),
            ("authorization",   header("Authorization", "hush"),                            "use api_key()"),
        ];
        for (name, options, want) in cases {
            let Err(error) = Checked::new(options, "ours/1") else { panic!("{name}") };
            assert!(error.to_string().contains(want), "{name}: {error}");
            assert!(!format!("{error:?}").contains("hush"), "{name}: {error:?}");
        }
    }
}
