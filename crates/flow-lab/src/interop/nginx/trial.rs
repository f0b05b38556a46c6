//! One thing to try.

use super::visit::{self, Visit};
use crate::Result;

/// A location of nginx's, what to do there, and what must be seen.
///
/// In the configuration `{sim}`, `{half}`, `{large}`, `{mute}`, `{held}` and `{closed}` are the
/// addresses of upstreams (see [`Upstreams`](super::stage::Upstreams)), `{dir}` is the folder with
/// nginx's files, and `{zone}` is a name of its own for each visit, for zones that nobody shares.
pub(super) struct Trial {
    pub(super) name: &'static str,
    /// Directives on the level of `http`.
    pub(super) http: &'static str,
    /// Directives of the location.
    pub(super) location: &'static str,
    /// The model to ask for; with flow-sim it says what happens.
    pub(super) model: &'static str,
    pub(super) to: To,
    pub(super) go: fn(&Visit<'_>) -> Result<String>,
    pub(super) expected: &'static str,
}

impl Trial {
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

/// How the client connects to nginx.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum To {
    Plain,
    /// With the authority of nginx's certificate as a root.
    Tls,
    /// With nothing but the system's roots.
    UntrustedTls,
    /// A URL with `http` and the port for TLS.
    PlainAtTlsPort,
}
