//! Retries as you want them: `cargo run -p flow-async --example custom_policy -- sim-503-x4-mine`
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::process::ExitCode;
use std::time::Duration;

use flow_async::flow_errors::{Jitter, StoppedBecause};
use flow_async::{Client, Error, Kind, Result, RetryPolicy};

const HELP: &str = "
Set FLOW_API_KEY to your key. To see retries without a key, start a FlowAPI of your own:
    cargo run -p flow-sim
set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1, and give a model id that fails
first: sim-503-x4-mine recovers after four failures, sim-429 never does.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let model = match terminal::argument("custom_policy [MODEL]", HELP) {
        Ok(model) => model.unwrap_or_else(|| "gpt-4o".to_owned()),
        Err(code) => return code,
    };
    match ask(&model).await {
        Ok(text) => {
            terminal::print_line(text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}\n=> {}", next(&error));
            if matches!(error.kind(), Kind::Config | Kind::Connect) {
                eprintln!("{HELP}");
            }
            ExitCode::FAILURE
        }
    }
}

/// For a job in the background: it may take a minute. What may have run without an answer is not sent
/// again, except after a 504, which `max_attempts` alone bounds.
async fn ask(model: &str) -> Result<String> {
    let policy = RetryPolicy::builder()
        .max_attempts(6)
        .initial_delay(Duration::from_millis(200))
        .max_delay(Duration::from_secs(5))
        .jitter(Jitter::Decorrelated)
        .max_retry_after(Duration::from_secs(30))
        .ambiguous_retries(0)
        .build()?;
    let client = Client::builder()
        .from_env()
        .retry(policy)
        .deadline(Duration::from_secs(60))
        .on_attempt(|attempt| eprintln!("{attempt}"))
        .build()?;
    // A call's own settings win over the client's: listing models is no job to be patient with.
    let models = client.models().retry(RetryPolicy::none()).list().await?;
    eprintln!("{} models", models.models().len());
    Ok(client.chat(model).user("Hello").send().await?.text().to_owned())
}

/// What the policy left to the caller.
fn next(error: &Error) -> String {
    match (error.stopped_because(), error.retry_after()) {
        // It may have run, and each attempt that ended in a 504 may be billed.
        _ if error.is_maybe_billed() => "see whether it was billed first".to_owned(),
        (Some(StoppedBecause::RetryAfterTooLong), Some(wait)) => {
            format!("run it again in {wait:?}")
        }
        (Some(StoppedBecause::MaxAttempts | StoppedBecause::Deadline), _) => {
            "put the job back into the queue".to_owned()
        }
        _ => error.recommendation().into_owned(),
    }
}
