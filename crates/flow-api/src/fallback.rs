//! The models that a chat call may ask after its own, and what is sent to each.
//!
//! A body is written when its model is first asked, and kept for all attempts: most calls get by
//! with the first one.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use flow_errors::Result;
use flow_errors::call::Target;

use crate::gates::{Gates, SharedGate};

/// Writes the body for a model.
pub(crate) type Encode = Box<dyn Fn(&str) -> Result<Bytes> + Send + Sync>;

/// Names of models in the order in which they are asked; none is blank, and none is there twice.
pub(crate) type Names = Arc<[Arc<str>]>;

/// Checks the names that a caller gave; `asked` is the call's own model, where there is a call.
///
/// # Errors
///
/// Returns what is wrong, and with which name.
pub(crate) fn check(models: &[String], asked: Option<&str>) -> Result<(), String> {
    for (index, model) in models.iter().enumerate() {
        let shown = || model.chars().take(100).flat_map(char::escape_debug).collect::<String>();
        if model.trim().is_empty() {
            return Err(format!("fallback_models[{index}] is empty; name a model or leave it out"));
        }
        if asked == Some(model) {
            let shown = shown();
            return Err(format!(
                "fallback_models[{index}] is `{shown}`, which the call asks first; leave it out"
            ));
        }
        if models.iter().take(index).any(|earlier| earlier == model) {
            return Err(format!("fallback_models names `{}` twice; leave one out", shown()));
        }
    }
    Ok(())
}

/// Returns names that were checked; `None` if there are none.
pub(crate) fn names(models: Vec<String>) -> Option<Names> {
    (!models.is_empty()).then(|| models.into_iter().map(Arc::from).collect())
}

/// The models of a call after its first.
pub(crate) struct Fallbacks {
    encode: Encode,
    targets: Vec<Fallback>,
}

/// One of them.
struct Fallback {
    model: Arc<str>,
    gate: SharedGate,
    body: OnceLock<Result<Bytes>>,
}

impl Fallbacks {
    /// Takes the models of `names` but for `asked`, which is the call's own: a client's list may
    /// well name it.
    pub(crate) fn new(encode: Encode, names: &Names, asked: Option<&str>, gates: &Gates) -> Self {
        let targets = names.iter().filter(|model| asked != Some(model)).map(|model| Fallback {
            model: model.clone(),
            gate: gates.gate(model),
            body: OnceLock::new(),
        });
        Self { encode, targets: targets.collect() }
    }

    /// Returns the names.
    pub(crate) fn models(&self) -> impl Iterator<Item = Arc<str>> {
        self.targets.iter().map(|target| target.model.clone())
    }

    pub(crate) fn gate(&self, target: Target) -> Option<&SharedGate> {
        self.get(target).map(|fallback| &fallback.gate)
    }

    /// Returns the body for a model, written at most once.
    pub(crate) fn body(&self, target: Target) -> Option<Result<Bytes>> {
        let fallback = self.get(target)?;
        let body = fallback.body.get_or_init(|| (self.encode)(&fallback.model));
        Some(body.clone())
    }

    /// `None` for the call's own model.
    fn get(&self, target: Target) -> Option<&Fallback> {
        self.targets.get(target.model.checked_sub(1)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_make_no_sense_are_refused_by_name() {
        let long = "x".repeat(200);
        #[rustfmt::skip]
        let cases = [
            // name             models                    asked     want
            ("blank",           vec!["a", " "],           "m",      "fallback_models[1] is empty; name a model or leave it out".to_owned()),
            ("twice",           vec!["a", "b", "a"],      "m",      "fallback_models names `a` twice; leave one out".to_owned()),
            ("the call's own",  vec!["a", "m"],           "m",      "fallback_models[1] is `m`, which the call asks first; leave it out".to_owned()),
            ("bounded",         vec![&*long, &*long],     "m",      format!("fallback_models names `{}` twice; leave one out", "x".repeat(100))),
            ("escaped",         vec!["\n.", "\n."],       "m",      "fallback_models names `\\n.` twice; leave one out".to_owned()),
        ];
        for (name, models, asked, want) in cases {
            let models: Vec<_> = models.into_iter().map(str::to_owned).collect();
            assert_eq!(check(&models, Some(asked)), Err(want), "{name}");
        }
        assert_eq!(check(&["a".to_owned(), "A".to_owned()], None), Ok(()));
        assert_eq!(check(&[], None), Ok(()));
    }

    #[test]
    fn bodies_are_written_once_and_only_for_models_that_are_asked() {
        let written = Arc::new(std::sync::Mutex::new(Vec::new()));
        let log = written.clone();
        let encode = move |model: &str| {
            log.lock().unwrap().push(model.to_owned());
            Ok(Bytes::from(model.to_owned()))
        };
        let names = names(["a", "m", "b"].map(str::to_owned).to_vec()).unwrap();
        let gates = Gates::default();
        let fallbacks = Fallbacks::new(Box::new(encode), &names, Some("m"), &gates);
        let mut target = Target::default();
        assert_eq!(fallbacks.models().collect::<Vec<_>>(), ["a".into(), "b".into()]);
        assert!(fallbacks.body(target).is_none() && fallbacks.gate(target).is_none());
        target.model = 2;
        assert!(Arc::ptr_eq(fallbacks.gate(target).unwrap(), &gates.gate("b")));
        assert_eq!(fallbacks.body(target).unwrap().unwrap(), "b");
        assert_eq!(fallbacks.body(target).unwrap().unwrap(), "b");
        assert_eq!(*written.lock().unwrap(), ["b"]);
        target.model = 3;
        assert!(fallbacks.body(target).is_none());
    }
}
