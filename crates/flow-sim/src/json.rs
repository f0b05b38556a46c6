//! Actions in JSON: a name, or an object with at most one answer and one delivery.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, Visitor};
use serde_json::Value;

use crate::action::Action;
use crate::event::LineEnd;
use crate::part::Part;
use crate::plan::Scope;
use crate::stream::Stream;

/// An action's object. Field names are those of [`Action`]'s methods.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(clippy::struct_excessive_bools, reason = "the format's fields, at most one of them true")]
struct Fields {
    row: Option<u16>,
    status: Option<u16>,
    like: Option<String>,

    r#if: Scope,
    text: Option<String>,
    stream: Option<Streamed>,
    unstreamed: bool,

    headers: BTreeMap<String, Values>,
    body: Option<Value>,
    gzip: bool,
    after_ms: u64,

    chunked: bool,
    reset_before_head: bool,
    close_before_head: bool,
    hang: bool,
    reset_after: Option<usize>,
    hang_after: Option<usize>,
    truncate_length: Option<usize>,
    truncate_chunked: Option<usize>,
    slow: Option<Slow>,
    garbage: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Slow {
    piece: usize,
    pause_ms: u64,
}

/// A stream: its parts, and how lines end if not with LF.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Streamed {
    #[serde(default)]
    parts: Vec<Part>,
    #[serde(default)]
    line_end: LineEnd,
}

/// One header's value or values.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a header's value must be a text or a list of texts")]
enum Values {
    One(String),
    Many(Vec<String>),
}

impl Fields {
    fn action(mut self) -> Result<Action, String> {
        let mut action = self.answer()?;
        for (name, values) in &self.headers {
            let values = match values {
                Values::One(value) => std::slice::from_ref(value),
                Values::Many(values) => values,
            };
            for value in values {
                action = action.header(name.clone(), value.clone());
            }
        }
        action = match &self.body {
            None => action,
            Some(Value::String(text)) => action.body(text.clone()),
            Some(json) => action.json(json),
        };
        if self.gzip {
            action = action.gzip();
        }
        action = self.stream_of(action.after(Duration::from_millis(self.after_ms)));
        self.deliver(action)
    }

    fn stream_of(&mut self, mut action: Action) -> Action {
        action = match self.r#if {
            Scope::Any => action,
            Scope::Streamed => action.if_streamed(),
            Scope::Unary => action.if_unary(),
        };
        if let Some(text) = self.text.take() {
            action = action.text(text);
        }
        if let Some(Streamed { parts, line_end }) = self.stream.take() {
            action = action.stream(Stream { parts, line_end });
        }
        if self.unstreamed { action.unstreamed() } else { action }
    }

    fn answer(&self) -> Result<Action, String> {
        match (self.row, self.status, &self.like) {
            (None, None, None) => Ok(Action::normal()),
            (Some(row), None, None) => Ok(Action::row(row)),
            (None, Some(status), None) => Ok(Action::status(status)),
            (None, None, Some(name)) => Ok(Action::like(name.clone())),
            _ => Err("an action has one of `row`, `status` and `like`, not several".to_owned()),
        }
    }

    fn deliver(self, action: Action) -> Result<Action, String> {
        let wishes = [
            self.chunked.then(|| action.clone().chunked()),
            self.reset_before_head.then(|| action.clone().reset_before_head()),
            self.close_before_head.then(|| action.clone().close_before_head()),
            self.hang.then(|| action.clone().hang()),
            self.reset_after.map(|bytes| action.clone().reset_after(bytes)),
            self.hang_after.map(|bytes| action.clone().hang_after(bytes)),
            self.truncate_length.map(|bytes| action.clone().truncate_length(bytes)),
            self.truncate_chunked.map(|bytes| action.clone().truncate_chunked(bytes)),
            self.slow
                .map(|slow| action.clone().slow(slow.piece, Duration::from_millis(slow.pause_ms))),
            self.garbage.map(|text| action.clone().garbage(text)),
        ];
        let mut wishes = wishes.into_iter().flatten();
        let wish = wishes.next();
        if wishes.next().is_some() {
            return Err("an action has at most one delivery (`hang`, `slow`, ...)".to_owned());
        }
        Ok(wish.unwrap_or(action))
    }
}

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneAction;

        impl<'de> Visitor<'de> for OneAction {
            type Value = Action;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an action: an object, \"normal\" or a name such as \"sim-503\"")
            }

            fn visit_str<E: serde::de::Error>(self, name: &str) -> Result<Action, E> {
                let action = if name == "normal" { Action::normal() } else { Action::like(name) };
                check(action)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Action, A::Error> {
                let fields = Fields::deserialize(MapAccessDeserializer::new(map))?;
                check(fields.action().map_err(A::Error::custom)?)
            }
        }

        deserializer.deserialize_any(OneAction)
    }
}

/// Refuses what cannot be done here, where the reader still knows line and column.
fn check<E: serde::de::Error>(action: Action) -> Result<Action, E> {
    action.plan().map_err(E::custom)?;
    Ok(action)
}
