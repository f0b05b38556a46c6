//! Objects of the wire, read in one pass: known fields straight into their places.
//!
//! By way of a map would do, and is what replies in one piece take. But a stream has a piece for every
//! few letters, and the map costs more than all the rest of reading it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::field::Field;

/// An object that has places for the fields it knows.
pub(crate) trait Object: Default {
    /// Reads the value of a field into its place; returns false, and reads nothing, if it has none.
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Returns where all other fields go.
    fn extra(&mut self) -> &mut Map<String, Value>;
}

/// Reads an object, and nothing else.
pub(crate) fn object<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct OnlyObject<T>(PhantomData<T>);

    impl<'de, T: Object> Visitor<'de> for OnlyObject<T> {
        type Value = T;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
            fields(map)
        }
    }

    deserializer.deserialize_map(OnlyObject(PhantomData))
}

fn fields<'de, T: Object, A: MapAccess<'de>>(mut map: A) -> Result<T, A::Error> {
    let mut object = T::default();
    while let Some(Name(name)) = map.next_key()? {
        if !object.place(&name, &mut map)? {
            let value = map.next_value()?;
            object.extra().insert(name.into_owned(), value);
        }
    }
    Ok(object)
}

/// The name of a field, copied only where it is written with escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;

        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a field")
            }

            fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(name.into()))
            }

            fn visit_str<E>(self, name: &str) -> Result<Name<'de>, E> {
                Ok(Name(name.to_owned().into()))
            }
        }

        deserializer.deserialize_str(NameVisitor)
    }
}

/// A field that should hold an object, or a list of objects, and may hold anything.
pub(crate) struct Read<T>(pub(crate) Field<T>);

impl<'de, T: Shape> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(FieldVisitor(PhantomData)).map(Read)
    }
}

/// What a field should hold. What it holds in place of that is kept as it is.
pub(crate) trait Shape: Sized {
    fn of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Field<Self>, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Field::Other)
    }

    fn of_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Field<Self>, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(Field::Other)
    }
}

impl<T: Object> Shape for T {
    fn of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Field<Self>, A::Error> {
        fields(map).map(Field::Value)
    }
}

impl<T: Object + Into<Value>> Shape for Vec<T> {
    /// One item of another type makes it a list of something else.
    fn of_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<Field<Self>, A::Error> {
        let mut objects = Self::new();
        while let Some(Read(item)) = list.next_element()? {
            let other = match item {
                Field::Value(object) => {
                    // Nearly all lists have one item; a growing one would begin with room for four.
                    objects.reserve_exact(usize::from(objects.is_empty()));
                    objects.push(object);
                    continue;
                }
                Field::Other(value) => value,
                Field::Null(()) | Field::Absent => Value::Null,
            };
            let mut values: Vec<Value> = objects.into_iter().map(T::into).collect();
            values.push(other);
            while let Some(value) = list.next_element()? {
                values.push(value);
            }
            return Ok(Field::Other(values.into()));
        }
        Ok(Field::Value(objects))
    }
}

struct FieldVisitor<T>(PhantomData<T>);

impl<'de, T: Shape> Visitor<'de> for FieldVisitor<T> {
    type Value = Field<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Field<T>, E> {
        Ok(Field::Null(()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Field<T>, E> {
        Ok(Field::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Field<T>, E> {
        Ok(Field::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Field<T>, E> {
        Ok(Field::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Field<T>, E> {
        Ok(Field::Other(value.into()))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Field<T>, E> {
        Ok(Field::Other(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Field<T>, A::Error> {
        T::of_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Field<T>, A::Error> {
        T::of_map(map)
    }
}
