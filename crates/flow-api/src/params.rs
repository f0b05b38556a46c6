//! The parameters of a request, held as the JSON that is sent.
//!
//! Setters and `param()` write to one place, so that the last value wins. What cannot be sent, such as
//! NaN, is kept as well: the checks refuse it, and so does writing the request as JSON.

use std::borrow::Cow;

use flow_errors::{Error, Result};
use serde::{Deserialize, Serialize, Serializer, ser};
use serde_json::{Number, Value};

use crate::fields::Fields;
use crate::json::put;

/// Parameters by name, and what was asked for that cannot be sent.
#[derive(Clone, Default, PartialEq, Deserialize)]
#[serde(from = "Fields")]
pub(crate) struct Params {
    values: Fields,
    refused: Vec<Refused>,
}

/// A value that cannot be sent.
#[derive(Clone, PartialEq)]
struct Refused {
    name: &'static str,
    /// Which value of several.
    key: Option<String>,
    why: String,
}

impl Params {
    /// Returns the parameters as they are sent.
    pub(crate) const fn values(&self) -> &Fields {
        &self.values
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// Returns a number, whole or not.
    pub(crate) fn number(&self, name: &str) -> Option<f64> {
        self.get(name)?.as_f64()
    }

    pub(crate) fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.set_value(name.into(), value.into());
    }

    fn set_value(&mut self, name: Cow<'static, str>, value: Value) {
        self.refused.retain(|refused| refused.name != name);
        if let Some(held) = self.values.place(name) {
            *held = value;
        }
    }

    pub(crate) fn set_number(&mut self, name: &'static str, number: f64) {
        match Number::from_f64(number) {
            Some(number) => self.set(name, number),
            None => self.refuse(name, None, format!("{name} is {number}; it must be finite")),
        }
    }

    /// Adds to a parameter that is a list; one value that is none becomes the first of it.
    pub(crate) fn push(&mut self, name: &'static str, value: impl Into<Value>) {
        self.push_value(name, value.into());
    }

    fn push_value(&mut self, name: &'static str, value: Value) {
        match self.values.place(name.into()) {
            Some(Value::Array(list)) => list.push(value),
            Some(held @ Value::Null) => *held = Value::Array(vec![value]),
            Some(one) => *one = Value::Array(vec![one.take(), value]),
            None => {}
        }
    }

    /// Adds to a parameter that is an object.
    pub(crate) fn insert(&mut self, name: &'static str, key: &str, value: impl Into<Value>) {
        self.accept(name, Some(key));
        if let Some(object) = self.values.place(name.into()) {
            put(object, key, value.into());
        }
    }

    /// Adds a number to a parameter that is an object.
    pub(crate) fn insert_number(&mut self, name: &'static str, key: &str, number: f64) {
        match Number::from_f64(number) {
            Some(number) => self.insert(name, key, number),
            None => {
                let why = format!("{name} of {key} is {number}; it must be finite");
                self.refuse(name, Some(key), why);
            }
        }
    }

    /// Sets a parameter by its name in the JSON, unless it is one of `fields`: each has a place of its
    /// own, and the remedy beside it says which.
    pub(crate) fn set_any(&mut self, name: String, value: Value, fields: &[(&'static str, &str)]) {
        match fields.iter().find(|(field, _)| *field == name) {
            Some((field, remedy)) => {
                let why = format!("`{field}` was given through param(); {remedy}");
                self.refuse(field, None, why);
            }
            None => self.set_value(name.into(), value),
        }
    }

    /// Refuses what cannot be sent.
    pub(crate) fn check(&self) -> Result<()> {
        match self.refused.first() {
            Some(refused) => Err(Error::invalid_input(refused.name, refused.why.as_str())),
            None => Ok(()),
        }
    }

    fn refuse(&mut self, name: &'static str, key: Option<&str>, why: String) {
        self.accept(name, key);
        self.refused.push(Refused { name, key: key.map(str::to_owned), why });
    }

    /// Forgets that an earlier value of the same place was refused.
    fn accept(&mut self, name: &str, key: Option<&str>) {
        self.refused.retain(|refused| refused.name != name || refused.key.as_deref() != key);
    }
}

impl From<Fields> for Params {
    fn from(values: Fields) -> Self {
        Self { values, refused: Vec::new() }
    }
}

/// Fails where something could not be written, so that it is not left out in silence.
impl Serialize for Params {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        match self.refused.first() {
            Some(refused) => Err(ser::Error::custom(&refused.why)),
            None => self.values.serialize(serializer),
        }
    }
}

/// Refuses an empty name of a model.
pub(crate) fn model(model: &str) -> Result<()> {
    if model.trim().is_empty() {
        let message = "the model is empty; name one, and models().list() shows which there are";
        return Err(Error::invalid_input("model", message));
    }
    Ok(())
}

/// Refuses a number outside its range.
pub(crate) fn in_range(params: &Params, name: &str, low: f64, high: f64) -> Result<()> {
    match params.number(name) {
        Some(value) if !(low..=high).contains(&value) => {
            let message = format!("{name} is {value}; it must be between {low} and {high}");
            Err(Error::invalid_input(name, message))
        }
        _ => Ok(()),
    }
}

/// Refuses a number below 1.
pub(crate) fn at_least_one(params: &Params, name: &str) -> Result<()> {
    match params.number(name) {
        Some(value) if value < 1.0 => {
            Err(Error::invalid_input(name, format!("{name} is {value}; it must be at least 1")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_cannot_be_sent_is_refused_until_it_is_set_again() {
        type Change = fn(&mut Params);
        #[rustfmt::skip]
        let table: [(&str, Change, Option<&str>); 8] = [
            ("a number",          |p| p.set_number("a", 1.0),                                        None),
            ("NaN",               |p| p.set_number("a", f64::NAN),                                   Some("a is NaN; it must be finite")),
            ("NaN after a number", |p| { p.set_number("a", 1.0); p.set_number("a", f64::NAN); },     Some("a is NaN; it must be finite")),
            ("another one set",   |p| { p.set_number("a", f64::NAN); p.set_number("b", f64::INFINITY); p.set_number("b", 1.0); }, Some("a is NaN; it must be finite")),
            ("set again",         |p| { p.set_number("a", f64::NAN); p.set_any("a".to_owned(), json!(1), &[]); }, None),
            ("in an object",      |p| { p.insert_number("a", "k", f64::NAN); p.insert_number("a", "l", 1.0); }, Some("a of k is NaN; it must be finite")),
            ("there set again",   |p| { p.insert_number("a", "k", f64::NAN); p.insert_number("a", "k", 1.0); }, None),
            ("in its own place",  |p| { p.set_any("a".to_owned(), json!(1), &[("a", "use a()")]); }, Some("`a` was given through param(); use a()")),
        ];
        for (name, change, want) in table {
            let mut params = Params::default();
            change(&mut params);
            let refused = params.check().map_err(|error| error.message().to_owned());
            assert_eq!(refused.as_ref().err().map(String::as_str), want, "{name}");
            let written = serde_json::to_value(&params).map_err(|error| error.to_string());
            assert_eq!(written.err().as_deref(), want, "{name}");
            assert!(params == params.clone(), "{name}");
        }
    }
}
