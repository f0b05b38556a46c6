//! One answer, put together.

use serde_json::{Map, Value};

use super::calls::Calls;
use super::{audio, content, merge};
use crate::choice::{Choice, FinishReason};
use crate::chunk_choice::ChunkChoice;
use crate::content::Content;
use crate::delta::Delta;
use crate::field::Field;
use crate::message::{Message, Role};
use crate::tool_call::ToolCall;

/// One answer, as far as it has come.
#[derive(Clone, Default)]
pub(super) struct Answer {
    index: Field<u64>,
    is_begun: bool,
    role: Field<Role>,
    content: Field<Content>,
    calls: Calls,
    /// What stands where the calls should, as long as there are none.
    no_calls: Field<Vec<ToolCall>>,
    said: Map<String, Value>,
    finish_reason: Field<FinishReason>,
    is_finished: bool,
    extra: Map<String, Value>,
}

impl Answer {
    /// Adds a piece; returns how many bytes were added.
    pub(super) fn push(&mut self, choice: &ChunkChoice) -> usize {
        let mut added = if self.index.is_absent() { merge::ENTRY } else { 0 };
        if merge::counts(&choice.index, &self.index) {
            self.index = choice.index.clone();
        }
        if choice.finish_reason().is_some() || !self.is_finished {
            follow(&mut self.finish_reason, &choice.finish_reason);
        }
        self.is_finished |= choice.finish_reason().is_some();
        if let Some(delta) = choice.delta() {
            added = added.saturating_add(self.hear(delta));
        }
        let logprobs = match &choice.logprobs {
            Field::Absent => 0,
            Field::Value(value) | Field::Other(value) => {
                merge::join_field(&mut self.extra, "logprobs", value)
            }
            Field::Null(()) => merge::join_field(&mut self.extra, "logprobs", &Value::Null),
        };
        added = added.saturating_add(logprobs);
        for (name, value) in choice.extra() {
            let bytes = match value {
                // What vendors list comes in pieces, as log probabilities do.
                Value::Array(_) => merge::join_field(&mut self.extra, name, value),
                _ => merge::follow(&mut self.extra, name, value),
            };
            added = added.saturating_add(bytes);
        }
        added
    }

    /// Whether there is a reason for the answer's end.
    pub(super) const fn is_finished(&self) -> bool {
        self.is_finished
    }

    pub(super) fn finish(self) -> Choice {
        let Self { index, role, content, calls, no_calls, said, finish_reason, extra, .. } = self;
        let tool_calls = if calls.is_empty() { no_calls } else { Field::Value(calls.finish()) };
        let message = Message { role, content, tool_calls, extra: said };
        let message = if self.is_begun { Field::Value(message) } else { Field::Absent };
        Choice { index, message, finish_reason, extra }
    }

    fn hear(&mut self, delta: &Delta) -> usize {
        self.is_begun = true;
        follow(&mut self.role, delta.role_field());
        let mut added = content::join(&mut self.content, &delta.content);
        for piece in delta.tool_calls() {
            added = added.saturating_add(self.calls.push(piece));
        }
        let no_calls = match &delta.tool_calls {
            Field::Value(_) => Field::Value(Vec::new()),
            Field::Null(()) => Field::Null(()),
            Field::Other(value) => Field::Other(value.clone()),
            Field::Absent => Field::Absent,
        };
        follow(&mut self.no_calls, &no_calls);
        for (name, value) in delta.extra() {
            let bytes = match value {
                Value::Object(sound) if name == "audio" => audio::join(&mut self.said, sound),
                _ => merge::join_field(&mut self.said, name, value),
            };
            added = added.saturating_add(bytes);
        }
        added
    }
}

/// Puts a field in the place of an earlier one, unless it says nothing.
fn follow<T: Clone>(old: &mut Field<T>, new: &Field<T>) {
    if merge::counts(new, old) {
        *old = new.clone();
    }
}
