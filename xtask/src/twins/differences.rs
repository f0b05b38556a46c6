//! Where the two clients differ, each with its reason.

/// One of the two clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Async,
    Blocking,
}

impl Side {
    /// Returns the folder of the client's crate.
    pub(super) const fn folder(self) -> &'static str {
        match self {
            Self::Async => "crates/flow-async",
            Self::Blocking => "crates/flow-blocking",
        }
    }
}

/// Files that only one client has.
#[rustfmt::skip]
pub(super) const ALONE: [(Side, &str, &str); 15] = [
    (Side::Async,    "src/batch/gathering.rs", "a batch as a future; what blocks returns the results"),
    (Side::Async,    "src/request_body.rs", "reqwest says that it sends only by reading a body; our connector is told"),
    (Side::Async,    "tests/transport/standstill.rs", "only a runtime can stand still"),
    (Side::Blocking, "src/batch/workers.rs", "a runtime has tasks for that"),
    (Side::Blocking, "src/call.rs",         "how the transport looks: a future has its context for that"),
    (Side::Blocking, "src/cancel.rs",       "a future is cancelled by being dropped"),
    (Side::Blocking, "src/connection.rs",   "below ureq the connection is ours; reqwest has its own"),
    (Side::Blocking, "src/connector.rs",    "below ureq the connection is ours; reqwest has its own"),
    (Side::Blocking, "src/dial.rs",         "below ureq the connection is ours; reqwest has its own"),
    (Side::Blocking, "src/sleeper.rs",      "a future has its context for that"),
    (Side::Blocking, "src/socket.rs",       "below ureq the connection is ours; reqwest has its own"),
    (Side::Blocking, "src/stream.rs",       "below ureq the connection is ours; reqwest has its own"),
    (Side::Blocking, "src/sync.rs",         "a future waits by its waker, which is in no lock of ours"),
    (Side::Blocking, "src/tunnel.rs",       "below ureq the connection is ours; reqwest has its own"),
    (Side::Blocking, "src/wait.rs",         "what a blocking call is woken up from; a future is woken by its runtime"),
];

/// Files with another text for the same task; the names that they offer are compared.
#[rustfmt::skip]
pub(super) const BY_NAMES: [(&str, &str); 12] = [
    ("src/batch/results.rs",        "a `Stream` here and an `Iterator` there"),
    ("src/batch/start.rs",          "a batch is a future here and its results there"),
    ("src/chat_stream.rs",          "a `Stream` here and an `Iterator` there"),
    ("src/execute.rs",              "a call is a future here and a result there"),
    ("src/http.rs",                 "two libraries"),
    ("src/incoming.rs",             "a body is a stream of frames here and a reader there"),
    ("src/reading.rs",              "a body is a stream of frames here and a reader there"),
    ("src/time_limit.rs",           "a future is dropped when its time is over; a blocking transport must look itself"),
    ("src/transport.rs",            "the seam itself: who ends a send, and what a body is"),
    ("src/waiting.rs",              "a future is woken up by its context, a thread by what it sleeps on"),
    ("tests/transport/limits.rs",   "a future is dropped; a blocking call ends itself, wherever it waits"),
    ("tests/transport/support.rs",  "a body is a stream of frames here and a reader there"),
];

/// A name that only one client offers.
pub(super) struct Name {
    pub(super) side: Side,
    pub(super) file: &'static str,
    pub(super) name: &'static str,
    pub(super) why: &'static str,
}

#[rustfmt::skip]
pub(super) const NAMES: [Name; 13] = [
    Name { side: Side::Async,    file: "src/lib.rs",     name: "Sending",     why: "a call as a future" },
    Name { side: Side::Async,    file: "src/execute.rs", name: "Sending",     why: "a call as a future" },
    Name { side: Side::Async,    file: "src/batch/results.rs", name: "next",  why: "an `Iterator` has it from its trait" },
    Name { side: Side::Async,    file: "src/batch/results.rs", name: "poll_result", why: "what blocks there is polled here" },
    Name { side: Side::Async,    file: "src/chat_stream.rs", name: "next",    why: "an `Iterator` has it from its trait; who wants `Stream`'s needs another crate" },
    Name { side: Side::Async,    file: "src/incoming.rs", name: "poll_read",  why: "what blocks there is polled here" },
    Name { side: Side::Async,    file: "src/incoming.rs", name: "poll_end",   why: "what blocks there is polled here" },
    Name { side: Side::Async,    file: "src/time_limit.rs", name: "poll_over", why: "the caller looks at the time here, the transport there" },
    Name { side: Side::Blocking, file: "src/time_limit.rs", name: "begin_wait", why: "the transport is told what it may take" },
    Name { side: Side::Blocking, file: "src/incoming.rs", name: "read",       why: "what is polled there blocks here" },
    Name { side: Side::Blocking, file: "src/incoming.rs", name: "read_end",   why: "what is polled there blocks here" },
    Name { side: Side::Blocking, file: "src/reading.rs", name: "broken",      why: "a reader hides its error in one of `io`" },
    Name { side: Side::Blocking, file: "src/lib.rs",     name: "CancelToken", why: "a future is cancelled by being dropped" },
];

/// Statements and sentences, in their normal form, that only one client has.
///
/// One that ends in `{…}` stands for its whole block.
pub(super) struct Difference {
    pub(super) file: &'static str,
    pub(super) why: &'static str,
    pub(super) in_async: &'static [&'static str],
    pub(super) in_blocking: &'static [&'static str],
}

pub(super) const TEXTS: [Difference; 9] = [
    Difference {
        file: "src/lib.rs",
        why: "the libraries, and what a runtime needs",
        in_async: &[
            "A client for FlowAPI and any other OpenAI-compatible service, on reqwest and tokio.",
            "Calls need a tokio runtime with time and I/O enabled.",
        ],
        in_blocking: &["A client for FlowAPI and any other OpenAI-compatible service, on ureq."],
    },
    Difference {
        file: "src/lib.rs",
        why: "what a thread sleeps on; a future has its context for that",
        in_async: &[],
        in_blocking: &["#[doc(hidden)]"],
    },
    Difference {
        file: "src/lib.rs",
        why: "a future is cancelled by being dropped",
        in_async: &[
            "- **Ending it early**: dropping the future ends it; what the call held is given back.",
        ],
        in_blocking: &[
            "- **Ending it early**: a [`CancelToken`] ends it from another thread; what the call \
             held is given back.",
        ],
    },
    Difference {
        file: "src/client.rs",
        why: "a future is cancelled by being dropped",
        in_async: &[
            "Calls are futures that do nothing until they are awaited; dropping one ends the call, \
             closes its connection and gives back what it held.",
        ],
        in_blocking: &[
            "A call returns when it is over; another thread can end it through a [`CancelToken`].",
            "cancel: CancelToken",
            "Returns a clone whose calls end when `token` is cancelled; it shares everything else.",
            "# Examples",
            "let client = Client::builder().api_key(\"sk-1\").base_url(\"http://127.0.0.1:9\").build()?;",
            "let token = CancelToken::new();",
            "token.cancel();",
            "let error = client.with_cancel_token(&token).chat(\"gpt-4o\").user(\"Hi\").send().unwrap_err();",
            "assert_eq!(error.kind(), Kind::Cancelled);",
            "Ok::<()",
            "flow_client::Error>(())",
            "#[must_use]",
            "pub fn with_cancel_token(&self, token: &CancelToken) -> Self {…}",
            "pub(crate) const fn cancel_token(&self) -> &CancelToken {…}",
            "cancel: CancelToken::new()",
        ],
    },
    Difference {
        file: "src/clock.rs",
        why: "tokio sleeps until an instant, the system for a span, unless it is cancelled",
        in_async: &[
            "Completes at `instant`, or a little later.",
            "What completes when it is time.",
            "pub(crate) type Sleep = Pin<Box<dyn Future<Output = ()> + Send>>;",
            "fn sleep_until(&self, instant: Tick) -> Sleep;",
            "Tokio's clock, which tests can pause, and the operating system's randomness.",
            "fn sleep_until(&self, instant: Tick) -> Sleep {",
            "Where a platform's clock cannot hold the instant, a century is as good as for ever.",
            "const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);",
            "let span = instant.since(Tick::ORIGIN);",
            "let at = self.origin.checked_add(span).unwrap_or_else(|| self.origin + CENTURY);",
            "Box::pin(tokio::time::sleep_until(at))",
        ],
        in_blocking: &[
            "Returns at `instant`, or a little later, or as soon as `sleeper` is woken up or `cancel` is \
             cancelled.",
            "fn sleep_until(&self, instant: Tick, sleeper: &Sleeper);",
            "The operating system's clock and randomness.",
            "fn sleep_until(&self, instant: Tick, sleeper: &Sleeper) {",
            "sleeper.sleep(instant.since(self.now()));",
        ],
    },
    Difference {
        file: "src/batch/reply_file.rs",
        why: "a `for` loop reads what blocks, and not yet what is awaited",
        in_async: &[
            "let mut results = client.batch(&mut requests).results();",
            "while let Some(done) = results.next() {",
            "drop(results);",
        ],
        in_blocking: &[
            "let results = client.batch(&mut requests).results();",
            "for done in results {",
        ],
    },
    Difference {
        file: "examples/chat_stream.rs",
        why: "a `for` loop reads what blocks, and not yet what is awaited",
        in_async: &["while let Some(chunk) = stream.next() {"],
        in_blocking: &["for chunk in &mut stream {"],
    },
    Difference {
        file: "tests/transport/main.rs",
        why: "only the cases of limits panic by name",
        in_async: &["#![expect(clippy::unwrap_used, reason = \"a test reports by panicking\")]"],
        in_blocking: &[
            "#![expect(clippy::panic, clippy::unwrap_used, reason = \"a test reports by panicking\")]",
        ],
    },
    Difference {
        file: "tests/transport/proxies.rs",
        why: "reqwest hides the status of a tunnel; ours names it, and must not echo the rest",
        in_async: &[
            r#"("needs a login", "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "authorization required")"#,
            r#"("forbids it", "HTTP/1.1 403 Forbidden\r\n\r\n", "unsuccessful")"#,
            r#"("is no proxy", "hello\r\n\r\n", "unsuccessful")"#,
            r#"("is silent", "", "unexpected end of file")"#,
        ],
        in_blocking: &[
            r#"("needs a login", "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n", "answered CONNECT with 407")"#,
            r#"("forbids it", "HTTP/1.1 403 Forbidden\r\n\r\n", "answered CONNECT with 403")"#,
            r#"("is no proxy", "hello\r\n\r\n", "answered CONNECT with no HTTP status")"#,
            r#"("echoes us", "HTTP/1.1 407 hush\r\n\r\n", "answered CONNECT with 407")"#,
            r#"("is silent", "", "closed the connection")"#,
        ],
    },
];
