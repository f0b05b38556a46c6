//! The numbers of an embedding, as they came and as they are used.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Base64 with or without its padding, which some gateways leave out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// A vector, and the JSON it came as: numbers that are rounded for use are encoded as they were.
#[derive(Clone)]
pub(crate) struct Vector {
    values: Vec<f32>,
    came_as: CameAs,
}

/// A service sends numbers with a point or Base64; what has anything else in it is kept as it is.
#[derive(Clone, PartialEq, Serialize)]
#[serde(untagged)]
enum CameAs {
    Floats(Vec<f64>),
    Base64(String),
    Mixed(Vec<Value>),
}

impl Vector {
    pub(crate) fn as_slice(&self) -> &[f32] {
        &self.values
    }

    fn new(came_as: CameAs) -> Self {
        let values = match &came_as {
            CameAs::Floats(floats) => Some(floats.iter().copied().map(rounded).collect()),
            CameAs::Base64(text) => decoded(text),
            CameAs::Mixed(list) => list.iter().map(|value| value.as_f64().map(rounded)).collect(),
        };
        Self { values: values.unwrap_or_default(), came_as }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is what a vector is made of")]
const fn rounded(value: f64) -> f32 {
    value as f32
}

/// Little-endian numbers of four bytes each.
fn decoded(text: &str) -> Option<Vec<f32>> {
    let bytes = BASE64.decode(text).ok()?;
    let number = |four: &[u8]| four.try_into().map(f32::from_le_bytes).ok();
    bytes.chunks(4).map(number).collect()
}

/// Two vectors are equal if they came as the same.
impl PartialEq for Vector {
    fn eq(&self, other: &Self) -> bool {
        self.came_as == other.came_as
    }
}

impl Serialize for Vector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.came_as.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ListOrText;

        impl<'de> Visitor<'de> for ListOrText {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of numbers or Base64")
            }

            fn visit_str<E>(self, text: &str) -> Result<Vector, E> {
                Ok(Vector::new(CameAs::Base64(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vector, A::Error> {
                let mut floats = Vec::with_capacity(list.size_hint().unwrap_or(0).min(4_096));
                while let Some(value) = list.next_element::<Value>()? {
                    match value.as_f64().filter(|_| value.is_f64()) {
                        Some(float) => floats.push(float),
                        None => return mixed(floats, value, list),
                    }
                }
                Ok(Vector::new(CameAs::Floats(floats)))
            }
        }

        deserializer.deserialize_any(ListOrText)
    }
}

/// Reads on where a list turned out not to be of floats alone: `1` and `1.0` differ in JSON.
fn mixed<'de, A: SeqAccess<'de>>(
    floats: Vec<f64>,
    value: Value,
    mut rest: A,
) -> Result<Vector, A::Error> {
    let mut list: Vec<Value> = floats.into_iter().map(Value::from).collect();
    list.push(value);
    while let Some(value) = rest.next_element()? {
        list.push(value);
    }
    Ok(Vector::new(CameAs::Mixed(list)))
}
