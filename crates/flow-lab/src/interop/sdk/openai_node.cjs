// Makes calls through the OpenAI SDK and prints what it says of each, one JSON object a line.
//
// Arguments: the base URL, and a file with the calls.

const fs = require("node:fs");
const OpenAI = require("openai");
const { VERSION } = require("openai/version");

const calls = {
  async chat(client, model) {
    const messages = [{ role: "user", content: "Hello" }];
    const reply = await client.chat.completions.create({ model, messages });
    const { prompt_tokens, completion_tokens } = reply.usage;
    const words = `${reply.choices[0].message.content}, ${prompt_tokens} + ${completion_tokens} tokens`;
    return [reply._request_id, words];
  },
  async stream(client, model, more = {}) {
    const messages = [{ role: "user", content: "Hello" }];
    const request = { model, messages, stream: true, stream_options: { include_usage: true }, ...more };
    const { data: stream, request_id } = await client.chat.completions.create(request).withResponse();
    let [said, reason, usage] = ["", null, null];
    try {
      for await (const chunk of stream) {
        usage = chunk.usage ?? usage;
        for (const choice of chunk.choices ?? []) {
          said += wordsOf(choice.delta);
          reason = choice.finish_reason ?? reason;
        }
      }
    } catch (error) {
      error.said = said;
      throw error;
    }
    if (said.startsWith("get_weather")) said += ")";
    return [request_id, `${said}, ${reason}, ${usage.prompt_tokens} + ${usage.completion_tokens} tokens`];
  },
  async tool_stream(client, model) {
    const parameters = { type: "object", required: ["city"], properties: { city: { type: "string" } } };
    const tool = { type: "function", function: { name: "get_weather", parameters } };
    return calls.stream(client, model, { tools: [tool] });
  },
  async embeddings(client, model) {
    const reply = await client.embeddings.create({ model, input: "Hello" });
    const vector = reply.data[0].embedding;
    const length = Math.hypot(...vector);
    return [reply._request_id, `${vector.length} numbers of length ${length.toFixed(3)}`];
  },
  async models(client) {
    const { data: page, request_id } = await client.models.list().withResponse();
    return [request_id, `${page.data.length} models, ${page.data[0].id} first`];
  },
  async model(client, model) {
    const reply = await client.models.retrieve(model);
    return [reply._request_id, `${reply.id} of ${reply.owned_by}`];
  },
};

// What a delta adds: text, or the name and the arguments of a call.
function wordsOf(delta) {
  const functions = (delta.tool_calls ?? []).map((call) => call.function);
  const words = functions.map(({ name, arguments: piece }) => (name ? `${name}(` : piece));
  return (delta.content ?? "") + words.join("");
}

async function facts(baseURL, trial) {
  const client = new OpenAI({
    apiKey: trial.key,
    baseURL,
    timeout: trial.timeout_ms,
    maxRetries: trial.max_retries,
    defaultHeaders: { "x-interop-case": trial.name },
  });
  try {
    const [request_id, text] = await calls[trial.call](client, trial.model);
    return { request_id, text };
  } catch (error) {
    const { status, type, code, requestID, said } = error;
    return { class: error.constructor.name, status, type, code, request_id: requestID, text: said };
  }
}

async function main() {
  const [baseURL, trials] = process.argv.slice(2);
  console.log(JSON.stringify({ program: `openai-node ${VERSION}, Node ${process.versions.node}` }));
  for (const trial of JSON.parse(fs.readFileSync(trials, "utf8"))) {
    const seen = await facts(baseURL, trial);
    console.log(JSON.stringify({ name: trial.name, ...seen }));
  }
}

main();
