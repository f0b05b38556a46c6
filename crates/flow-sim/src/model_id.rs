//! Model ids that ask for faults: `sim-<fault>` and `sim-<fault>-x<N>-<anything>`.

use std::collections::HashMap;

use crate::fault;
use crate::plan::Plan;

/// What a model id asks for.
#[derive(Debug)]
pub(crate) enum ModelId {
    /// A model like any other.
    Plain,
    /// Begins like the server's own ids but is none of them.
    Unknown,
    /// A fault: always, or this many times.
    Fault { plan: Box<Plan>, times: Option<u32> },
}

impl ModelId {
    pub(crate) fn parse(id: &str) -> Self {
        let Some(rest) = id.strip_prefix(fault::PREFIX) else { return Self::Plain };
        let Some((name, times)) = split_times(rest) else { return Self::Unknown };
        match fault::find(name) {
            Some(plan) => Self::Fault { plan: Box::new(plan), times },
            None => Self::Unknown,
        }
    }
}

/// Splits `429-x2-abc` into `429` and 2; no fault's own name holds an `-x` and a digit.
fn split_times(rest: &str) -> Option<(&str, Option<u32>)> {
    for (at, _) in rest.match_indices("-x") {
        let (name, tail) = rest.split_at(at);
        let tail = tail.strip_prefix("-x").unwrap_or_default();
        let digits = tail.split('-').next().unwrap_or_default();
        if digits.starts_with(|first: char| first.is_ascii_digit()) {
            return Some((name, Some(digits.parse().ok()?)));
        }
    }
    Some((rest, None))
}

/// Counts how often each id has failed.
#[derive(Debug, Default)]
pub(crate) struct Failures(HashMap<String, u32>);

impl Failures {
    /// Counts one failure of `id`, or returns false if it has failed `times` times already.
    pub(crate) fn fail(&mut self, id: &str, times: u32) -> bool {
        let failed = self.0.entry(id.to_owned()).or_default();
        if *failed >= times {
            return false;
        }
        *failed = failed.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart() {
        let cases = [
            ("gpt-4o", "plain"),
            ("sim", "plain"),
            ("sim-429", "always"),
            ("sim-429-x2-abc", "2 times"),
            ("sim-429-x2", "2 times"),
            ("sim-429-x0-abc", "0 times"),
            ("sim-reset-before-head-x3-a-x9-b", "3 times"),
            ("sim-html-502", "always"),
            ("sim-html-418-x1-a", "1 times"),
            ("sim-html-302", "unknown"),
            ("sim-418", "unknown"),
            ("sim-", "unknown"),
            ("sim-nonsense", "unknown"),
            ("sim-429-", "unknown"),
            ("sim-429-xtra", "unknown"),
            ("sim-429-x99999999999-abc", "unknown"),
            ("sim-429-x2abc", "unknown"),
        ];
        for (id, want) in cases {
            let got = match ModelId::parse(id) {
                ModelId::Plain => "plain".to_owned(),
                ModelId::Unknown => "unknown".to_owned(),
                ModelId::Fault { times: None, .. } => "always".to_owned(),
                ModelId::Fault { times: Some(times), .. } => format!("{times} times"),
            };
            assert_eq!(got, want, "{id}");
        }
    }

    #[test]
    fn every_listed_id_is_a_fault() {
        for (id, _) in fault::model_ids() {
            assert!(matches!(ModelId::parse(&id), ModelId::Fault { times: None, .. }), "{id}");
        }
    }
}
