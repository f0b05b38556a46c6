//! A few JSON fields by name: what a map is too costly for.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

/// Fields in the order of their names, each once.
///
/// A call sets one or two of them, and most names are known: `Map` would copy each name, and begin
/// with room for eleven.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Fields(Vec<(Cow<'static, str>, Value)>);

impl Fields {
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        let index = self.position(name).ok()?;
        self.0.get(index).map(|(_, value)| value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }

    /// Returns where a field's value is, which is null where there was none; there always is a place.
    pub(crate) fn place(&mut self, name: Cow<'static, str>) -> Option<&mut Value> {
        let index = self.position(&name).unwrap_or_else(|index| {
            self.0.insert(index, (name, Value::Null));
            index
        });
        self.0.get_mut(index).map(|(_, value)| value)
    }

    /// Where a name is, or where it belongs.
    fn position(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(name))
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let mut fields: Vec<(Cow<'_, str>, Value)> =
            map.into_iter().map(|(name, value)| (name.into(), value)).collect();
        // A feature of serde_json's, which any crate may turn on, keeps the order of the text.
        fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(Self(fields))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_found_changed_and_kept_once() {
        let mut fields = Fields::default();
        for (name, number) in [("n", 1), ("a", 2), ("z", 3), ("n", 4)] {
            let value = fields.place(name.into()).unwrap();
            *value = json!([value.take(), number]);
        }
        assert_eq!(fields.get("n"), Some(&json!([[null, 1], 4])));
        assert_eq!((fields.get("a"), fields.get("b")), (Some(&json!([null, 2])), None));
        assert_eq!(fields.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a", "n", "z"]);
        let again: Fields = serde_json::from_str(&serde_json::to_string(&fields).unwrap()).unwrap();
        assert_eq!(again.get("z"), fields.get("z"));
        assert!(again == fields);
    }
}
