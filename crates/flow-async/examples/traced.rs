//! What `tracing` sees of a call: `cargo run -p flow-async --example traced --features tracing`
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::process::ExitCode;

use flow_async::{Client, Kind, Result};
use tracing_subscriber::fmt::format::FmtSpan;

const HELP: &str = "
Set FLOW_API_KEY to your key. Without one, start a FlowAPI of your own in another terminal:
    cargo run -p flow-sim
and set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1; the model
sim-503-x2-mine then fails twice before it answers.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    // A span is printed when it closes, with all that was recorded; events are printed at once.
    let subscriber = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
    subscriber.with_span_events(FmtSpan::CLOSE).init();
    let model = match terminal::argument("traced [MODEL]", HELP) {
        Ok(model) => model.unwrap_or_else(|| "gpt-4o".to_owned()),
        Err(code) => return code,
    };
    match chat(&model).await {
        Ok(text) => {
            terminal::print_line(text);
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            if matches!(error.kind(), Kind::Config | Kind::Connect) {
                eprintln!("{HELP}");
            }
            ExitCode::FAILURE
        }
    }
}

async fn chat(model: &str) -> Result<String> {
    let reply = Client::from_env()?.chat(model).user("Say hello.").temperature(0.2).send().await?;
    Ok(reply.text().to_owned())
}
