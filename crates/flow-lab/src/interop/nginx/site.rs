//! A place of nginx's, as its configuration and its visitors see it.

/// What one trial has nginx do, and how a client comes there.
///
/// In the configuration `{sim}`, `{half}`, `{large}`, `{mute}`, `{held}` and `{closed}` are the
/// addresses of upstreams (see [`Upstreams`](super::stage::Upstreams)), `{dir}` is the folder with
/// nginx's files, and `{zone}` is a name of its own for each visit, for zones that nobody shares.
#[derive(Clone, Copy)]
pub(super) struct Site {
    pub(super) name: &'static str,
    /// Directives on the level of `http`.
    pub(super) http: &'static str,
    /// Directives of the location.
    pub(super) location: &'static str,
    /// The model to ask for; with flow-sim it says what happens.
    pub(super) model: &'static str,
    pub(super) to: To,
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
