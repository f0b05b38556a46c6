//! A model that asks for a function of this program: `cargo run -p flow-blocking --example tools`
#![expect(clippy::print_stderr, reason = "an example talks to the terminal")]

mod terminal;

use std::env;
use std::process::ExitCode;

use flow_blocking::chat::{Tool, ToolCall};
use flow_blocking::{ChatRequest, Client, Kind, Result};
use serde::Deserialize;
use serde_json::json;

const HELP: &str = "
Set FLOW_API_KEY to your key. Without one, start a FlowAPI of your own in another terminal:
    cargo run -p flow-sim
and set FLOW_API_KEY=sk-any FLOW_BASE_URL=http://127.0.0.1:4429/v1";

#[derive(Deserialize)]
struct Place {
    city: String,
}

fn main() -> ExitCode {
    let model = match terminal::argument("tools [MODEL]", HELP) {
        Ok(model) => model.or_else(|| env::var("FLOW_MODEL").ok()),
        Err(code) => return code,
    };
    match talk(model.unwrap_or_else(|| "gpt-4o".to_owned())) {
        Ok(answer) => terminal::print_line(answer),
        Err(error) => {
            eprintln!("{error}");
            if matches!(error.kind(), Kind::Config | Kind::Connect) {
                eprintln!("{HELP}");
            }
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

fn talk(model: String) -> Result<String> {
    let client = Client::from_env()?;
    let city = json!({ "city": { "type": "string" } });
    let schema = json!({ "type": "object", "properties": city, "required": ["city"] });
    let weather =
        Tool::function("get_weather").description("Tells the weather.").parameters(schema);
    let mut request = ChatRequest::new(model).user("How is the weather in Oslo?").tool(weather);
    for _round in 0..5 {
        let reply = client.chat(request.clone()).send()?;
        if reply.tool_calls().is_empty() {
            return Ok(reply.text().to_owned());
        }
        request = request.messages(reply.message().cloned());
        for call in reply.tool_calls() {
            request = request.tool_result(call.id(), run(call));
        }
    }
    Ok("(the model asks again and again)".to_owned())
}

/// Runs what the model asks for. What is wrong with that goes back to the model as well.
fn run(call: &ToolCall) -> String {
    // The model's words may be anything, also what a terminal would obey.
    let harmless = |text: &str| text.replace(char::is_control, " ");
    eprintln!("{}({})", harmless(call.name()), harmless(call.arguments()));
    match (call.name(), call.parse::<Place>()) {
        ("get_weather", Ok(place)) => format!("21 °C and sunny in {}", place.city),
        ("get_weather", Err(error)) => error.message().to_owned(),
        (other, _) => format!("there is no function `{other}`"),
    }
}
