//! The demo against a server of the caller's: one chat call and one models call with each client.

use std::fmt::Display;

use flow_async::flow_api::ModelList;
use flow_async::{ChatCompletion, Reply};
use flow_errors::{Attempt, Error};
use tokio::runtime::Runtime;

use crate::Result;

/// A server to call.
#[derive(clap::Args)]
#[group(requires_all = ["base_url", "api_key", "model"])]
pub(crate) struct Server {
    /// The base URL of an OpenAI-compatible server, such as <https://api.flowapi.net/v1>.
    #[arg(long, required = false)]
    base_url: String,
    /// The key to send.
    #[arg(long, required = false)]
    api_key: String,
    /// The model to ask.
    #[arg(long, required = false)]
    pub(super) model: String,
    /// Permit plain http to a host that is not this machine.
    #[arg(long)]
    allow_plain_http: bool,
    /// Print the answer as it comes.
    #[arg(long)]
    pub(super) stream: bool,
    /// What to say.
    #[arg(last = true, default_value = "Say hello in one short sentence.")]
    pub(super) prompt: String,
}

/// Makes the calls and prints what came back; fails if any call did.
pub(crate) fn run(server: &Server) -> Result {
    let calls = [
        ("async", asynchronous(server).map_err(|error| report(&error))),
        ("blocking", blocking(server).map_err(|error| report(&error))),
    ];
    let mut failed = false;
    for (client, call) in calls {
        let text = match call {
            Ok((chat, models)) => format!("{}\n{}", chat_text(&chat), models_text(&models)),
            Err(report) => {
                failed = true;
                report
            }
        };
        crate::print(&format!("== {client}\n{text}\n"))?;
    }
    if failed { Err("a call failed".into()) } else { Ok(()) }
}

type Calls = (Reply<ChatCompletion>, Reply<ModelList>);

fn asynchronous(server: &Server) -> Result<Calls, Error> {
    runtime()?.block_on(async {
        let client = server.async_client()?;
        let chat = client.chat(&server.model).user(&server.prompt).send().await?;
        Ok((chat, client.models().list().await?))
    })
}

fn blocking(server: &Server) -> Result<Calls, Error> {
    let client = server.blocking_client()?;
    let chat = client.chat(&server.model).user(&server.prompt).send()?;
    Ok((chat, client.models().list()?))
}

pub(super) fn runtime() -> Result<Runtime, Error> {
    Runtime::new().map_err(|source| Error::config("there is no async runtime").with_source(source))
}

/// Tells of an attempt that another one follows; the last one is told with what came of it, where it
/// is not in the middle of an answer.
fn note(client: &str, attempt: &Attempt) {
    if attempt.wait().is_some() {
        eprintln!("{client}: {attempt}");
    }
}

impl Server {
    pub(super) fn async_client(&self) -> Result<flow_async::Client, Error> {
        let builder = flow_async::Client::builder().api_key(&self.api_key).base_url(&self.base_url);
        let builder = if self.allow_plain_http { builder.allow_plain_http() } else { builder };
        builder.on_attempt(|attempt| note("async", attempt)).build()
    }

    pub(super) fn blocking_client(&self) -> Result<flow_blocking::Client, Error> {
        let builder =
            flow_blocking::Client::builder().api_key(&self.api_key).base_url(&self.base_url);
        let builder = if self.allow_plain_http { builder.allow_plain_http() } else { builder };
        builder.on_attempt(|attempt| note("blocking", attempt)).build()
    }
}

fn chat_text(reply: &Reply<ChatCompletion>) -> String {
    format!("reply:      {}\n{}", reply.text(), chat_facts(reply))
}

/// What there is to say of a chat beside the answer.
pub(super) fn chat_facts(reply: &Reply<ChatCompletion>) -> String {
    let usage = reply
        .usage()
        .map(|usage| format!("{} + {} tokens", usage.prompt_tokens(), usage.completion_tokens()));
    format!("model:      {}\nusage:      {}\n{}", shown(reply.model()), shown(usage), facts(reply))
}

fn models_text(reply: &Reply<ModelList>) -> String {
    let first: Vec<_> = reply.ids().take(5).collect();
    format!("models:     {} ({}, ...)\n{}", reply.models().len(), first.join(", "), facts(reply))
}

fn facts<T>(reply: &Reply<T>) -> String {
    let attempts: Vec<_> = reply.attempts().iter().map(ToString::to_string).collect();
    format!("attempts:   {}\nrequest id: {}", attempts.join("; "), shown(reply.request_id()))
}

fn shown(value: Option<impl Display>) -> String {
    value.map_or_else(|| "not stated".to_owned(), |value| value.to_string())
}

/// What a user who is stuck needs: the line, its causes, and the text for the support.
pub(super) fn report(error: &Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text.push_str(&format!("\n  because {cause}"));
        source = cause.source();
    }
    if !error.attempts().is_empty() {
        text.push_str(&format!("\n\n{}", error.support_report()));
    }
    text
}
