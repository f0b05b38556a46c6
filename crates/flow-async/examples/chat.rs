//! One chat call: `cargo run -p flow-async --example chat -- "What is a monad?"`
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::env;
use std::process::ExitCode;

use flow_async::{Client, Kind, Result};

const HELP: &str = "
Set FLOW_API_KEY to your key, and FLOW_MODEL to a model other than gpt-4o.
Without a key, start a FlowAPI of your own in another terminal:
    cargo run -p flow-sim
and set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let prompt = match terminal::argument("chat [PROMPT]", HELP) {
        Ok(prompt) => prompt.unwrap_or_else(|| "Say hello.".to_owned()),
        Err(code) => return code,
    };
    let model = env::var("FLOW_MODEL").unwrap_or_else(|_| "gpt-4o".to_owned());
    match chat(&model, &prompt).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            if matches!(error.kind(), Kind::Config | Kind::Connect) {
                eprintln!("{HELP}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn chat(model: &str, prompt: &str) -> Result<()> {
    let client = Client::from_env()?;
    let reply = client
        .chat(model)
        .system("Answer in one paragraph.")
        .user(prompt)
        .temperature(0.2)
        .on_attempt(|attempt| eprintln!("{attempt}"))
        .send()
        .await?;
    terminal::print_line(reply.text());
    if let Some(usage) = reply.usage() {
        eprintln!("{} tokens", usage.total_tokens());
    }
    Ok(())
}
