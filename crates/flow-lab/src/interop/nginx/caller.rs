//! Both of our clients, as one.

use std::fmt;
use std::time::Duration;

use flow_async::flow_api::{ChatRequest, ModelList};
use flow_async::{ChatCompletion, Reply};
use flow_errors::{Error, Jitter, RetryPolicy};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::Result;

/// How long the clients wait where nobody tells them to: what the waits are is not the point.
const DELAY: Duration = Duration::from_millis(2);

/// One of the clients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Which {
    Async,
    Blocking,
}

impl Which {
    pub(super) const EACH: [Self; 2] = [Self::Async, Self::Blocking];
}

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Async => "async",
            Self::Blocking => "blocking",
        })
    }
}

/// A client with connections of its own.
pub(super) enum Caller<'a> {
    Async(flow_async::Client, &'a Runtime),
    Blocking(flow_blocking::Client),
}

impl<'a> Caller<'a> {
    /// Creates a client that calls `base_url` and trusts `root` besides the system's roots.
    pub(super) fn new(
        which: Which,
        runtime: &'a Runtime,
        base_url: &str,
        root: Option<&str>,
    ) -> Result<Self> {
        let policy = RetryPolicy::builder()
            .initial_delay(DELAY)
            .max_delay(DELAY)
            .jitter(Jitter::None)
            .build()?;
        let root = root.map(str::as_bytes);
        Ok(match which {
            Which::Async => {
                let mut builder = flow_async::Client::builder().api_key("sk-interop");
                builder = builder.base_url(base_url).retry(policy);
                if let Some(root) = root {
                    builder = builder.add_root_certificate(root);
                }
                Self::Async(builder.build()?, runtime)
            }
            Which::Blocking => {
                let mut builder = flow_blocking::Client::builder().api_key("sk-interop");
                builder = builder.base_url(base_url).retry(policy);
                if let Some(root) = root {
                    builder = builder.add_root_certificate(root);
                }
                Self::Blocking(builder.build()?)
            }
        })
    }

    /// Sends a chat request, with one header more.
    pub(super) fn chat(
        &self,
        request: ChatRequest,
        header: Option<(&str, &str)>,
    ) -> Result<Reply<ChatCompletion>, Error> {
        let (name, value) = header.unwrap_or(("x-interop", "nginx"));
        match self {
            Self::Async(client, runtime) => {
                runtime.block_on(async { client.chat(request).header(name, value).send().await })
            }
            Self::Blocking(client) => client.chat(request).header(name, value).send(),
        }
    }

    /// Lists the models.
    pub(super) fn models(&self) -> Result<Reply<ModelList>, Error> {
        match self {
            Self::Async(client, runtime) => {
                runtime.block_on(async { client.models().list().await })
            }
            Self::Blocking(client) => client.models().list(),
        }
    }

    /// Gets any path.
    pub(super) fn get(&self, path: &str) -> Result<Reply<Value>, Error> {
        match self {
            Self::Async(client, runtime) => {
                runtime.block_on(async { client.get(path).send::<Value>().await })
            }
            Self::Blocking(client) => client.get(path).send::<Value>(),
        }
    }
}
