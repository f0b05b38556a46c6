//! One thing to try.

use super::site::{Site, To};
use super::visit::{self, Visit};
use crate::Result;

/// A [`Site`], what to do there, and what must be seen.
pub(super) struct Trial {
    pub(super) name: &'static str,
    pub(super) http: &'static str,
    pub(super) location: &'static str,
    pub(super) model: &'static str,
    pub(super) to: To,
    pub(super) go: fn(&Visit<'_>) -> Result<String>,
    pub(super) expected: &'static str,
}

impl Trial {
    pub(super) const fn site(&self) -> Site {
        let Self { name, http, location, model, to, .. } = *self;
        Site { name, http, location, model, to }
    }

    /// A chat call through nginx to flow-sim, of which nothing is expected yet.
    pub(super) const CHAT: Self = Self {
        name: "",
        http: "",
        location: "proxy_pass http://{sim}/;",
        model: "gpt-4o",
        to: To::Plain,
        go: visit::chat,
        expected: "",
    };
}
