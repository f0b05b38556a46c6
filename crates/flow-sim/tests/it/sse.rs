//! Reads event streams off the wire, and puts their chunks together again.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use flow_sim::Sim;
use serde_json::{Map, Value, json};

use crate::wire::{End, Got, connect, post, send};

/// A streamed reply, taken apart.
#[derive(Debug)]
pub(crate) struct Streamed {
    pub(crate) got: Got,
    /// What each chunk of the transfer encoding holds.
    pub(crate) chunks: Vec<Vec<u8>>,
    /// The last chunk came.
    pub(crate) is_whole: bool,
    /// Name and data of each event that a blank line ends.
    pub(crate) events: Vec<(Option<String>, String)>,
    pub(crate) comments: usize,
    /// What came after the last blank line.
    pub(crate) rest: String,
}

impl Streamed {
    pub(crate) fn new(got: Got) -> Self {
        let (chunks, is_whole) = chunks(got.body());
        let text = String::from_utf8_lossy(&chunks.concat()).into_owned();
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let (ended, rest) = text.rsplit_once("\n\n").unwrap_or(("", &text));
        let (mut events, mut comments) = (Vec::new(), 0);
        for lines in ended.split("\n\n") {
            let field = |name: &str| {
                let values = lines.lines().filter_map(|line| line.strip_prefix(name));
                let values: Vec<_> = values.collect();
                (!values.is_empty()).then(|| values.join("\n"))
            };
            comments += lines.lines().filter(|line| line.starts_with(": ")).count();
            events.extend(field("data: ").map(|data| (field("event: "), data)));
        }
        let rest = rest.to_owned();
        Self { got, chunks, is_whole, events, comments, rest }
    }

    /// The events that are chunks of a completion and no errors.
    pub(crate) fn completion_chunks(&self) -> Vec<Value> {
        let parsed = self.events.iter().filter_map(|(_, data)| serde_json::from_str(data).ok());
        parsed
            .filter(|chunk: &Value| chunk.get("choices").is_some() && chunk.get("error").is_none())
            .collect()
    }

    pub(crate) fn text(&self) -> String {
        let chunks = self.completion_chunks();
        let delta =
            |chunk: &Value| chunk.pointer("/choices/0/delta/content")?.as_str().map(str::to_owned);
        chunks.iter().filter_map(delta).collect()
    }

    pub(crate) fn finish_reason(&self) -> Option<String> {
        let chunks = self.completion_chunks();
        let reason =
            |chunk: &Value| chunk.pointer("/choices/0/finish_reason")?.as_str().map(str::to_owned);
        chunks.iter().find_map(reason)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.events.last().is_some_and(|(_, data)| data == "[DONE]")
    }
}

/// What each chunk of a chunked body holds, and whether the last chunk came.
fn chunks(mut body: &[u8]) -> (Vec<Vec<u8>>, bool) {
    let mut chunks = Vec::new();
    while let Some(at) = body.windows(2).position(|two| two == b"\r\n") {
        let digits = std::str::from_utf8(&body[..at]).unwrap();
        let length = usize::from_str_radix(digits, 16).unwrap();
        if length == 0 {
            return (chunks, true);
        }
        let rest = &body[at + 2..];
        chunks.push(rest[..length.min(rest.len())].to_vec());
        body = rest.get(length + 2..).unwrap_or_default();
    }
    (chunks, false)
}

/// The request of a chat with these fields besides model and message.
pub(crate) fn request(model: &str, more: &Value) -> String {
    let message = json!({ "role": "user", "content": "PLANTED" });
    let mut fields = json!({ "model": model, "messages": [message] });
    fields.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    post("/v1/chat/completions", "connection: close\r\n", &fields.to_string())
}

/// A streamed chat to the end.
pub(crate) fn stream(sim: &Sim, model: &str) -> Streamed {
    Streamed::new(send(sim, &request(model, &json!({ "stream": true }))))
}

/// Begins a streamed chat and reads until `enough` says so.
pub(crate) fn begin(
    sim: &Sim,
    model: &str,
    enough: impl Fn(&Streamed) -> bool,
) -> (TcpStream, Streamed) {
    let mut connection = connect(sim);
    connection.write_all(request(model, &json!({ "stream": true })).as_bytes()).unwrap();
    let (mut bytes, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let length = connection.read(&mut buffer).unwrap();
        assert_ne!(length, 0, "the stream ended: {:?}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&buffer[..length]);
        let streamed = Streamed::new(Got { bytes: bytes.clone(), end: End::Fin });
        if enough(&streamed) {
            return (connection, streamed);
        }
    }
}

/// Puts the chunks of a stream together to what a reply in one piece is.
pub(crate) fn assembled(chunks: &[Value]) -> Value {
    let mut reply = chunks[0].as_object().unwrap().clone();
    reply.remove("usage");
    let mut choices: Vec<Value> = Vec::new();
    for chunk in chunks {
        for choice in chunk["choices"].as_array().unwrap() {
            let index = usize::try_from(choice["index"].as_u64().unwrap()).unwrap();
            if choices.len() <= index {
                choices.push(json!({ "index": index, "message": {}, "logprobs": null }));
            }
            add(&mut choices[index], choice);
        }
        if let Some(usage) = chunk.get("usage").filter(|usage| !usage.is_null()) {
            reply.insert("usage".to_owned(), usage.clone());
        }
    }
    reply.insert("object".to_owned(), "chat.completion".into());
    reply.insert("choices".to_owned(), choices.into());
    Value::Object(reply)
}

fn add(choice: &mut Value, part: &Value) {
    for (name, value) in part["delta"].as_object().unwrap() {
        match name.as_str() {
            "tool_calls" => {
                value.as_array().unwrap().iter().for_each(|call| add_call(choice, call));
            }
            "content" => append(&mut choice["message"]["content"], value),
            _ => choice["message"][name] = value.clone(),
        }
    }
    if let Some(entries) = part["logprobs"]["content"].as_array() {
        let all = &mut choice["logprobs"];
        if all.is_null() {
            *all = json!({ "content": [], "refusal": null });
        }
        all["content"].as_array_mut().unwrap().extend(entries.iter().cloned());
    }
    choice["finish_reason"] = part["finish_reason"].clone();
}

fn add_call(choice: &mut Value, part: &Value) {
    let index = usize::try_from(part["index"].as_u64().unwrap()).unwrap();
    let calls = &mut choice["message"]["tool_calls"];
    if calls.is_null() {
        *calls = json!([]);
    }
    let calls = calls.as_array_mut().unwrap();
    if calls.len() <= index {
        let fields = part.as_object().unwrap().iter().filter(|(name, _)| *name != "index");
        calls.push(Value::Object(
            fields.map(|(n, v)| (n.clone(), v.clone())).collect::<Map<_, _>>(),
        ));
        return;
    }
    append(&mut calls[index]["function"]["arguments"], &part["function"]["arguments"]);
}

fn append(text: &mut Value, more: &Value) {
    if let Some(more) = more.as_str() {
        *text = (text.as_str().unwrap_or_default().to_owned() + more).into();
    } else if text.is_null() {
        *text = Value::Null;
    }
}
