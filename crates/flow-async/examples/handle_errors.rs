//! What to do about each kind of error: `cargo run -p flow-async --example handle_errors -- sim-503`
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::process::ExitCode;

use flow_async::{Client, Error, Kind};

const HELP: &str = "
Set FLOW_API_KEY to your key. To see every error without a key, start a FlowAPI of your own:
    cargo run -p flow-sim
set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1, and give a model id:
    sim-400 sim-401 sim-402 sim-403 sim-404 sim-429 sim-500 sim-502 sim-503 sim-504";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let model = match terminal::argument("handle_errors [MODEL]", HELP) {
        Ok(model) => model.unwrap_or_else(|| "gpt-4o".to_owned()),
        Err(code) => return code,
    };
    let client = match Client::from_env() {
        Ok(client) => client,
        Err(error) => {
            eprintln!("{error}\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    match client.chat(model).user("Hello").send().await {
        Ok(reply) => {
            terminal::print_line(reply.text());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n=> {}", advice(&error));
            ExitCode::FAILURE
        }
    }
}

/// What this program would do next; the retries are over when the error arrives.
fn advice(error: &Error) -> String {
    match error.kind() {
        Kind::RateLimit => match error.retry_after() {
            Some(wait) => format!("put the job back into the queue for {wait:?}"),
            None => "put the job back into the queue".to_owned(),
        },
        Kind::ServiceUnavailable => "ask another model".to_owned(),
        Kind::InsufficientBalance => "stop the workers and tell whoever pays".to_owned(),
        Kind::InvalidApiKey | Kind::Permission => "stop: the deployment is wrong".to_owned(),
        Kind::ContextLength => "drop the oldest messages and ask again".to_owned(),
        Kind::NotFound => format!("correct the model; {}", error.recommendation()),
        Kind::InvalidRequest | Kind::InvalidInput => {
            format!("a bug of ours, in {}", error.param().unwrap_or("an unnamed parameter"))
        }
        _ if error.is_maybe_billed() => "look whether it was billed before asking again".to_owned(),
        Kind::Server => format!("write to the support:\n\n{}", error.support_report()),
        _ => error.recommendation().into_owned(),
    }
}
