//! The parameters of a request, held as the JSON that is sent.
//!
//! A setter writes a [`Known`] parameter, `param()` any other: so that no parameter has two ways in,
//! and none is lost that has no setter. What JSON cannot say, such as NaN, is kept for the checks.

use flow_errors::{Error, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

use crate::fields::Fields;
use crate::json::put;

/// A name that does not go through `param()`, and the way it goes instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Known {
    /// The name in the JSON, which is also what errors say.
    pub(crate) name: &'static str,
    remedy: &'static str,
}

impl Known {
    pub(crate) const fn new(name: &'static str, remedy: &'static str) -> Self {
        Self { name, remedy }
    }
}

/// Lists the parameters of a request that have a setter, each with its name in the JSON: one constant
/// for each setter to write, and `ALL` for `param()` to refuse. So none can be left out of either.
macro_rules! known {
    ($($constant:ident $name:literal $setter:literal)*) => {
        $(pub(crate) const $constant: $crate::params::Known =
            $crate::params::Known::new($name, concat!("use ", $setter, " instead"));)*

        pub(crate) const ALL: &[$crate::params::Known] = &[$($constant),*];
    };
}
pub(crate) use known;

/// Parameters by name, and what was asked for that cannot be sent.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Params {
    values: Fields,
    #[serde(skip)]
    not_finite: Option<(Known, f64)>,
    #[serde(skip)]
    misplaced: Option<Known>,
}

impl Params {
    /// Returns the parameters as they are sent.
    pub(crate) const fn values(&self) -> &Fields {
        &self.values
    }

    pub(crate) fn get(&self, param: Known) -> Option<&Value> {
        self.values.get(param.name)
    }

    /// Returns a number, whole or not.
    pub(crate) fn number(&self, param: Known) -> Option<f64> {
        self.not_finite(param).or_else(|| self.get(param)?.as_f64())
    }

    /// Returns the NaN or the infinity that a setter was given.
    pub(crate) fn not_finite(&self, param: Known) -> Option<f64> {
        self.not_finite.filter(|(refused, _)| *refused == param).map(|(_, number)| number)
    }

    pub(crate) fn set(&mut self, param: Known, value: impl Into<Value>) {
        self.values.change(param.name, |held| *held = value.into());
    }

    pub(crate) fn set_number(&mut self, param: Known, number: f64) {
        match Number::from_f64(number) {
            Some(number) => {
                self.set(param, number);
                self.not_finite = self.not_finite.filter(|(refused, _)| *refused != param);
            }
            None => self.not_finite = Some((param, number)),
        }
    }

    /// Adds to a parameter that is a list; one value that is none becomes the first of it.
    pub(crate) fn push(&mut self, param: Known, value: impl Into<Value>) {
        self.values.change(param.name, |held| match held {
            Value::Array(list) => list.push(value.into()),
            Value::Null => *held = Value::Array(vec![value.into()]),
            one => *one = Value::Array(vec![one.take(), value.into()]),
        });
    }

    /// Adds to a parameter that is an object.
    pub(crate) fn insert(&mut self, param: Known, key: &str, value: impl Into<Value>) {
        self.values.change(param.name, |object| put(object, key, value));
    }

    /// Adds a number to a parameter that is an object.
    pub(crate) fn insert_number(&mut self, param: Known, key: &str, number: f64) {
        match Number::from_f64(number) {
            Some(number) => self.insert(param, key, number),
            None => self.not_finite = Some((param, number)),
        }
    }

    /// Sets a parameter that has no setter and is not one of `others`.
    pub(crate) fn set_other(&mut self, name: String, value: Value, others: [&[Known]; 2]) {
        let known = others.into_iter().flatten().find(|known| known.name == name);
        match known {
            Some(known) => self.misplaced = self.misplaced.or(Some(*known)),
            None => self.values.change(name, |held| *held = value),
        }
    }

    /// Refuses what was given to `param()` although it goes another way.
    pub(crate) fn check(&self) -> Result<()> {
        match self.misplaced {
            Some(Known { name, remedy }) => Err(Error::invalid_input(
                name,
                format!("`{name}` was given through param(); {remedy}"),
            )),
            None => Ok(()),
        }
    }
}

/// Refuses a number outside its range.
pub(crate) fn in_range(params: &Params, param: Known, low: f64, high: f64) -> Result<()> {
    match params.number(param) {
        Some(value) if !(low..=high).contains(&value) => {
            let name = param.name;
            let message = format!("{name} is {value}; it must be between {low} and {high}");
            Err(Error::invalid_input(name, message))
        }
        _ => Ok(()),
    }
}

/// Refuses a number below 1.
pub(crate) fn at_least_one(params: &Params, param: Known) -> Result<()> {
    match params.number(param) {
        Some(value) if value < 1.0 => {
            let name = param.name;
            Err(Error::invalid_input(name, format!("{name} is {value}; it must be at least 1")))
        }
        _ => Ok(()),
    }
}
