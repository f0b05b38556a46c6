//! A chat completion, put together from the pieces of a stream.
//!
//! What comes out is the reply that the service would have sent in one piece. Each piece costs what
//! it adds, however long the answer has become.

mod answer;
mod audio;
mod calls;
mod content;
mod merge;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::ChatCompletion;
use crate::chunk::Chunk;
use crate::field::Field;
use crate::usage::Usage;

use self::answer::Answer;

/// What only pieces have: padding against those who count bytes on the wire.
const PADDING: &str = "obfuscation";

/// Puts the pieces of a stream together.
///
/// - Texts, thoughts, refusals and the arguments of tool calls are concatenated, and so is every
///   other text within a delta, except what tells or sorts a thing (`id`, `type`, `role`, `format`):
///   there the first that is not empty stays. A `name` that is said again as a whole stays as well.
/// - Lists within a delta, log probabilities, and lists beside a delta are appended; a text or a
///   thought goes on in the list's last entry if that is of the same type.
/// - Answers are told apart, and ordered, by their index, tool calls by index or id. A tool call of
///   neither goes on with the last one, unless it names a function.
/// - Of everything else the last one counts; neither null nor an empty text takes the place of
///   something. `usage` is that of the last piece that has one.
/// - `object` becomes `chat.completion`, and `obfuscation`, which is padding, is left out.
///
/// `Debug` shows how much there is, not what.
///
/// # Examples
///
/// ```
/// use flow_api::chat::{Assembler, Chunk};
///
/// let mut assembler = Assembler::new();
/// for json in [
///     r#"{"id": "c1", "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}}]}"#,
///     r#"{"id": "c1", "choices": [{"index": 0, "delta": {"content": "lo"}}]}"#,
///     r#"{"id": "c1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}"#,
/// ] {
///     let chunk: Chunk = serde_json::from_str(json)?;
///     assembler.push(&chunk);
/// }
/// let reply = assembler.finish();
/// assert_eq!((reply.id(), reply.text()), (Some("c1"), "Hello"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Assembler {
    id: Field<String>,
    object: Field<Cow<'static, str>>,
    created: Field<u64>,
    model: Field<String>,
    service_tier: Field<Cow<'static, str>>,
    system_fingerprint: Field<String>,
    /// Boxed, because a map begins with room for eleven, and nearly all replies have one.
    answers: BTreeMap<u64, Box<Answer>>,
    finished: usize,
    usage: Field<Usage>,
    extra: Map<String, Value>,
    size: usize,
}

impl Assembler {
    /// Creates an assembler that has nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece.
    pub fn push(&mut self, chunk: &Chunk) {
        let mut added = 0_usize;
        for (old, new) in [
            (&mut self.id, &chunk.id),
            (&mut self.model, &chunk.model),
            (&mut self.system_fingerprint, &chunk.system_fingerprint),
        ] {
            added = added.saturating_add(merge::follow_text(old, new));
        }
        for (old, new) in
            [(&mut self.object, &chunk.object), (&mut self.service_tier, &chunk.service_tier)]
        {
            added = added.saturating_add(merge::follow_text(old, new));
        }
        if merge::counts(&chunk.created, &self.created) {
            self.created.clone_from(&chunk.created);
        }
        if merge::counts(&chunk.usage, &self.usage) {
            self.usage = chunk.usage.clone();
        }
        for (name, value) in chunk.extra().iter().filter(|(name, _)| *name != PADDING) {
            added = added.saturating_add(merge::follow(&mut self.extra, name, value));
        }
        for (place, choice) in (0_u64..).zip(chunk.choices()) {
            let answer = self.answers.entry(choice.index().unwrap_or(place)).or_insert_with(|| {
                added = added.saturating_add(size_of::<Answer>());
                Box::default()
            });
            let was_finished = answer.is_finished();
            added = added.saturating_add(answer.push(choice));
            if !was_finished && answer.is_finished() {
                self.finished = self.finished.saturating_add(1);
            }
        }
        self.size = self.size.saturating_add(added);
    }

    /// Returns the completion, as far as its pieces have come.
    #[must_use]
    pub fn finish(self) -> ChatCompletion {
        let Self { id, model, answers, usage, mut extra, .. } = self;
        self.object.put(&mut extra, "object", |object| match &*object {
            "chat.completion.chunk" => "chat.completion".into(),
            _ => object.into(),
        });
        self.created.put(&mut extra, "created", Value::from);
        self.service_tier.put(&mut extra, "service_tier", Value::from);
        self.system_fingerprint.put(&mut extra, "system_fingerprint", Value::from);
        let choices = answers.into_values().map(|answer| answer.finish()).collect();
        ChatCompletion { id, model, choices, usage, extra }
    }

    /// Returns the completion's id.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.id.as_str()
    }

    /// Returns the model that answers, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_str()
    }

    /// Returns what the call used, once a piece has said it.
    #[must_use]
    pub const fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// How many answers have begun.
    pub(crate) fn begun(&self) -> usize {
        self.answers.len()
    }

    /// How many answers have a reason for their end.
    pub(crate) const fn finished(&self) -> usize {
        self.finished
    }

    /// How many bytes are kept, about.
    pub(crate) const fn size(&self) -> usize {
        self.size
    }
}

impl fmt::Debug for Assembler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Assembler")
            .field("id", &self.id)
            .field("model", &self.model)
            .field("answers", &self.answers.len())
            .field("finished", &self.finished)
            .field("bytes", &self.size)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// How Azure, vLLM and Perplexity stream, each with fields of its own.
    #[test]
    fn replies_of_several_vendors_are_what_they_send_in_one_piece() {
        let filter = json!([{ "prompt_index": 0 }]);
        let azure = [
            json!({ "id": "", "model": "", "object": "", "choices": [], "prompt_filter_results": filter }),
            json!({ "id": "c", "model": "m", "object": "chat.completion.chunk", "obfuscation": "x",
                "choices": [{ "index": 0, "delta": { "role": "assistant", "content": "" }, "finish_reason": null, "content_filter_results": {} }] }),
            json!({ "id": "c", "model": "m", "object": "chat.completion.chunk", "usage": null,
                "choices": [{ "index": 0, "delta": { "content": "Hi" }, "finish_reason": null, "content_filter_results": { "hate": false } }] }),
            json!({ "id": "c", "model": "m", "object": "chat.completion.chunk", "usage": { "total_tokens": 3 },
                "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop", "content_filter_results": {} }] }),
            json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": null }], "usage": null }),
        ];
        let of_azure = json!({ "id": "c", "model": "m", "object": "chat.completion", "prompt_filter_results": filter,
            "usage": { "total_tokens": 3 }, "choices": [{ "index": 0, "finish_reason": "stop", "content_filter_results": {},
                "message": { "role": "assistant", "content": "Hi" } }] });
        let vllm = [
            json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": "h" }, "token_ids": [1], "stop_reason": null }] }),
            json!({ "choices": [{ "index": 0, "delta": { "reasoning_content": "m", "content": null }, "token_ids": [2, 3], "stop_reason": 7 }] }),
        ];
        let of_vllm = json!({ "choices": [{ "index": 0, "token_ids": [1, 2, 3], "stop_reason": 7,
            "message": { "reasoning_content": "hm", "content": null } }] });
        let perplexity = [
            json!({ "citations": ["a"], "choices": [{ "delta": { "content": "H" }, "message": { "content": "H" } }] }),
            json!({ "citations": ["a", "b"], "choices": [{ "delta": { "content": "i" }, "message": { "content": "Hi" } }] }),
        ];
        let of_perplexity =
            json!({ "citations": ["a", "b"], "choices": [{ "message": { "content": "Hi" } }] });
        for (pieces, want) in
            [(&azure[..], of_azure), (&vllm[..], of_vllm), (&perplexity[..], of_perplexity)]
        {
            let mut assembler = Assembler::new();
            for piece in pieces {
                assembler.push(&serde_json::from_value(piece.clone()).unwrap());
            }
            assert_eq!(serde_json::to_value(assembler.finish()).unwrap(), want);
        }
    }
}
