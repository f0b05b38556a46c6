//! The long help: model ids, script format, examples.

use std::fmt::Write as _;

use flow_sim::model_ids;

const HEAD: &str = "\
MODEL IDS
  Any id that does not begin with `sim-` is answered normally. These fail, always:
";

const MIDDLE: &str = "
  Add `-x2-` and anything, and that exact id fails twice, then answers: sim-429-x2-mine.
  Use a new ending for each new try. All other ids that begin with `sim-` are unknown (404).
  sim-html- takes any error status. 429 says `retry-after: 1`. --overload makes any model fail.

  sim-stream- ids are for requests with `stream: true`, sim-slow-unary for those without; others
  are answered normally and do not count. An error event is that of a 503, or of the status
  at the end: sim-stream-error-nested-429, sim-stream-error-flat-early-401-x1-mine.

KEYS
  Any key is good, but those that begin with `sk-wrong`: 401.

LIMITS AND OUTAGES
  --limit 100/s --burst 20 lets requests through at an even rate, each model's for itself; the
  others get a 429. The headers tell the limiter's state: the limit is the burst, the reset is
  the time until all of it is back. --slots 5 --service-ms 50 --queue 20 works on five requests
  at once and has 20 wait; the others get a 503, and work goes on when its client has left.
  --outage 0..5 and --failing 0.3 answer 503. All of it is for chats and embeddings.

ENDPOINTS
  POST /v1/chat/completions, POST /v1/embeddings, GET /v1/models, GET /v1/models/{id};
  also without /v1. Chats are streamed if asked for. `tools` are called (not after a tool's
  result), and `response_format`, `n`, `logprobs` and `service_tier` are kept to.

EXAMPLES
  flow-sim --log &
  flow-sim --limit 60/min --burst 5 --limit-tells retry-after
  flow-sim --slots 10 --service-ms 50..450 --queue 100 --outage 0..30

  curl -i http://127.0.0.1:4429/v1/chat/completions \\
    -H 'authorization: Bearer sk-test' \\
    -d '{\"model\":\"sim-503\",\"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'

  curl -N http://127.0.0.1:4429/v1/chat/completions \\
    -H 'authorization: Bearer sk-test' \\
    -d '{\"model\":\"sim-stream-done-after-cut\",\"stream\":true,
         \"messages\":[{\"role\":\"user\",\"content\":\"Hello\"}]}'

  python3 -c '
  from openai import OpenAI
  client = OpenAI(api_key=\"sk-test\", base_url=\"http://127.0.0.1:4429/v1\")
  reply = client.chat.completions.create(
      model=\"sim-429-x2-a\", messages=[{\"role\": \"user\", \"content\": \"Hello\"}])
  print(reply.choices[0].message.content)'

SCRIPTS
";

/// The text below the options.
pub(crate) fn text() -> String {
    let mut text = HEAD.to_owned();
    let ids = model_ids();
    let width = ids.iter().map(|(id, _)| id.len()).max().unwrap_or(0);
    for (id, what) in ids {
        let _ = writeln!(text, "  {id:<width$} {what}");
    }
    text.push_str(MIDDLE);
    for line in include_str!("script.md").lines().filter(|line| !line.starts_with("```")) {
        let _ = writeln!(text, "  {line}");
    }
    text
}
