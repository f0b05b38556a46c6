//! The demo against a server of the caller's: one chat call and one models call with each client.

use std::fmt::Display;

use flow_async::flow_api::ModelList;
use flow_async::{ChatCompletion, Reply};
use flow_errors::Error;
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
    model: String,
    /// Permit plain http to a host that is not this machine.
    #[arg(long)]
    allow_plain_http: bool,
    /// What to say.
    #[arg(last = true, default_value = "Say hello in one short sentence.")]
    prompt: String,
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
    let runtime = Runtime::new()
        .map_err(|source| Error::config("there is no async runtime").with_source(source))?;
    runtime.block_on(async {
        let mut builder = flow_async::Client::builder()
            .api_key(&server.api_key)
            .base_url(&server.base_url)
            .on_attempt(|attempt| eprintln!("async: {attempt}"));
        if server.allow_plain_http {
            builder = builder.allow_plain_http();
        }
        let client = builder.build()?;
        let chat = client.chat(&server.model).user(&server.prompt).send().await?;
        Ok((chat, client.models().list().await?))
    })
}

fn blocking(server: &Server) -> Result<Calls, Error> {
    let mut builder = flow_blocking::Client::builder()
        .api_key(&server.api_key)
        .base_url(&server.base_url)
        .on_attempt(|attempt| eprintln!("blocking: {attempt}"));
    if server.allow_plain_http {
        builder = builder.allow_plain_http();
    }
    let client = builder.build()?;
    let chat = client.chat(&server.model).user(&server.prompt).send()?;
    Ok((chat, client.models().list()?))
}

fn chat_text(reply: &Reply<ChatCompletion>) -> String {
    let usage = reply.usage().map_or_else(
        || "not stated".to_owned(),
        |usage| format!("{} + {} tokens", usage.prompt_tokens(), usage.completion_tokens()),
    );
    format!(
        "reply:      {}\nmodel:      {}\nusage:      {usage}\n{}",
        reply.text(),
        shown(reply.model()),
        facts(reply)
    )
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
fn report(error: &Error) -> String {
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
