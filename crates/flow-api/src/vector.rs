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

/// A vector, or why it cannot be read, and the JSON it came as: numbers that are rounded for use are
/// encoded as they were.
#[derive(Clone)]
pub(crate) struct Vector {
    values: Result<Vec<f32>, String>,
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
    /// Returns the numbers; none if they cannot be read.
    pub(crate) fn as_slice(&self) -> &[f32] {
        self.values.as_deref().unwrap_or_default()
    }

    /// Returns why the vector cannot be read.
    pub(crate) fn flaw(&self) -> Option<&str> {
        self.values.as_ref().err().map(String::as_str)
    }

    fn new(came_as: CameAs) -> Self {
        let values = match &came_as {
            CameAs::Floats(floats) => usable(floats.iter().map(|float| Some(rounded(*float)))),
            CameAs::Base64(text) => decoded(text),
            CameAs::Mixed(list) => usable(list.iter().map(|value| value.as_f64().map(rounded))),
        };
        Self { values, came_as }
    }
}

/// Refuses what would poison whatever is computed with it.
fn usable(entries: impl Iterator<Item = Option<f32>>) -> Result<Vec<f32>, String> {
    let entries = entries.enumerate().map(|(index, entry)| match entry {
        Some(number) if number.is_finite() => Ok(number),
        Some(_) => Err(format!("entry {index} is not finite in 32 bits")),
        None => Err(format!("entry {index} is no number")),
    });
    let values: Vec<f32> = entries.collect::<Result<_, _>>()?;
    if values.is_empty() { Err("it has no numbers".to_owned()) } else { Ok(values) }
}

#[expect(clippy::cast_possible_truncation, reason = "the nearest f32 is what a vector is made of")]
const fn rounded(value: f64) -> f32 {
    value as f32
}

/// Little-endian numbers of four bytes each.
fn decoded(text: &str) -> Result<Vec<f32>, String> {
    let bytes = BASE64.decode(text).map_err(|_| "it is a text, but no Base64".to_owned())?;
    let length = bytes.len();
    if length % 4 != 0 {
        return Err(format!("its Base64 has {length} bytes, which is no multiple of 4"));
    }
    usable(bytes.chunks(4).map(|four| four.try_into().map(f32::from_le_bytes).ok()))
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
