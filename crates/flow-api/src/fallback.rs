//! The models that a chat call may ask after its own.

use std::sync::Arc;

use flow_errors::call::Target;

use crate::gates::SharedGate;

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

/// The models of a call after its first, each with its gate.
#[derive(Default)]
pub(crate) struct Fallbacks(Vec<(Arc<str>, SharedGate)>);

impl Fallbacks {
    /// Takes the models of `names` but for `asked`, which is the call's own: a client's list may
    /// well name it.
    pub(crate) fn new(
        names: &Names,
        asked: Option<&str>,
        gate: impl Fn(&str) -> SharedGate,
    ) -> Self {
        let others = names.iter().filter(|model| asked != Some(model));
        Self(others.map(|model| (model.clone(), gate(model))).collect())
    }

    /// Returns the names.
    pub(crate) fn models(&self) -> impl Iterator<Item = Arc<str>> {
        self.0.iter().map(|(model, _)| model.clone())
    }

    /// Returns a target's model; `None` for the call's own.
    pub(crate) fn model(&self, target: Target) -> Option<&str> {
        self.get(target).map(|(model, _)| &**model)
    }

    /// Returns the gate of a target's model; `None` for the call's own.
    pub(crate) fn gate(&self, target: Target) -> Option<&SharedGate> {
        self.get(target).map(|(_, gate)| gate)
    }

    fn get(&self, target: Target) -> Option<&(Arc<str>, SharedGate)> {
        self.0.get(target.model.checked_sub(1)?)
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
    fn targets_are_the_models_of_the_list_but_for_the_calls_own() {
        let names = names(["a", "m", "b"].map(str::to_owned).to_vec()).unwrap();
        let fallbacks = Fallbacks::new(&names, Some("m"), |_| SharedGate::default());
        let mut target = Target::default();
        assert_eq!(fallbacks.models().collect::<Vec<_>>(), ["a".into(), "b".into()]);
        assert!(fallbacks.model(target).is_none() && fallbacks.gate(target).is_none());
        target.model = 2;
        assert_eq!(fallbacks.model(target), Some("b"));
        assert!(fallbacks.gate(target).is_some());
        target.model = 3;
        assert!(fallbacks.model(target).is_none());
    }
}
