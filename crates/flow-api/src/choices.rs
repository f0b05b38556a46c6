//! The answers of a reply: a list, of which an odd entry must not cost the rest of the reply.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::choice::Choice;
use crate::field::Field;

/// Reads a list of answers; one entry that is no object makes it a list of something else.
///
/// By hand: `Field` would copy every answer once more to find out which of the two it is.
pub(crate) fn read<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Field<Vec<Choice>>, D::Error> {
    deserializer.deserialize_seq(List)
}

struct List;

impl<'de> Visitor<'de> for List {
    type Value = Field<Vec<Choice>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of choices")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut choices = Vec::new();
        while let Some(entry) = list.next_element()? {
            match entry {
                Entry::Choice(choice) => choices.push(*choice),
                Entry::Other(value) => return others(&choices, value, list),
            }
        }
        Ok(Field::Value(choices))
    }
}

/// Reads on where a list turned out not to be of objects alone.
fn others<'de, A: SeqAccess<'de>>(
    choices: &[Choice],
    value: Value,
    mut rest: A,
) -> Result<Field<Vec<Choice>>, A::Error> {
    let encoded = choices.iter().map(serde_json::to_value).collect::<Result<Vec<_>, _>>();
    let mut list = encoded.map_err(A::Error::custom)?;
    list.push(value);
    while let Some(value) = rest.next_element()? {
        list.push(value);
    }
    Ok(Field::Other(Value::Array(list)))
}

enum Entry {
    Choice(Box<Choice>),
    Other(Value),
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ChoiceOrOther)
    }
}

struct ChoiceOrOther;

impl<'de> Visitor<'de> for ChoiceOrOther {
    type Value = Entry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a choice")
    }

    fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Entry, A::Error> {
        let choice = Choice::deserialize(MapAccessDeserializer::new(fields))?;
        Ok(Entry::Choice(Box::new(choice)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Entry, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(Entry::Other)
    }

    fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
        Ok(Entry::Other(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Entry, E> {
        Ok(Entry::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Entry, E> {
        Ok(Entry::Other(value.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Entry, E> {
        Ok(Entry::Other(number.into()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Entry, E> {
        Ok(Entry::Other(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Entry, E> {
        Ok(Entry::Other(number.into()))
    }
}
