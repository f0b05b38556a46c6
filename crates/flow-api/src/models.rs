//! The models that a key may use.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::closest;
use crate::field::Field;

/// The reply to a request for the list of models.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelList {
    data: Vec<Model>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl ModelList {
    /// Returns the models, in the service's order.
    #[must_use]
    pub fn models(&self) -> &[Model] {
        &self.data
    }

    /// Returns the models' ids, in the service's order.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.data.iter().map(Model::id)
    }

    /// Returns the ids nearest to a name that may be mistyped: at most 5, best first, and none that
    /// is not near.
    ///
    /// Capitals, punctuation and a vendor in front (`openai/`) do not count, and a word of an id finds
    /// it: `sonnet`. The first 5,000 ids are looked at.
    ///
    /// # Examples
    ///
    /// ```
    /// let json = r#"{"data": [{"id": "gpt-4o"}, {"id": "gpt-4.1"}, {"id": "o3"}]}"#;
    /// let models: flow_api::ModelList = serde_json::from_str(json)?;
    /// assert_eq!(models.closest("gpt-4p"), ["gpt-4o", "gpt-4.1"]);
    /// assert!(models.closest("banana").is_empty());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    // Compiled where it is called, with all that it needs, which is much: hardly any program does.
    #[inline]
    pub fn closest(&self, name: &str) -> Vec<&str> {
        closest::closest(name, self.ids())
    }

    /// Returns the fields that have no accessor here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

/// One model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Model {
    id: String,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    owned_by: Field<String>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Model {
    /// Returns the id, which is what requests name.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns who provides it.
    #[must_use]
    pub fn owned_by(&self) -> Option<&str> {
        self.owned_by.as_str()
    }

    /// Returns the fields that have no accessor here.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}
