//! Objects of the wire, read in one pass: known fields straight into their places.
//!
//! By way of a map would do. But a stream has a piece for every few letters, and the map costs more than
//! all the rest of reading it; of a reply in one piece it is still half.

use std::borrow::Cow;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::field::{Field, read};

/// An object that has places for the fields it knows.
pub(crate) trait Object: Default {
    /// Reads the value of a field into its place; returns false, and reads nothing, if it has none.
    fn place<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<bool, A::Error>;

    /// Returns where all other fields go.
    fn extra(&mut self) -> &mut Map<String, Value>;
}

/// What services say in every piece: what kind of object it is, how the call is served.
const WORDS: [&str; 2] = ["chat.completion.chunk", "default"];

/// Reads an object, and nothing else.
pub(crate) fn object<'de, T: Object, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    struct OnlyObject<'a, T>(&'a mut T);

    impl<'de, T: Object> Visitor<'de> for OnlyObject<'_, T> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
            fill(self.0, map)
        }
    }

    let mut object = T::default();
    deserializer.deserialize_map(OnlyObject(&mut object))?;
    Ok(object)
}

fn fill<'de, T: Object, A: MapAccess<'de>>(object: &mut T, mut map: A) -> Result<(), A::Error> {
    while let Some(Name(name)) = map.next_key()? {
        if !object.place(&name, &mut map)? {
            let value = map.next_value()?;
            object.extra().insert(name.into_owned(), value);
        }
    }
    Ok(())
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

/// What a field should hold. What it holds in place of that is kept as it is.
pub(crate) trait Known: Sized {
    /// Makes it of a value, or gives that back.
    fn of(value: Value) -> Result<Self, Value>;

    fn of_text(text: &str) -> Field<Self> {
        Field::of(Value::String(text.to_owned()), Self::of)
    }

    fn read_map<'de, A: MapAccess<'de>>(place: &mut Field<Self>, map: A) -> Result<(), A::Error> {
        *place = Field::of(value_of_map(map)?, Self::of);
        Ok(())
    }

    fn read_list<'de, A: SeqAccess<'de>>(place: &mut Field<Self>, list: A) -> Result<(), A::Error> {
        *place = Field::of(value_of_list(list)?, Self::of);
        Ok(())
    }
}

impl Known for Value {
    fn of(value: Value) -> Result<Self, Value> {
        Ok(value)
    }
}

impl Known for u64 {
    #[inline]
    fn of(value: Value) -> Result<Self, Value> {
        read::number(value)
    }
}

impl Known for String {
    fn of(value: Value) -> Result<Self, Value> {
        read::text(value)
    }

    fn of_text(text: &str) -> Field<Self> {
        Field::Value(text.to_owned())
    }
}

/// A text that is nearly always the same few words, which are not copied for every piece.
impl Known for Cow<'static, str> {
    fn of(value: Value) -> Result<Self, Value> {
        read::text(value).map(Cow::Owned)
    }

    fn of_text(text: &str) -> Field<Self> {
        let known = WORDS.into_iter().find(|word| *word == text).map(Cow::Borrowed);
        Field::Value(known.unwrap_or_else(|| Cow::Owned(text.to_owned())))
    }
}

impl<T: Object> Known for T {
    fn of(value: Value) -> Result<Self, Value> {
        Err(value)
    }

    fn read_map<'de, A: MapAccess<'de>>(place: &mut Field<Self>, map: A) -> Result<(), A::Error> {
        *place = Field::Value(T::default());
        match place {
            Field::Value(object) => fill(object, map),
            _ => Ok(()),
        }
    }
}

impl<T: Object + Into<Value>> Known for Vec<T> {
    fn of(value: Value) -> Result<Self, Value> {
        Err(value)
    }

    /// One item of another type makes it a list of something else.
    fn read_list<'de, A: SeqAccess<'de>>(
        place: &mut Field<Self>,
        mut list: A,
    ) -> Result<(), A::Error> {
        // Nearly all lists have one item; a growing one would begin with room for four.
        let mut objects = Self::with_capacity(1);
        let mut other = None;
        while list
            .next_element_seed(Seed(Item { objects: &mut objects, other: &mut other }))?
            .is_some()
        {
            let Some(other) = other.take() else { continue };
            let mut values: Vec<Value> = objects.into_iter().map(T::into).collect();
            values.push(other);
            while let Some(value) = list.next_element()? {
                values.push(value);
            }
            *place = Field::Other(values.into());
            return Ok(());
        }
        *place = Field::Value(objects);
        Ok(())
    }
}

fn value_of_map<'de, A: MapAccess<'de>>(map: A) -> Result<Value, A::Error> {
    Value::deserialize(MapAccessDeserializer::new(map))
}

fn value_of_list<'de, A: SeqAccess<'de>>(list: A) -> Result<Value, A::Error> {
    Value::deserialize(SeqAccessDeserializer::new(list))
}

/// Where a value goes, whatever it is.
pub(crate) trait Place: Sized {
    /// Takes what is neither an object nor a list.
    fn put(self, value: Value);

    fn put_text(self, text: &str) {
        self.put(Value::String(text.to_owned()));
    }

    fn read_map<'de, A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error>;

    fn read_list<'de, A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error>;
}

impl<T: Known> Place for &mut Field<T> {
    #[inline]
    fn put(self, value: Value) {
        *self = Field::of(value, T::of);
    }

    fn put_text(self, text: &str) {
        *self = T::of_text(text);
    }

    fn read_map<'de, A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        T::read_map(self, map)
    }

    fn read_list<'de, A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        T::read_list(self, list)
    }
}

/// The end of a list of objects, or a place beside it for what is none.
struct Item<'a, T> {
    objects: &'a mut Vec<T>,
    other: &'a mut Option<Value>,
}

impl<T: Object> Place for Item<'_, T> {
    fn put(self, value: Value) {
        *self.other = Some(value);
    }

    fn read_map<'de, A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.objects.push(T::default());
        self.objects.last_mut().map_or(Ok(()), |object| fill(object, map))
    }

    fn read_list<'de, A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        *self.other = Some(value_of_list(list)?);
        Ok(())
    }
}

/// Reads a value into its place.
pub(crate) struct Seed<P>(pub(crate) P);

impl<'de, P: Place> DeserializeSeed<'de> for Seed<P> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, P: Place> Visitor<'de> for Seed<P> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.0.put(Value::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.0.put(value.into());
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.0.put(value.into());
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.0.put(value.into());
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.0.put(value.into());
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.put_text(text);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        self.0.read_list(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.0.read_map(map)
    }
}
