//! What an embeddings call gets back.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::field::{Field, Names, Short};
use crate::usage::Usage;
use crate::vector::Vector;

/// Embeddings: tolerant of fields and values it does not know, and it keeps them.
///
/// # Examples
///
/// ```
/// use flow_api::embeddings::EmbeddingList;
///
/// let json = r#"{"data": [{"index": 0, "embedding": [0.5, -1.25]},
///     {"index": 1, "embedding": "AAAAPwAAoL8="}], "usage": {"total_tokens": 2}}"#;
/// let list: EmbeddingList = serde_json::from_str(json)?;
/// assert_eq!(list.data()[0].vector(), [0.5, -1.25]);
/// assert_eq!(list.data()[1].vector(), [0.5, -1.25]);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct EmbeddingList {
    data: Vec<Embedding>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    model: Field<String>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    usage: Field<Usage>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl EmbeddingList {
    /// Returns the embeddings in the service's order, as a rule that of the inputs; which input each
    /// belongs to is its [`index`](Embedding::index).
    #[must_use]
    pub fn data(&self) -> &[Embedding] {
        &self.data
    }

    /// Returns the model that answered, as the service names it.
    #[must_use]
    pub fn model(&self) -> Option<&str> {
        self.model.as_str()
    }

    /// Returns what the call used, which is what it costs.
    #[must_use]
    pub const fn usage(&self) -> Option<&Usage> {
        self.usage.as_ref()
    }

    /// Returns every field but data, model and usage.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl fmt::Debug for EmbeddingList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmbeddingList")
            .field("data", &self.data)
            .field("model", &Short(&self.model))
            .field("usage", &self.usage)
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

/// One embedding. `Debug` shows how long its vector is, not the numbers: a text can be guessed from them.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Embedding {
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    index: Field<u64>,
    #[serde(default, skip_serializing_if = "Field::is_absent")]
    embedding: Field<Vector>,
    #[serde(flatten)]
    extra: Map<String, Value>,
}

impl Embedding {
    /// Returns which of the inputs it belongs to.
    #[must_use]
    pub fn index(&self) -> Option<u64> {
        self.index.as_ref().copied()
    }

    /// Returns the vector, whether it came as numbers or as Base64; empty if it came as neither.
    #[must_use]
    pub fn vector(&self) -> &[f32] {
        self.embedding.as_ref().map_or(&[], Vector::as_slice)
    }

    /// Returns every field but index and embedding.
    #[must_use]
    pub const fn extra(&self) -> &Map<String, Value> {
        &self.extra
    }
}

impl fmt::Debug for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embedding")
            .field("index", &self.index)
            .field("dimensions", &self.vector().len())
            .field("extra", &Names(&self.extra))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn vectors_are_read_in_every_form_they_come_in() {
        #[rustfmt::skip]
        let cases: [(Value, &[f32]); 11] = [
            (json!([0.5, -1.25]),         &[0.5, -1.25]),
            (json!([0.1]),                &[0.1]),
            (json!([1, -2]),              &[1.0, -2.0]),
            (json!([1, 0.5]),             &[1.0, 0.5]),
            (json!("AAAAPwAAoL8="),       &[0.5, -1.25]),
            (json!("AAAAPwAAoL8"),        &[0.5, -1.25]),
            (json!("not Base64"),         &[]),
            (json!("AAA="),               &[]),
            (json!([0.5, "x"]),           &[]),
            (json!(null),                 &[]),
            (json!({ "float": [0.5] }),   &[]),
        ];
        for (value, want) in cases {
            let json =
                json!({ "data": [{ "index": 0, "embedding": value, "object": "embedding" }] });
            let list: EmbeddingList = serde_json::from_value(json.clone()).unwrap();
            assert_eq!(list.data()[0].vector(), want, "{value}");
            assert_eq!(serde_json::to_value(&list).unwrap(), json, "{value}");
        }
    }

    #[test]
    fn fields_have_accessors_and_unknown_ones_are_kept() {
        let json = json!({
            "object": "list", "model": "e", "usage": { "total_tokens": 3 },
            "data": [{ "index": 7, "embedding": [], "object": "embedding" }, { "index": "1" }],
        });
        let list: EmbeddingList = serde_json::from_value(json.clone()).unwrap();
        assert_eq!((list.model(), list.usage().unwrap().total_tokens()), (Some("e"), 3));
        assert_eq!((list.data()[0].index(), list.data()[1].index()), (Some(7), None));
        assert_eq!(
            (&list.extra()["object"], &list.data()[0].extra()["object"]),
            (&json!("list"), &json!("embedding"))
        );
        assert_eq!(serde_json::to_value(&list).unwrap(), json);
        assert!(!format!("{list:?}").contains("list\""));
    }
}
