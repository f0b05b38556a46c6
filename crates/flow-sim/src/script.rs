//! Scripts: which action answers which request.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;

use serde::Deserialize;

use crate::action::Action;
use crate::plan::Plan;

#[doc = include_str!("script.md")]
///
/// # Examples
///
/// ```
/// use flow_sim::{Action, Script};
///
/// let written = Script::new()
///     .then(Action::row(503))
///     .then_for("gpt-4o", Action::normal().hang())
///     .repeat_last();
/// let read = Script::from_json(
///     r#"{ "any": ["sim-503"], "models": { "gpt-4o": [{ "hang": true }] }, "then": "repeat_last" }"#,
/// )?;
///
/// assert_eq!(Script::from_json("[]")?, Script::new());
/// assert!(Script::from_json(r#"[{ "row": 42 }]"#).is_err());
/// # Ok::<(), flow_sim::InvalidScript>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a script does nothing until a server has it"]
pub struct Script {
    any: Vec<Action>,
    models: BTreeMap<String, Vec<Action>>,
    repeat_last: bool,
}

impl Script {
    /// Creates a script without actions.
    pub const fn new() -> Self {
        Self { any: Vec::new(), models: BTreeMap::new(), repeat_last: false }
    }

    /// Adds the action for the next request, whatever its model.
    pub fn then(mut self, action: Action) -> Self {
        self.any.push(action);
        self
    }

    /// Adds the action for the next request that names this model.
    pub fn then_for(mut self, model: impl Into<String>, action: Action) -> Self {
        self.models.entry(model.into()).or_default().push(action);
        self
    }

    /// Goes on with the last action of each list for ever, not with normal answers.
    pub const fn repeat_last(mut self) -> Self {
        self.repeat_last = true;
        self
    }

    /// Reads a script from JSON and checks it.
    ///
    /// # Errors
    ///
    /// Returns [`InvalidScript`] if `text` is not JSON, has a field that scripts do not have, or
    /// asks for what cannot be done. Its text says where and what.
    pub fn from_json(text: &str) -> Result<Self, InvalidScript> {
        let script: Self =
            serde_json::from_str(text).map_err(|error| InvalidScript(error.to_string()))?;
        script.plans()?;
        Ok(script)
    }

    /// Checks every action and makes the queues that a server works off.
    pub(crate) fn plans(&self) -> Result<Plans, InvalidScript> {
        let mut models = HashMap::new();
        for (model, actions) in &self.models {
            models.insert(model.clone(), checked(&format!("for `{model}`"), actions)?);
        }
        let any = checked("for any model", &self.any)?;
        Ok(Plans { any, models, repeat_last: self.repeat_last })
    }
}

impl FromIterator<Action> for Script {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        Self { any: actions.into_iter().collect(), ..Self::new() }
    }
}

impl From<Vec<Action>> for Script {
    fn from(actions: Vec<Action>) -> Self {
        actions.into_iter().collect()
    }
}

impl<const N: usize> From<[Action; N]> for Script {
    fn from(actions: [Action; N]) -> Self {
        actions.into_iter().collect()
    }
}

impl From<Action> for Script {
    fn from(action: Action) -> Self {
        Self::new().then(action)
    }
}

fn checked(place: &str, actions: &[Action]) -> Result<VecDeque<Plan>, InvalidScript> {
    let plan = |(index, action): (usize, &Action)| {
        let number = index.saturating_add(1);
        action.plan().map_err(|why| InvalidScript(format!("action {number} {place}: {why}")))
    };
    actions.iter().enumerate().map(plan).collect()
}

/// A script that cannot be followed.
///
/// Correct the place that the text names. The format is documented at [`Script`] and in
/// `flow-sim --help`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidScript(String);

impl fmt::Display for InvalidScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for InvalidScript {}

/// A script's actions, ready to be taken one by one.
#[derive(Debug, Default)]
pub(crate) struct Plans {
    any: VecDeque<Plan>,
    models: HashMap<String, VecDeque<Plan>>,
    repeat_last: bool,
}

impl Plans {
    /// Takes the plan for the next request. A model with a list of its own leaves `any` alone.
    pub(crate) fn next(&mut self, model: Option<&str>) -> Option<Plan> {
        let own = model.and_then(|model| self.models.get_mut(model));
        let queue = own.unwrap_or(&mut self.any);
        if self.repeat_last && queue.len() == 1 {
            return queue.front().cloned();
        }
        queue.pop_front()
    }
}

/// The two spellings of a script in JSON.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lists {
    #[serde(default)]
    any: Vec<Action>,
    #[serde(default)]
    models: BTreeMap<String, Vec<Action>>,
    #[serde(default)]
    then: Then,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Then {
    #[default]
    Normal,
    RepeatLast,
}

impl<'de> Deserialize<'de> for Script {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;

        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Script;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of actions, or an object with `any`, `models` and `then`")
            }

            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, seq: A) -> Result<Script, A::Error> {
                let actions = serde::de::value::SeqAccessDeserializer::new(seq);
                Vec::deserialize(actions).map(Script::from)
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<Script, A::Error> {
                let lists = serde::de::value::MapAccessDeserializer::new(map);
                let Lists { any, models, then } = Lists::deserialize(lists)?;
                Ok(Script { any, models, repeat_last: matches!(then, Then::RepeatLast) })
            }
        }

        deserializer.deserialize_any(Visitor)
    }
}
