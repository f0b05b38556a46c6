//! Support for the cross-crate tests: one test body for both clients, and transports and clocks
//! that do as they are told.
#![expect(clippy::expect_used, reason = "support for tests, where a failure is the point")]

mod clock;
mod fake;
mod runtime;
mod streams;

use std::fmt::Debug;
use std::sync::Arc;

use flow_api::client::{Build, Execute};
use flow_api::{Chat, ChatRequest, ClientBuilder, Reply};
use flow_errors::Result;

use crate::clock::SocketClock;
use crate::runtime::runtime;

pub use crate::clock::VirtualClock;
pub use crate::fake::{BodyFault, Fake, Scene, Seen};
pub use crate::streams::{TestStream, Waited};

/// A client that tests can be written for once.
pub trait TestClient: Build + Execute + Clone + Debug + Send + Sync + 'static {
    /// The client's name in messages.
    const NAME: &'static str;

    /// What it streams with.
    type Stream: TestStream;

    /// Opens a stream.
    ///
    /// # Errors
    ///
    /// Returns the call's error.
    fn open(opening: Self::Opening) -> Result<Self::Stream>;

    /// Returns what a call comes to.
    ///
    /// # Errors
    ///
    /// Returns the call's error.
    fn wait<T>(sending: Self::Sending<T>) -> Result<Reply<T>>;

    /// Returns a builder for a client with a fake transport.
    fn faked(fake: Fake) -> ClientBuilder<Self>;

    /// Returns the client with another clock.
    #[must_use]
    fn on_clock(self, clock: VirtualClock) -> Self;

    /// Returns the client with a clock for real sockets: it jumps over the waits between attempts
    /// and stands still during them, while what limits an attempt is real time.
    #[must_use]
    fn on_socket_clock(self, clock: VirtualClock) -> Self;

    /// Starts a chat call that says something harmless.
    fn hello(&self, model: &str) -> Chat<'_, Self> {
        Chat::new(self, ChatRequest::new(model).user("Hello"))
    }
}

impl TestClient for flow_async::Client {
    const NAME: &'static str = "async";

    type Stream = Waited;

    fn open(opening: Self::Opening) -> Result<Waited> {
        runtime().block_on(opening).map(Waited)
    }

    fn wait<T>(sending: Self::Sending<T>) -> Result<Reply<T>> {
        runtime().block_on(sending)
    }

    fn faked(fake: Fake) -> ClientBuilder<Self> {
        Self::builder().api_key("sk-test").transport(Arc::new(fake))
    }

    fn on_clock(self, clock: VirtualClock) -> Self {
        self.with_clock(Arc::new(clock))
    }

    fn on_socket_clock(self, clock: VirtualClock) -> Self {
        let watched = self.clone();
        self.with_clock(Arc::new(SocketClock::new(clock, move || watched.in_flight() > 0)))
    }
}

impl TestClient for flow_blocking::Client {
    const NAME: &'static str = "blocking";

    type Stream = flow_blocking::ChatStream;

    fn open(opening: Self::Opening) -> Result<flow_blocking::ChatStream> {
        opening
    }

    fn wait<T>(sending: Self::Sending<T>) -> Result<Reply<T>> {
        sending
    }

    fn faked(fake: Fake) -> ClientBuilder<Self> {
        Self::builder().api_key("sk-test").transport(Arc::new(fake))
    }

    fn on_clock(self, clock: VirtualClock) -> Self {
        self.with_clock(Arc::new(clock))
    }

    fn on_socket_clock(self, clock: VirtualClock) -> Self {
        let watched = self.clone();
        self.with_clock(Arc::new(SocketClock::new(clock, move || watched.in_flight() > 0)))
    }
}

/// Makes two tests of each generic function: one for each client.
#[macro_export]
macro_rules! both {
    ($($name:ident)*) => {
        mod on_async {
            $(#[test]
            fn $name() {
                super::$name::<flow_async::Client>();
            })*
        }
        mod on_blocking {
            $(#[test]
            fn $name() {
                super::$name::<flow_blocking::Client>();
            })*
        }
    };
}

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
