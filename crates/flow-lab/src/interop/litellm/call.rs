//! One call through one of our clients.

use std::time::Duration;

use flow_async::flow_api::ModelList;
use flow_async::{ChatCompletion, Reply, RetryPolicy};
use flow_errors::Error;
use serde_json::Value;
use tokio::runtime::Runtime;

/// What is sent, and with which key.
pub(super) struct Call {
    pub(super) key: &'static str,
    pub(super) max_attempts: u32,
    pub(super) what: What,
}

pub(super) enum What {
    /// A chat with this model.
    Chat(String),
    Models,
    /// A body of the caller's own to the chat endpoint.
    Post(Value),
}

/// The client that sends.
#[derive(Clone, Copy)]
pub(super) enum Client {
    Async,
    Blocking,
}

/// What came back: what was said, and after how many attempts.
pub(super) struct Answer {
    pub(super) text: String,
    pub(super) attempts: usize,
}

impl Client {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Async => "async",
            Self::Blocking => "blocking",
        }
    }

    /// Makes the call, with a client of its own and waits that waste no time.
    pub(super) fn call(self, base_url: &str, call: &Call) -> Result<Answer, Error> {
        let quick = RetryPolicy::builder()
            .max_attempts(call.max_attempts)
            .initial_delay(Duration::from_millis(1))
            .max_delay(Duration::from_millis(2))
            .build()?;
        match self {
            Self::Async => asynchronous(base_url, quick, call),
            Self::Blocking => blocking(base_url, quick, call),
        }
    }
}

fn asynchronous(base_url: &str, retry: RetryPolicy, call: &Call) -> Result<Answer, Error> {
    let runtime = Runtime::new()
        .map_err(|source| Error::config("there is no async runtime").with_source(source))?;
    runtime.block_on(async {
        let builder = flow_async::Client::builder().base_url(base_url).api_key(call.key);
        let client = builder.retry(retry).build()?;
        match &call.what {
            What::Chat(model) => chat(&client.chat(model).user("Hello").send().await?),
            What::Models => models(&client.models().list().await?),
            What::Post(body) => chat(&client.post("/chat/completions").json(body).send().await?),
        }
    })
}

fn blocking(base_url: &str, retry: RetryPolicy, call: &Call) -> Result<Answer, Error> {
    let builder = flow_blocking::Client::builder().base_url(base_url).api_key(call.key);
    let client = builder.retry(retry).build()?;
    match &call.what {
        What::Chat(model) => chat(&client.chat(model).user("Hello").send()?),
        What::Models => models(&client.models().list()?),
        What::Post(body) => chat(&client.post("/chat/completions").json(body).send()?),
    }
}

fn chat(reply: &Reply<ChatCompletion>) -> Result<Answer, Error> {
    let usage = reply.usage().map_or_else(
        || "no usage".to_owned(),
        |usage| format!("{} + {} tokens", usage.prompt_tokens(), usage.completion_tokens()),
    );
    Ok(Answer { text: format!("{}, {usage}", reply.text()), attempts: reply.attempts().len() })
}

fn models(reply: &Reply<ModelList>) -> Result<Answer, Error> {
    let ids: Vec<_> = reply.ids().take(2).collect();
    Ok(Answer { text: format!("{}, ...", ids.join(", ")), attempts: reply.attempts().len() })
}
