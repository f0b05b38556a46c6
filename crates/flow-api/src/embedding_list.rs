//! What an embeddings call gets back.

use std::any::Any;
use std::fmt;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::field::{Field, Names, Short};
use crate::usage::Usage;
use crate::vector::Vector;

/// Embeddings: tolerant of fields and values it does not know, and it keeps them.
///
/// A call refuses, as kind `decode`, a reply with a vector that cannot be read, or with more or fewer
/// of them than inputs; the reply, of which 64 KiB are kept, is in the error's
/// [`body`](flow_errors::Error::body). Decoding by hand refuses neither.
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
    /// Returns the embeddings: those of a call in the order of their [`index`](Embedding::index),
    /// which is that of the inputs, or as they came if some have none; decoded by hand, as they came.
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

    /// Says what is wrong with a reply that is to have so many vectors, if anything is, and puts them
    /// in the order of the inputs.
    fn settle(&mut self, wanted: &RangeInclusive<usize>) -> Result<(), String> {
        let came = self.data.len();
        if !wanted.contains(&came) {
            let or_more = if wanted.start() == wanted.end() { "" } else { " or more" };
            let inputs = wanted.start();
            return Err(format!("embeddings came: {came}, inputs were sent: {inputs}{or_more}"));
        }
        for (place, embedding) in self.data.iter().enumerate() {
            if let Some(flaw) = embedding.flaw() {
                let index = embedding.index().map(|index| format!(" of index {index}"));
                let index = index.unwrap_or_default();
                return Err(format!("data[{place}].embedding{index} cannot be read: {flaw}"));
            }
        }
        // Without an index there is no better order than the service's.
        if self.data.iter().all(|embedding| embedding.index().is_some()) {
            self.data.sort_by_key(Embedding::index);
        }
        Ok(())
    }
}

/// Says what is wrong with a call's reply, if that is embeddings and anything is, and puts them in the
/// order of the inputs. The type itself loses nothing, and so cannot refuse anything.
pub(crate) fn settle(reply: &mut dyn Any, wanted: &RangeInclusive<usize>) -> Result<(), String> {
    match reply.downcast_mut::<EmbeddingList>() {
        Some(list) => list.settle(wanted),
        None => Ok(()),
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

    /// Returns the vector, whether it came as numbers or as Base64; empty if it cannot be read, which
    /// it always can in the reply of a call.
    #[must_use]
    pub fn vector(&self) -> &[f32] {
        self.embedding.as_ref().map_or(&[], Vector::as_slice)
    }

    /// Returns why the vector cannot be read.
    fn flaw(&self) -> Option<&str> {
        match &self.embedding {
            Field::Value(vector) => vector.flaw(),
            Field::Null(()) => Some("it is null"),
            Field::Other(_) => Some("it is neither a list nor a text"),
            Field::Absent => Some("it is missing"),
        }
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
        let cases: [(Value, &[f32], Option<&str>); 18] = [
            (json!([0.5, -1.25]),         &[0.5, -1.25], None),
            (json!([0.1]),                &[0.1],        None),
            (json!([1, -2]),              &[1.0, -2.0],  None),
            (json!([1, 0.5]),             &[1.0, 0.5],   None),
            (json!("AAAAPwAAoL8="),       &[0.5, -1.25], None),
            (json!("AAAAPwAAoL8"),        &[0.5, -1.25], None),
            (json!("not Base64"),         &[],           Some("it is a text, but no Base64")),
            (json!("AAA="),               &[],           Some("its Base64 has 2 bytes, which is no multiple of 4")),
            (json!("AADAfw=="),           &[],           Some("entry 0 is not finite in 32 bits")),
            (json!(""),                   &[],           Some("it has no numbers")),
            (json!([]),                   &[],           Some("it has no numbers")),
            (json!([0.1, null]),          &[],           Some("entry 1 is no number")),
            (json!([0.5, "x"]),           &[],           Some("entry 1 is no number")),
            (json!([0.5, 3.5e38]),        &[],           Some("entry 1 is not finite in 32 bits")),
            (json!([1, -1e300]),          &[],           Some("entry 1 is not finite in 32 bits")),
            (json!(null),                 &[],           Some("it is null")),
            (json!(7),                    &[],           Some("it is neither a list nor a text")),
            (json!({ "float": [0.5] }),   &[],           Some("it is neither a list nor a text")),
        ];
        for (value, want, flaw) in cases {
            let json =
                json!({ "data": [{ "index": 0, "embedding": value, "object": "embedding" }] });
            let list: EmbeddingList = serde_json::from_value(json.clone()).unwrap();
            assert_eq!((list.data()[0].vector(), list.data()[0].flaw()), (want, flaw), "{value}");
            assert_eq!(serde_json::to_value(&list).unwrap(), json, "{value}");
        }
    }

    #[test]
    fn reply_of_a_call_has_a_vector_for_each_input_in_their_order() {
        let one = |index: Value| json!({ "index": index, "embedding": [0.5] });
        let list = |entries: Vec<Value>| json!({ "data": entries });
        let no_index = json!({ "embedding": [0.5] });
        let broken = json!({ "index": 1, "embedding": [0.1, null] });
        let any = 0..=usize::MAX;
        #[rustfmt::skip]
        let cases = [
            // name                 reply                                           wanted          order
            ("in order",            list(vec![one(0.into()), one(1.into())]),       2..=2,          Ok(vec![Some(0), Some(1)])),
            ("out of order",        list(vec![one(2.into()), one(0.into()), one(1.into())]), 3..=3, Ok(vec![Some(0), Some(1), Some(2)])),
            ("same index",          list(vec![one(1.into()), one(0.into()), one(1.into())]), 3..=3, Ok(vec![Some(0), Some(1), Some(1)])),
            ("an index is missing", list(vec![one(1.into()), no_index.clone()]),    2..=2,          Ok(vec![Some(1), None])),
            ("none is known",       list(vec![]),                                   any.clone(),    Ok(vec![])),
            ("none",                list(vec![]),                                   1..=1,          Err("embeddings came: 0, inputs were sent: 1")),
            ("none of any",         list(vec![]),                                   1..=usize::MAX, Err("embeddings came: 0, inputs were sent: 1 or more")),
            ("too few",             list(vec![one(0.into())]),                      2..=2,          Err("embeddings came: 1, inputs were sent: 2")),
            ("too many",            list(vec![one(0.into()), one(1.into())]),       1..=1,          Err("embeddings came: 2, inputs were sent: 1")),
            ("broken",              list(vec![broken, one(0.into())]),              2..=2,          Err("data[0].embedding of index 1 cannot be read: entry 1 is no number")),
            ("missing",             list(vec![one(0.into()), json!({})]),           any,            Err("data[1].embedding cannot be read: it is missing")),
        ];
        for (name, json, wanted, want) in cases {
            let mut list: EmbeddingList = serde_json::from_value(json).unwrap();
            let order = settle(&mut list, &wanted)
                .map(|()| list.data().iter().map(Embedding::index).collect());
            assert_eq!(order, want.map_err(str::to_owned), "{name}");
        }
        assert_eq!(settle(&mut json!({ "data": [] }), &(1..=1)), Ok(()));
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
