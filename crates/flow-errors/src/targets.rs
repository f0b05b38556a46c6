//! The models of a call, in the caller's order, which of them is asked, and whether for a stream.
//!
//! The way is forward only: a model that was left is never asked again.

use std::sync::Arc;

use crate::step::Target;
use crate::streams::Streams;

/// The models that a call may ask after its first, and how far it has come.
#[derive(Debug)]
pub(crate) struct Targets {
    fallbacks: Vec<Arc<str>>,
    /// The place of the model that is asked.
    current: usize,
    pub(crate) streams: Streams,
    /// How many attempts the models before this one had.
    earlier: u32,
}

impl Targets {
    /// The targets of a call that has its first model only.
    pub(crate) const fn new() -> Self {
        Self { fallbacks: Vec::new(), current: 0, streams: Streams::Never, earlier: 0 }
    }

    pub(crate) fn set_fallbacks(&mut self, models: impl IntoIterator<Item = Arc<str>>) {
        self.fallbacks = models.into_iter().collect();
    }

    /// Returns how many models there are, the first included.
    pub(crate) fn len(&self) -> usize {
        self.fallbacks.len().saturating_add(1)
    }

    pub(crate) const fn current(&self) -> Target {
        Target { model: self.current, streams: self.streams.now() }
    }

    /// Returns the name of the model that is asked; `first` is that of the first one.
    pub(crate) fn model<'a>(&'a self, first: Option<&'a Arc<str>>) -> Option<&'a Arc<str>> {
        match self.current.checked_sub(1) {
            None => first,
            Some(index) => self.fallbacks.get(index),
        }
    }

    /// Returns the model that would be asked next; `None` on the last one.
    pub(crate) fn next(&self) -> Option<&Arc<str>> {
        self.fallbacks.get(self.current)
    }

    /// Goes on to the next model after `made` attempts of the call.
    pub(crate) const fn advance(&mut self, made: u32) {
        self.current = self.current.saturating_add(1);
        self.earlier = made;
    }

    /// Returns how many of the call's `made` attempts were to the model that is asked.
    pub(crate) const fn attempts_here(&self, made: u32) -> u32 {
        made.saturating_sub(self.earlier)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_are_asked_in_the_callers_order_and_the_last_one_is_the_last() {
        let first: Arc<str> = "a".into();
        let mut targets = Targets::new();
        assert_eq!((targets.len(), targets.next()), (1, None));
        targets.set_fallbacks(["b".into(), "c".into()]);
        assert_eq!(targets.len(), 3);
        let mut seen = Vec::new();
        for made in 1..=3 {
            let model = targets.model(Some(&first)).map(ToString::to_string);
            seen.push((targets.current().model, model.unwrap(), targets.attempts_here(made)));
            if targets.next().is_some() {
                targets.advance(made);
            }
        }
        let want = [(0, "a".to_owned(), 1), (1, "b".to_owned(), 1), (2, "c".to_owned(), 1)];
        assert_eq!(seen, want);
        assert_eq!((targets.next(), targets.attempts_here(5)), (None, 3));
    }
}
