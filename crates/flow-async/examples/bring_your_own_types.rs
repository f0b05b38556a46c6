//! Any endpoint with types of your own: `cargo run -p flow-async --example bring_your_own_types`
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::process::ExitCode;

use flow_async::flow_errors::Class;
use flow_async::{Client, Error, Kind, Result};
use serde::{Deserialize, Serialize};

const HELP: &str = "
Set FLOW_API_KEY to your key. Without one, start a FlowAPI of your own in another terminal:
    cargo run -p flow-sim
and set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1; the models
sim-object-200 and sim-429 then fail: with another reply than expected, and for ever.";

/// Only what this program sends.
#[derive(Serialize)]
struct Question<'a> {
    model: &'a str,
    input: &'a [&'a str],
}

/// Only what this program reads; serde passes over the rest.
#[derive(Deserialize)]
struct Answer {
    data: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    embedding: Vec<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let model = match terminal::argument("bring_your_own_types [MODEL]", HELP) {
        Ok(model) => model.unwrap_or_else(|| "text-embedding-3-small".to_owned()),
        Err(code) => return code,
    };
    match compare(&model, &["cat", "tiger"]).await {
        Ok(likeness) => terminal::print_line(format_args!("{likeness:.3}")),
        Err(error) => {
            eprintln!("{}", explain(&error));
            if matches!(error.kind(), Kind::Config | Kind::Connect) {
                eprintln!("{HELP}");
            }
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

async fn compare(model: &str, input: &[&str]) -> Result<f64> {
    let client = Client::from_env()?;
    let call = client.post("/embeddings").json(&Question { model, input });
    let answer = call.send::<Answer>().await?.into_inner();
    let [one, other] = answer.data.as_slice() else {
        let message = format!("two texts gave {} embeddings", answer.data.len());
        return Err(Error::new(Kind::Decode, Class::Permanent, message));
    };
    Ok(one.embedding.iter().zip(&other.embedding).map(|(one, other)| one * other).sum())
}

/// Retries and errors are those of every call; only `Decode` is about the types above.
fn explain(error: &Error) -> String {
    match error.kind() {
        // The message names the field; the reply itself is there in full, and may hold anything.
        Kind::Decode => {
            let reply = String::from_utf8_lossy(error.body());
            format!("{error}\nthe reply was: {}", reply.replace(char::is_control, " "))
        }
        _ => error.to_string(),
    }
}
