//! The calls of our clients, with all defaults.

use flow_async::ChatCompletion;

use super::same::{KEY, MODEL, PROMPT};
use crate::Result;

#[derive(Clone)]
pub(super) struct Async(flow_async::Client);

impl Async {
    pub(super) fn new(base_url: &str) -> Result<Self> {
        Ok(Self(flow_async::Client::builder().api_key(KEY).base_url(base_url).build()?))
    }

    pub(super) async fn calls(self, calls: u32) -> Result<(), String> {
        for _ in 0..calls {
            let reply = self.0.chat(MODEL).user(PROMPT).send().await;
            let reply = reply.map_err(|error| error.to_string())?;
            use_up(&reply);
        }
        Ok(())
    }
}

pub(super) struct Blocking(flow_blocking::Client);

impl Blocking {
    pub(super) fn new(base_url: &str) -> Result<Self> {
        Ok(Self(flow_blocking::Client::builder().api_key(KEY).base_url(base_url).build()?))
    }

    pub(super) fn calls(&self, calls: u32) -> Result<(), String> {
        for _ in 0..calls {
            let reply = self.0.chat(MODEL).user(PROMPT).send();
            let reply = reply.map_err(|error| error.to_string())?;
            use_up(&reply);
        }
        Ok(())
    }
}

/// Keeps the compiler from leaving out what nobody looks at.
pub(super) fn use_up(reply: &ChatCompletion) {
    std::hint::black_box(reply.text());
}
