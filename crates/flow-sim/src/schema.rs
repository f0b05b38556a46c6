//! Values that fit a JSON schema: the smallest that will do, and the same ones every time.
//!
//! It follows what tools and answers are described with: types, required properties, choices, bounds
//! and references. Patterns and `uniqueItems` are not followed.

use serde_json::{Map, Number, Value, json};

/// How deep references and nesting may go before an alternative is given up.
const MAX_DEPTH: u32 = 24;
/// How many schemas are looked at, and about how many bytes are made, before giving up.
const MAX_WORK: usize = 200_000;
/// The longest text or list that a bound can ask for.
const MAX_LENGTH: u64 = 10_000;

/// What a text says where nothing asks for more.
const WORD: &str = "sim";

/// Texts of the formats that have a name.
const FORMATS: [(&str, &str); 9] = [
    ("date-time", "2023-11-14T22:13:20Z"),
    ("date", "2023-11-14"),
    ("time", "22:13:20Z"),
    ("duration", "PT1S"),
    ("email", "sim@example.com"),
    ("hostname", "example.com"),
    ("ipv4", "127.0.0.1"),
    ("uri", "https://example.com/"),
    ("uuid", "00000000-0000-4000-8000-000000000000"),
];

/// Returns a value that fits `schema`, or an empty object where none is found.
pub(crate) fn instance(schema: &Value) -> Value {
    let mut maker = Maker { root: schema, work: MAX_WORK };
    // The flattest one, so that a recursion ends as soon as it may.
    (1..=MAX_DEPTH).find_map(|depth| maker.make(schema, depth)).unwrap_or_else(|| json!({}))
}

struct Maker<'a> {
    root: &'a Value,
    work: usize,
}

impl Maker<'_> {
    fn make(&mut self, schema: &Value, depth: u32) -> Option<Value> {
        self.spend(1)?;
        let depth = depth.checked_sub(1)?;
        let value = |name: &str| schema.get(name);
        let list = |name: &str| schema.get(name).and_then(Value::as_array);
        if let Some(constant) = value("const").or_else(|| list("enum")?.first()) {
            self.spend(constant.to_string().len())?;
            return Some(constant.clone());
        }
        if let Some(reference) = value("$ref").and_then(Value::as_str) {
            let root = self.root;
            return self.make(root.pointer(reference.strip_prefix('#')?)?, depth);
        }
        if let Some(alternatives) = list("anyOf").or_else(|| list("oneOf")) {
            return alternatives.iter().find_map(|schema| self.make(schema, depth));
        }
        let own = self.of_type(schema, depth)?;
        match list("allOf") {
            Some(all) => {
                all.iter().try_fold(own, |one, schema| Some(merged(one, self.make(schema, depth)?)))
            }
            None => Some(own),
        }
    }

    fn of_type(&mut self, schema: &Value, depth: u32) -> Option<Value> {
        match type_of(schema) {
            "object" => self.object(schema, depth),
            "array" => self.array(schema, depth),
            "integer" => Some(integer(number(schema, true)).into()),
            "number" => Number::from_f64(number(schema, false)).map(Value::from),
            "boolean" => Some(true.into()),
            "null" => Some(Value::Null),
            _ => {
                let text = text(schema);
                self.spend(text.len())?;
                Some(text.into())
            }
        }
    }

    fn object(&mut self, schema: &Value, depth: u32) -> Option<Value> {
        let required = schema.get("required").and_then(Value::as_array);
        let names = required.into_iter().flatten().filter_map(Value::as_str);
        let fields = names.map(|name| {
            self.spend(name.len())?;
            let property = schema.get("properties").and_then(|all| all.get(name));
            let property = property.or_else(|| schema.get("additionalProperties"));
            Some((name.to_owned(), self.make(property.unwrap_or(&Value::Null), depth)?))
        });
        fields.collect::<Option<Map<_, _>>>().map(Value::Object)
    }

    fn array(&mut self, schema: &Value, depth: u32) -> Option<Value> {
        let prefix = schema.get("prefixItems").and_then(Value::as_array);
        let prefix = prefix.map_or(&[][..], Vec::as_slice);
        let items = schema.get("items").unwrap_or(&Value::Null);
        let length = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0).min(MAX_LENGTH);
        let schemas = prefix.iter().chain(std::iter::repeat(items));
        let mut list = Vec::new();
        for (_, schema) in (0..length).zip(schemas) {
            list.push(self.make(schema, depth)?);
        }
        Some(Value::Array(list))
    }

    fn spend(&mut self, work: usize) -> Option<()> {
        self.work = self.work.checked_sub(work)?;
        Some(())
    }
}

/// The type that a schema names, or that its other words mean.
fn type_of(schema: &Value) -> &str {
    let named = match schema.get("type") {
        Some(Value::Array(types)) => {
            let mut types = types.iter().filter_map(Value::as_str);
            types.find(|name| *name != "null").or(Some("null"))
        }
        Some(name) => name.as_str(),
        None => None,
    };
    let has = |names: &[&str]| names.iter().any(|name| schema.get(*name).is_some());
    named.unwrap_or_else(|| {
        if has(&["properties", "required", "allOf"]) {
            "object"
        } else if has(&["items", "prefixItems", "minItems"]) {
            "array"
        } else if has(&["minimum", "maximum", "multipleOf"]) {
            "number"
        } else {
            "string"
        }
    })
}

fn text(schema: &Value) -> String {
    let format = schema.get("format").and_then(Value::as_str);
    let known = format.and_then(|format| FORMATS.iter().find(|(name, _)| *name == format));
    if let Some((_, text)) = known {
        return (*text).to_owned();
    }
    let bound = |name: &str| schema.get(name).and_then(Value::as_u64);
    let least = bound("minLength").unwrap_or(0).min(MAX_LENGTH);
    let most = bound("maxLength").unwrap_or(MAX_LENGTH);
    let endless = WORD.chars().chain(std::iter::repeat('x'));
    let length = least.max(3).min(most);
    (0..length).zip(endless).map(|(_, letter)| letter).collect()
}

/// 0 if it is within the bounds, or else what is next to one of them.
fn number(schema: &Value, is_whole: bool) -> f64 {
    let get = |name: &str| schema.get(name).and_then(Value::as_f64);
    let step = get("multipleOf").filter(|step| *step > 0.0).unwrap_or(1.0);
    let (over, under) = (get("exclusiveMinimum"), get("exclusiveMaximum"));
    let least = get("minimum").or(over);
    let most = get("maximum").or(under);
    let fits = |value: f64| {
        get("minimum").is_none_or(|least| value >= least)
            && get("maximum").is_none_or(|most| value <= most)
            && over.is_none_or(|least| value > least)
            && under.is_none_or(|most| value < most)
    };
    let above = least.map(|least| (least / step).ceil() * step);
    let below = most.map(|most| (most / step).floor() * step);
    let middle = least.zip(most).map(|(least, most)| f64::midpoint(least, most));
    let steps =
        [Some(0.0), above, above.map(|value| value + step), below, below.map(|value| value - step)];
    let candidates = steps.into_iter().chain([middle.filter(|_| !is_whole)]).flatten();
    candidates.into_iter().find(|value| fits(*value)).unwrap_or(0.0)
}

/// A whole number as JSON writes one; 0 where it is too large.
fn integer(value: f64) -> i64 {
    format!("{value:.0}").parse().unwrap_or(0)
}

/// Two objects as one; of anything else, the second.
fn merged(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            Value::Object(one)
        }
        (_, other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_fit_their_schemas() {
        let tree = json!({
            "$defs": { "node": { "type": "object", "required": ["value", "children"], "properties": {
                "value": { "anyOf": [{ "$ref": "#/$defs/node/properties/value/missing" }, { "type": "integer" }] },
                "children": { "type": "array", "items": { "$ref": "#/$defs/node" } } } } },
            "$ref": "#/$defs/node",
        });
        let endless = json!({ "required": ["a"], "properties": { "a": { "$ref": "#" } } });
        #[rustfmt::skip]
        let cases = [
            ("nothing",          json!({}),                                              json!("sim")),
            ("no schema",        json!(null),                                            json!("sim")),
            ("required only",    json!({ "type": "object", "properties": { "a": { "type": "string" }, "b": { "type": "integer" } }, "required": ["b"] }), json!({ "b": 0 })),
            ("untyped object",   json!({ "properties": { "a": { "type": "boolean" } }, "required": ["a"] }), json!({ "a": true })),
            ("other properties", json!({ "type": "object", "required": ["x"], "additionalProperties": { "type": "null" } }), json!({ "x": null })),
            ("constant",         json!({ "const": [1] }),                                json!([1])),
            ("choice",           json!({ "type": "string", "enum": ["red", "blue"] }),   json!("red")),
            ("first type",       json!({ "type": ["null", "integer"] }),                 json!(0)),
            ("only null",        json!({ "type": ["null"] }),                            json!(null)),
            ("long text",        json!({ "type": "string", "minLength": 5 }),            json!("simxx")),
            ("short text",       json!({ "type": "string", "maxLength": 2 }),            json!("si")),
            ("format",           json!({ "type": "string", "format": "date" }),          json!("2023-11-14")),
            ("list",             json!({ "type": "array", "items": { "type": "null" } }), json!([])),
            ("list of two",      json!({ "type": "array", "items": { "type": "number" }, "minItems": 2 }), json!([0.0, 0.0])),
            ("tuple",            json!({ "prefixItems": [{ "type": "null" }], "items": { "const": 1 }, "minItems": 2 }), json!([null, 1])),
            ("at least",         json!({ "type": "integer", "minimum": 3 }),             json!(3)),
            ("more than",        json!({ "type": "integer", "exclusiveMinimum": 3 }),    json!(4)),
            ("at most",          json!({ "type": "integer", "maximum": -3 }),            json!(-3)),
            ("less than",        json!({ "type": "integer", "exclusiveMaximum": 0 }),    json!(-1)),
            ("multiple",         json!({ "type": "integer", "minimum": 7, "multipleOf": 5 }), json!(10)),
            ("between",          json!({ "type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1 }), json!(0.5)),
            ("all of",           json!({ "allOf": [{ "required": ["a"], "properties": { "a": { "const": 1 } } }, { "required": ["b"], "properties": { "b": { "const": 2 } } }] }), json!({ "a": 1, "b": 2 })),
            ("tree",             tree,                                                   json!({ "value": 0, "children": [] })),
            ("endless",          endless,                                                json!({})),
        ];
        for (name, schema, want) in cases {
            let got = instance(&schema);
            assert_eq!(got, want, "{name}");
        }
    }

    #[test]
    fn schemas_that_would_never_end_do() {
        let way_out = json!({ "anyOf": [{ "required": ["a"], "properties": { "a": { "$ref": "#" } } }, { "type": "null" }] });
        assert_eq!(instance(&way_out), Value::Null);
        let wide: Vec<_> = (0..40).map(|_| json!({ "$ref": "#" })).collect();
        let schema = json!({ "anyOf": wide });
        assert_eq!(instance(&schema), json!({}));
        let names: Vec<_> = (0..40).map(|n| n.to_string()).collect();
        let schema = json!({ "required": names, "additionalProperties": { "anyOf": [{ "$ref": "#" }, { "type": "null" }] } });
        assert!(instance(&schema).to_string().len() < 2 * MAX_WORK);
        let schema =
            json!({ "type": "array", "minItems": u64::MAX, "items": { "minLength": u64::MAX } });
        assert_eq!(instance(&schema), json!({}));
    }
}
