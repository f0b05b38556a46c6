//! Support for the cross-crate tests: one test body for both clients, and transports and clocks
//! that do as they are told.
#![expect(clippy::expect_used, reason = "support for tests, where a failure is the point")]

mod batch_files;
mod batches;
mod clock;
mod fake;
mod runtime;
mod streams;

use std::fmt::Debug;
use std::sync::Arc;

use flow_api::batch::{Batch, Done, Request};
use flow_api::client::{Build, Execute, ExecuteBatch};
use flow_api::{Chat, ChatCompletion, ChatRequest, ClientBuilder, Reply};
use flow_errors::Result;

use crate::clock::SocketClock;
use crate::runtime::runtime;

pub use crate::batch_files::TestFiles;
pub use crate::batches::{TestResults, WaitedResults};
pub use crate::clock::VirtualClock;
pub use crate::fake::{BodyFault, Fake, Scene, Seen};
pub use crate::streams::{TestStream, Waited};

/// A client that tests can be written for once.
pub trait TestClient:
    Build + Execute + ExecuteBatch + Clone + Debug + Send + Sync + 'static
{
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

    /// How it hands out the results of a batch.
    type Results<I: Iterator<Item: Request>>: TestResults<
        Item = Done<<<I as Iterator>::Item as Request>::Key>,
    >;

    /// Returns all results of a batch.
    fn gathered<I: Iterator<Item: Request>>(
        gathered: <Self as ExecuteBatch>::Gathered<I>,
    ) -> Vec<Result<Reply<ChatCompletion>>>;

    /// Returns the results of a batch one by one.
    fn one_by_one<I: Iterator<Item: Request>>(
        results: <Self as ExecuteBatch>::Results<I>,
    ) -> <Self as TestClient>::Results<I>;

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

    /// Starts a batch.
    fn many<I: IntoIterator<Item: Request>>(&self, requests: I) -> Batch<'_, Self, I::IntoIter> {
        Batch::new(self, requests)
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

    type Results<I: Iterator<Item: Request>> = WaitedResults<I>;

    fn gathered<I: Iterator<Item: Request>>(
        gathered: flow_async::batch::Gathering<I>,
    ) -> Vec<Result<Reply<ChatCompletion>>> {
        runtime().block_on(gathered)
    }

    fn one_by_one<I: Iterator<Item: Request>>(
        results: flow_async::batch::Results<I>,
    ) -> WaitedResults<I> {
        WaitedResults(results)
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

    type Results<I: Iterator<Item: Request>> = flow_blocking::batch::Results<I>;

    fn gathered<I: Iterator<Item: Request>>(
        gathered: Vec<Result<Reply<ChatCompletion>>>,
    ) -> Vec<Result<Reply<ChatCompletion>>> {
        gathered
    }

    fn one_by_one<I: Iterator<Item: Request>>(
        results: flow_blocking::batch::Results<I>,
    ) -> flow_blocking::batch::Results<I> {
        results
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
