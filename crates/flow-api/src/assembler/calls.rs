//! Tool calls out of their pieces, which may be interleaved.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::merge;
use crate::tool_call::ToolCall;
use crate::tool_call_delta::ToolCallDelta;

/// The tool calls of one answer.
#[derive(Clone, Default)]
pub(super) struct Calls {
    list: Vec<Call>,
    /// The latest call with an index.
    by_index: BTreeMap<u64, usize>,
    /// The latest call with an id.
    by_id: BTreeMap<String, usize>,
}

#[derive(Clone)]
struct Call {
    /// Its index, or that of the call before it if it has none.
    rank: u64,
    value: Value,
}

impl Calls {
    /// Adds a piece; returns how many bytes were added.
    pub(super) fn push(&mut self, piece: &ToolCallDelta) -> usize {
        let found = self.find(piece);
        let place = found.unwrap_or(self.list.len());
        let is_new_id = !piece.id().is_empty() && found.is_none_or(|at| self.id(at).is_empty());
        if found.is_none() {
            self.begin(piece);
        }
        let mut added = if found.is_none() { merge::ENTRY } else { 0 };
        if is_new_id {
            self.by_id.insert(piece.id().to_owned(), place);
            added = added.saturating_add(piece.id().len());
        }
        let call = self.list.get_mut(place).map(|call| &mut call.value);
        let joined = match (call, piece.as_value()) {
            (Some(Value::Object(call)), Value::Object(fields)) => {
                let fields = fields.iter().filter(|(name, _)| *name != "index");
                fields.fold(0, |added, (name, value)| {
                    merge::join_field(call, name, value).saturating_add(added)
                })
            }
            (Some(call), value) => {
                *call = value.clone();
                merge::weight(value)
            }
            (None, _) => 0,
        };
        added.saturating_add(joined)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the calls by their index.
    pub(super) fn finish(mut self) -> Vec<ToolCall> {
        self.list.sort_by_key(|call| call.rank);
        self.list.into_iter().map(|call| ToolCall::from(call.value)).collect()
    }

    fn begin(&mut self, piece: &ToolCallDelta) {
        let rank = piece.index().or_else(|| self.list.last().map(|call| call.rank));
        if let Some(index) = piece.index() {
            self.by_index.insert(index, self.list.len());
        }
        let value = Value::Object(Map::new());
        self.list.push(Call { rank: rank.unwrap_or(0), value });
    }

    /// Finds the call that a piece goes on with; `None` if it begins another.
    fn find(&self, piece: &ToolCallDelta) -> Option<usize> {
        if !piece.as_value().is_object() {
            return None;
        }
        let with_id = self.by_id.get(piece.id()).copied();
        let Some(index) = piece.index() else {
            // A piece without index and id goes on where the last one stopped; a name is a beginning.
            let is_nameless = piece.id().is_empty() && !piece.is_named();
            let last = self.list.len().checked_sub(1).filter(|_| is_nameless);
            return with_id.or(last);
        };
        let at = *self.by_index.get(&index)?;
        let id = self.id(at);
        // Some services count every call as 0, some make up another id for every piece; only the
        // former name the function again.
        let is_other = piece.is_named() && ![id, ""].contains(&piece.id()) && !id.is_empty();
        if is_other {
            let has_index = |at: &usize| self.list.get(*at).is_some_and(|call| call.rank == index);
            return with_id.filter(has_index);
        }
        Some(at)
    }

    fn id(&self, at: usize) -> &str {
        let call = self.list.get(at);
        call.and_then(|call| call.value.get("id")?.as_str()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn piece(index: Option<u64>, id: &str, name: &str, arguments: &str) -> Value {
        let mut piece = json!({ "id": id, "function": { "name": name, "arguments": arguments } });
        if let Some(index) = index {
            piece["index"] = index.into();
        }
        piece
    }

    #[test]
    fn pieces_find_their_call() {
        let (zero, one) = (Some(0), Some(1));
        #[rustfmt::skip]
        let cases = [
            ("by index",             vec![(zero, "a", "f", ""), (zero, "", "", "{"), (zero, "", "", "}")],              vec![("a", "f", "{}")]),
            ("interleaved",          vec![(zero, "a", "f", ""), (one, "b", "g", ""), (zero, "", "", "1"), (one, "", "", "2")], vec![("a", "f", "1"), ("b", "g", "2")]),
            ("out of order",         vec![(one, "b", "g", ""), (zero, "a", "f", "1"), (one, "", "", "2")],              vec![("a", "f", "1"), ("b", "g", "2")]),
            ("no index, by id",      vec![(None, "a", "f", ""), (None, "b", "g", ""), (None, "a", "", "1"), (None, "b", "", "2")], vec![("a", "f", "1"), ("b", "g", "2")]),
            ("no index, the last",   vec![(None, "a", "f", "1"), (None, "", "", "2")],                                  vec![("a", "f", "12")]),
            ("no index and no id",   vec![(None, "", "f", "1"), (None, "", "g", "2"), (None, "", "", "3")],             vec![("", "f", "1"), ("", "g", "23")]),
            ("index only at first",  vec![(one, "b", "g", ""), (None, "", "", "2"), (zero, "a", "f", ""), (None, "b", "", "3")], vec![("a", "f", ""), ("b", "g", "23")]),
            ("name in pieces",       vec![(zero, "a", "get_", ""), (zero, "", "wea", ""), (zero, "", "ther", "{"), (zero, "", "", "}")], vec![("a", "get_weather", "{}")]),
            ("name said again",      vec![(zero, "a", "f", "1"), (zero, "", "f", "2")],                                 vec![("a", "f", "12")]),
            ("all said again",       vec![(zero, "a", "f", "1"), (zero, "a", "f", "2")],                                vec![("a", "f", "12")]),
            ("all counted as 0",     vec![(zero, "a", "f", "1"), (zero, "b", "g", "2"), (zero, "a", "f", "3"), (zero, "", "", "4")], vec![("a", "f", "13"), ("b", "g", "24")]),
            ("made-up ids",          vec![(zero, "a", "f", "1"), (zero, "x", "", "2"), (zero, "y", "", "3")],           vec![("a", "f", "123")]),
            ("id comes late",        vec![(zero, "", "f", "1"), (zero, "a", "", "2"), (None, "a", "", "3")],            vec![("a", "f", "123")]),
            ("same id twice",        vec![(zero, "a", "f", "1"), (one, "a", "f", "2")],                                 vec![("a", "f", "1"), ("a", "f", "2")]),
        ];
        for (name, pieces, want) in cases {
            let mut calls = Calls::default();
            for (index, id, name, arguments) in pieces {
                let _ = calls.push(&piece(index, id, name, arguments).into());
            }
            let calls = calls.finish();
            let got: Vec<_> =
                calls.iter().map(|call| (call.id(), call.name(), call.arguments())).collect();
            assert_eq!(got, want, "{name}");
            assert!(calls.iter().all(|call| call.as_value().get("index").is_none()), "{name}");
        }
    }

    #[test]
    fn pieces_of_other_types_are_kept() {
        let mut calls = Calls::default();
        for piece in [
            json!(7),
            json!({ "index": 0, "type": "custom", "custom": { "name": "n", "input": "a" } }),
            json!({ "index": 0, "type": "custom", "custom": { "input": "b" } }),
            json!(null),
        ] {
            let _ = calls.push(&piece.into());
        }
        let calls: Vec<_> =
            calls.finish().into_iter().map(|call| call.as_value().clone()).collect();
        let custom = json!({ "type": "custom", "custom": { "name": "n", "input": "ab" } });
        assert_eq!(calls, [json!(7), custom, json!(null)]);
    }
}
