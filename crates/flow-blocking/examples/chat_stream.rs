//! A chat in the terminal that survives errors: `cargo run -p flow-blocking --example chat_stream`
//!
//! Each line of the input is said to the model, and its answer printed as it comes.
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::env;
use std::io::{self, Write as _};
use std::process::ExitCode;

use flow_blocking::{ChatCompletion, ChatRequest, Client, Result};

const HELP: &str = "
Set FLOW_API_KEY to your key. To see what errors do without one, start a FlowAPI of your own:
    cargo run -p flow-sim
set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1, and give a model id:
    sim-stream-cut sim-stream-error-nested-x1-a sim-stream-stall sim-503";

fn main() -> ExitCode {
    let model = match terminal::argument("chat_stream [MODEL]", HELP) {
        Ok(model) => model.or_else(|| env::var("FLOW_MODEL").ok()),
        Err(code) => return code,
    };
    let client = match Client::from_env() {
        Ok(client) => client,
        Err(error) => {
            eprintln!("{error}\n{HELP}");
            return ExitCode::FAILURE;
        }
    };
    match talk(&client, &model.unwrap_or_else(|| "gpt-4o".to_owned())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Answers line by line until the input ends; only the terminal itself can fail.
fn talk(client: &Client, model: &str) -> io::Result<()> {
    let mut conversation = ChatRequest::new(model).system("Answer in one paragraph.");
    eprint!("> ");
    for line in io::stdin().lines() {
        let turn = conversation.clone().user(line?);
        let said = match answer(client, turn.clone()) {
            Ok(text) => text,
            Err(error) => {
                eprintln!("\n{error}");
                let partial = error.partial::<ChatCompletion>();
                partial.map(|partial| partial.text().to_owned()).unwrap_or_default()
            }
        };
        // What was seen belongs to the conversation, broken off or not; without an answer, the
        // question does not.
        if !said.is_empty() {
            conversation = turn.assistant(said);
        }
        eprint!("> ");
    }
    Ok(())
}

/// Prints an answer as it comes, and returns it when it is whole.
fn answer(client: &Client, turn: ChatRequest) -> Result<String> {
    let mut stream = client.chat(turn).stream()?;
    for chunk in &mut stream {
        let (chunk, mut stdout) = (chunk?, io::stdout().lock());
        // What cannot be shown is no reason to stop: the answer is paid for.
        let _ = write!(stdout, "{}", chunk.text()).and_then(|()| stdout.flush());
    }
    terminal::print_line("");
    Ok(stream.into_reply()?.text().to_owned())
}
