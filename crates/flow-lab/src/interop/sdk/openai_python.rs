//! The official OpenAI SDK for Python as a client of flow-sim, and the sample of the service's page.

use flow_sim::Sim;

use super::trial::Classes;
use crate::Result;
use crate::interop::case::Case;
use crate::interop::command::printed;
use crate::interop::install::python::Python;
use crate::interop::place::Place;

const REQUIREMENTS: &str = include_str!("openai_python.txt");
const SCRIPT: &str = include_str!("openai_python.py");

/// The page's loop, as it stands there.
const SAMPLE: &str = include_str!("page_sample.py");

/// The error of an error event has no request id.
const CLASSES: Classes = Classes {
    other: "APIStatusError",
    timeout: "APITimeoutError",
    torn: "APIConnectionError",
    id_in_stream: "no request id",
};

/// Tries the sample, then both clients of the SDK.
pub(crate) fn run(place: &Place, step: &dyn Fn(&str)) -> Result<Vec<Case>> {
    let python = Python::find(place, "openai-python", REQUIREMENTS, step)?;
    let script = place.write("openai_python.py", SCRIPT)?;
    let mut of_modes = Vec::new();
    for mode in ["sync", "async"] {
        step(&format!("the {mode} client"));
        let mut command = python.command("python");
        command.arg(&script).arg(mode);
        of_modes.push(super::cases(mode, place, command, &CLASSES)?);
    }
    let program = of_modes.iter().flatten().next().map(|case| case.program.clone());
    let mut cases = samples(place, &python, &program.unwrap_or_default(), step)?;
    cases.extend(alternating(of_modes));
    Ok(cases)
}

/// Puts what both clients say of the same call side by side.
fn alternating(of_modes: Vec<Vec<Case>>) -> Vec<Case> {
    let mut numbered: Vec<_> =
        of_modes.into_iter().flat_map(|cases| cases.into_iter().enumerate()).collect();
    numbered.sort_by_key(|(number, _)| *number);
    numbered.into_iter().map(|(_, case)| case).collect()
}

/// Runs the sample while the server is well, and while it refuses the first requests.
fn samples(
    place: &Place,
    python: &Python,
    program: &str,
    step: &dyn Fn(&str),
) -> Result<Vec<Case>> {
    // The SDK sends up to three times in each round of the sample's loop. Two refusals it gets
    // over by itself, so that the loop never hears of them; of four, the first three end the
    // first round, and the second round has one more to get over.
    let table = [
        ("the page's sample", "gpt-4o", "printed nothing; server: 200"),
        (
            "the page's sample, 429 twice: the SDK's own retries recover",
            "sim-429-x2-sample",
            "printed nothing; server: 429 429 200",
        ),
        (
            "the page's sample, 429 four times: its loop and the SDK's multiply",
            "sim-429-x4-sample",
            "printed Rate limited. Retrying in 1s...; server: 429 429 429 429 200",
        ),
    ];
    let mut cases = Vec::new();
    for (name, model, expected) in table {
        step(name);
        let sim = Sim::start()?;
        let path = place.write("page_sample.py", &sample(sim.base_url(), model)?)?;
        let printed = printed(name, python.command("python").arg(path))?;
        let words = match printed.trim() {
            "" => "nothing".to_owned(),
            text => text.replace('\n', " / "),
        };
        let answers: Vec<_> = sim.log().into_iter().map(|seen| seen.answer).collect();
        cases.push(Case {
            program: program.to_owned(),
            client: "sync".to_owned(),
            name: name.to_owned(),
            expected: expected.to_owned(),
            seen: format!("printed {words}; server: {}", answers.join(" ")),
        });
    }
    Ok(cases)
}

/// The sample with another key, address and model, and no other change.
fn sample(base_url: &str, model: &str) -> Result<String> {
    let changes = [
        ("YOUR_FLOW_API_KEY", "sk-interop"),
        ("https://api.flowapi.net/v1", base_url),
        ("\"gpt-4o\"", &format!("\"{model}\"")),
    ];
    let mut text = SAMPLE.to_owned();
    for (old, new) in changes {
        if text.matches(old).count() != 1 {
            return Err(format!("page_sample.py must name {old} once").into());
        }
        text = text.replace(old, new);
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sample_differs_from_the_page_in_key_address_and_model_only() {
        let text = sample("http://127.0.0.1:1/v1", "gpt-4o").unwrap();
        let different = SAMPLE.lines().zip(text.lines()).filter(|(page, own)| page != own);
        let own: Vec<_> = different.map(|(_, own)| own.trim()).collect();
        assert_eq!(own, ["api_key=\"sk-interop\",", "base_url=\"http://127.0.0.1:1/v1\""]);
        assert_eq!(SAMPLE.lines().count(), text.lines().count());
    }
}
