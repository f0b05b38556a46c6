//! What can be set for streams, for a client and for a single chat alike.

use std::time::Duration;

use flow_errors::{Error, Result};

use crate::completeness::Completeness;
use crate::limit::Limit;

/// What the caller asked for, not yet checked; what is not set is `None`.
#[derive(Clone, Copy, Default)]
pub(crate) struct StreamOptions {
    pub(crate) completeness: Option<Completeness>,
    pub(crate) first_content: Option<Limit>,
    pub(crate) idle: Option<Limit>,
    pub(crate) asks_for_usage: Option<bool>,
    pub(crate) recovers: Option<bool>,
}

/// The setters of [`StreamOptions`], for every builder that has an `options` field and makes chats.
macro_rules! stream_setters {
    () => {
        /// Sets whether a chat that was cut off for taking long (504, 524, 522 or 408) is sent again
        /// as a stream, and put together; default `true`.
        ///
        /// A gateway waits a minute or so for the first byte, and a stream has it at once. Every
        /// attempt says whether it was one
        /// ([`Attempt::is_streamed`](flow_errors::Attempt::is_streamed)); it counts, and may be
        /// billed, as any retry. Where the service refuses the stream with 400 or 422, the next
        /// attempt asks for one piece again.
        pub fn recover_by_streaming(mut self, recovers: bool) -> Self {
            self.options.stream.recovers = Some(recovers);
            self
        }

        /// Sets how it is known that a stream is complete; default
        /// [`Completeness::FinishReason`](crate::chat::Completeness::FinishReason).
        pub fn completeness(mut self, rule: $crate::chat::Completeness) -> Self {
            self.options.stream.completeness = Some(rule);
            self
        }

        /// Sets how long a stream may take to its first content, counted from sending; by default
        /// what attempt timeout and deadline leave, because models think for minutes.
        ///
        /// A stream that ends so is sent again as any timeout is, once by default, and may be billed.
        pub fn first_content_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.stream.first_content = Some($crate::limit::Limit::After(timeout));
            self
        }

        /// Lifts the limit for the first content: it may take what the deadline leaves, as by default.
        pub fn no_first_content_timeout(mut self) -> Self {
            self.options.stream.first_content = Some($crate::limit::Limit::Never);
            self
        }

        /// Sets how long a stream may go without content once it has begun; default 60 s.
        ///
        /// Comments, blank lines and empty deltas are no content. The time that the caller takes
        /// between two pieces does not count.
        pub fn idle_timeout(mut self, timeout: std::time::Duration) -> Self {
            self.options.stream.idle = Some($crate::limit::Limit::After(timeout));
            self
        }

        /// Lifts the limit between content: a stream may be idle until the deadline.
        pub fn no_idle_timeout(mut self) -> Self {
            self.options.stream.idle = Some($crate::limit::Limit::Never);
            self
        }

        /// Sets whether a stream is asked to end with its usage (`stream_options`); default `true`.
        ///
        /// Switch it off for servers that do not know the parameter. One that the request sets itself
        /// is left alone.
        pub fn include_usage(mut self, asks: bool) -> Self {
            self.options.stream.asks_for_usage = Some(asks);
            self
        }
    };
}
pub(crate) use stream_setters;

/// Options for streams that were checked and completed with the defaults.
#[derive(Clone, Copy)]
pub(crate) struct StreamRules {
    pub(crate) completeness: Completeness,
    pub(crate) first_content: Option<Duration>,
    pub(crate) idle: Option<Duration>,
    pub(crate) asks_for_usage: bool,
    pub(crate) recovers: bool,
}

impl StreamRules {
    pub(crate) const DEFAULT: Self = Self {
        completeness: Completeness::FinishReason,
        first_content: None,
        idle: Some(Duration::from_secs(60)),
        asks_for_usage: true,
        recovers: true,
    };

    /// Returns a copy in which `options` take the place of what was there.
    pub(crate) fn with(self, options: StreamOptions) -> Result<Self> {
        Ok(Self {
            completeness: options.completeness.unwrap_or(self.completeness),
            first_content: limit("first content", options.first_content, self.first_content)?,
            idle: limit("idle", options.idle, self.idle)?,
            asks_for_usage: options.asks_for_usage.unwrap_or(self.asks_for_usage),
            recovers: options.recovers.unwrap_or(self.recovers),
        })
    }
}

fn limit(name: &str, wanted: Option<Limit>, before: Option<Duration>) -> Result<Option<Duration>> {
    match wanted {
        None => Ok(before),
        Some(Limit::Never) => Ok(None),
        Some(Limit::After(limit)) if limit.is_zero() => Err(Error::config(format!(
            "the {name} timeout of streams is 0, so none could be read; raise or lift it"
        ))),
        Some(Limit::After(limit)) => Ok(Some(limit)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_set_lifted_and_kept() {
        let second = Duration::from_secs(1);
        let rules = StreamRules::DEFAULT
            .with(StreamOptions {
                first_content: Some(Limit::After(second)),
                idle: Some(Limit::Never),
                ..StreamOptions::default()
            })
            .unwrap();
        assert_eq!((rules.first_content, rules.idle, rules.recovers), (Some(second), None, true));
        let off = StreamOptions {
            completeness: Some(Completeness::Eof),
            asks_for_usage: Some(false),
            recovers: Some(false),
            ..StreamOptions::default()
        };
        let rules = rules.with(off).unwrap();
        assert_eq!((rules.first_content, rules.recovers), (Some(second), false));
        assert_eq!((rules.completeness, rules.asks_for_usage), (Completeness::Eof, false));
    }

    #[test]
    fn limit_of_zero_is_refused_by_name() {
        let zero = Some(Limit::After(Duration::ZERO));
        let first = StreamOptions { first_content: zero, ..StreamOptions::default() };
        let idle = StreamOptions { idle: zero, ..StreamOptions::default() };
        for (name, options) in [("first content", first), ("idle", idle)] {
            let Err(error) = StreamRules::DEFAULT.with(options) else { panic!("{name}") };
            assert!(error.to_string().contains(&format!("the {name} timeout")), "{error}");
        }
    }
}
