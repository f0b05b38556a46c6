//! Where the API is: a URL that is checked once, so that joining a path cannot fail late.

use std::net::IpAddr;
use std::sync::Arc;

use flow_errors::{Error, Result};
use http::Uri;

/// A checked base URL: `http` or `https`, a host, a path, nothing else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    uri: Uri,
    /// Where most calls go, joined once.
    chat: Uri,
    authority: Arc<str>,
    text: Box<str>,
}

impl BaseUrl {
    /// The service's own address.
    pub const DEFAULT: &'static str = "https://api.flowapi.net/v1";

    /// Checks a URL; slashes at its end are dropped.
    ///
    /// `allow_plain_http` permits `http` to hosts other than loopback, where anyone on the way
    /// can read the key and the prompts.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config`, which never shows credentials, if the URL has blanks
    /// around it, no scheme or another one than `http` and `https`, no host, a bad port, a path
    /// that ends in an endpoint or that [`join`](Self::join) would refuse, a query, a fragment or
    /// credentials, or if it is plain `http` to a host that is not loopback.
    pub fn new(url: &str, allow_plain_http: bool) -> Result<Self> {
        let text = url.trim_end_matches('/');
        let refuse =
            |problem: &str| Error::config(format!("the base URL `{}` {problem}", shown(url)));
        if url.trim().is_empty() {
            return Err(Error::config(format!(
                "the base URL is empty; leave it out for the default, {}",
                Self::DEFAULT
            )));
        }
        if url.trim() != url {
            // Not shown: it may be the key, given in the wrong place.
            return Err(Error::config("the base URL has blanks around it; remove them"));
        }
        let Some((scheme, rest)) = url.split_once("://") else {
            // Not shown: it may be the key, given in the wrong place.
            return Err(Error::config("the base URL has no scheme; put https:// in front"));
        };
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err(refuse("has a scheme other than https (or http); correct it"));
        }
        if rest.trim_matches('/').is_empty() {
            return Err(refuse(NO_HOST));
        }
        if rest.contains('#') {
            return Err(refuse("has a fragment; remove everything from the #"));
        }
        if rest.contains('?') {
            return Err(refuse("has a query; remove everything from the ?"));
        }
        // Anywhere: what follows a slash in a password would pass for a path.
        if rest.contains('@') {
            return Err(refuse("has credentials in it; remove them and use api_key()"));
        }
        let uri: Uri = text.parse().map_err(|source: http::uri::InvalidUri| {
            refuse("is not a URL; write it as https://host/path").with_source(source)
        })?;
        if let Some(problem) = authority_problem(&uri) {
            return Err(refuse(problem));
        }
        if let Some(problem) = path_problem(uri.path()) {
            return Err(refuse(problem));
        }
        if ENDPOINTS.iter().any(|endpoint| uri.path().ends_with(endpoint)) {
            return Err(refuse("ends in an endpoint, which the client adds itself; remove it"));
        }
        let authority = uri.authority().map_or("", http::uri::Authority::as_str).into();
        let chat = join(&uri, CHAT).map_err(|source| refuse(NO_PATH).with_source(source))?;
        let base = Self { uri, chat, authority, text: text.into() };
        if !base.is_https() && !base.is_loopback() && !allow_plain_http {
            return Err(refuse(
                "is plain http to another machine, which would show the key to everyone on the \
                 way; use https, or call allow_plain_http()",
            ));
        }
        Ok(base)
    }

    /// Returns the URL of `path` below the base.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `invalid_input` if `path` does not start with a slash, holds
    /// characters that are to be percent-encoded, or has a segment `.` or `..`.
    pub fn join(&self, path: &str) -> Result<Uri> {
        let refuse = |problem: &str| {
            Error::invalid_input("path", format!("the path `{}` {problem}", shown(path)))
        };
        if path == CHAT {
            return Ok(self.chat.clone());
        }
        if !path.starts_with('/') {
            return Err(refuse("does not start with a slash; write it as /embeddings"));
        }
        if let Some(problem) = path_problem(path) {
            return Err(refuse(problem));
        }
        join(&self.uri, path).map_err(|source| refuse(NO_PATH).with_source(source))
    }

    /// Returns whether the connection is encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Returns the host, IPv6 addresses without brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']')
    }

    /// Returns the host with the port, if one was given.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    pub(crate) fn shared_authority(&self) -> Arc<str> {
        Arc::clone(&self.authority)
    }

    /// Returns the port that was given, or the scheme's.
    #[must_use]
    pub fn port(&self) -> u16 {
        let default = if self.is_https() { 443 } else { 80 };
        self.uri.port_u16().unwrap_or(default)
    }

    /// Returns whether the host is this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        host.eq_ignore_ascii_case("localhost")
            || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }

    /// Returns the URL as it was given, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

/// The path of chats.
pub(crate) const CHAT: &str = "/chat/completions";

/// What a base URL must not end in: a classic mistake.
const ENDPOINTS: [&str; 3] = [CHAT, "/completions", "/embeddings"];

const NO_PATH: &str = "is not a path; percent-encode it";

const NO_HOST: &str = "has no host; write it as https://host/path";

fn join(base: &Uri, path: &str) -> http::Result<Uri> {
    let mut parts = base.clone().into_parts();
    let path = [base.path().trim_end_matches('/'), path].concat();
    parts.path_and_query = Some(path.try_into()?);
    Ok(Uri::from_parts(parts)?)
}

/// Returns what is wrong with the host or the port of a URL.
pub(crate) fn authority_problem(uri: &Uri) -> Option<&'static str> {
    let Some(authority) = uri.authority().filter(|authority| !authority.host().is_empty()) else {
        return Some(NO_HOST);
    };
    let host_and_port = authority.as_str().rsplit('@').next().unwrap_or_default();
    let has_port = host_and_port != authority.host();
    let is_bad = has_port && authority.port_u16().is_none_or(|port| port == 0);
    is_bad.then_some("has a port that is none; write a number from 1 to 65535")
}

/// Returns why the two HTTP stacks might not ask for this path, with or without a query, as it is.
fn path_problem(path: &str) -> Option<&'static str> {
    if !path.bytes().all(is_sent_as_it_is) {
        return Some("has characters that a URL cannot have; percent-encode it");
    }
    if !path.bytes().any(|byte| matches!(byte, b'.' | b'%')) {
        return None;
    }
    let segments = path.split('?').next().unwrap_or_default().split('/');
    let mut plain = segments.map(|segment| segment.replace("%2e", ".").replace("%2E", "."));
    plain
        .any(|segment| segment == "." || segment == "..")
        .then_some("has a . or .. in it, which would lead out of the base URL")
}

/// The characters that both HTTP stacks send unchanged (RFC 3986, section 3.3 and 3.4).
const fn is_sent_as_it_is(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.'
                | b'_'
                | b'~'
                | b'!'
                | b'$'
                | b'&'
                | b'('
                | b')'
                | b'*'
                | b'+'
                | b','
                | b';'
                | b'='
                | b':'
                | b'@'
                | b'%'
                | b'/'
                | b'?'
        )
}

/// The input as a message may show it: without credentials and query, bounded, escaped.
///
/// What is no URL does not say where a password ends, so everything up to the last `@` goes; only
/// a path cannot have one before it.
fn shown(url: &str) -> String {
    let (hidden, rest) = match url.rsplit_once('@') {
        Some((_, rest)) if !url.starts_with('/') => ("…@", rest),
        _ => ("", url),
    };
    let rest = rest.split(['?', '#']).next().unwrap_or_default();
    hidden.chars().chain(rest.chars().take(200).flat_map(char::escape_debug)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_urls_are_refused_with_the_remedy() {
        #[rustfmt::skip]
        let cases = [
            // name             url                                 want in the message
            ("empty",           "",                                 "is empty"),
            ("no scheme",       "api.flowapi.net/v1",               "put https:// in front"),
            ("other scheme",    "ftp://api.flowapi.net",            "scheme other than https"),
            ("query",           "https://api.flowapi.net/v1?k=hush", "has a query"),
            ("fragment",        "https://api.flowapi.net/v1#hush",  "has a fragment"),
            ("credentials",     "https://me:hush@api.flowapi.net",  "has credentials"),
            ("slash in them",   "https://me:a/hush@api.flowapi.net", "has credentials"),
            ("query in them",   "https://me:hush?@api.flowapi.net", "has a query"),
            ("late scheme",     "me:hush@https://api.flowapi.net",  "scheme other than https"),
            ("port in words",   "https://api.flowapi.net:https/v1", "a port that is none"),
            ("port too large",  "https://api.flowapi.net:99999/v1", "a port that is none"),
            ("plain http",      "http://api.flowapi.net/v1",        "allow_plain_http()"),
            ("blank inside",    "https://api flowapi.net",          "is not a URL"),
            ("no host",         "https:///v1",                      "is not a URL"),
            ("nothing",         "https://",                         "has no host"),
            ("blanks",          " https://api.flowapi.net",         "blanks around it"),
            ("a key, newline",  "sk-hush\n",                        "blanks around it"),
            ("a key",           "sk-hush",                          "has no scheme"),
            ("dots",            "https://api.flowapi.net/v1/../x",  "has a . or .."),
            ("odd characters",  "https://api.flowapi.net/v\u{fffd}", "characters that a URL cannot have"),
            ("odd path",        "https://api.flowapi.net/{v1}",     "characters that a URL cannot have"),
            ("endpoint",        "https://api.flowapi.net/v1/chat/completions/", "ends in an endpoint"),
            ("port 0",          "https://api.flowapi.net:0",        "has a port that is none"),
            ("not ascii host",  "https://flöw.net",                 "is not a URL"),
        ];
        for (name, url, want) in cases {
            let error = BaseUrl::new(url, false).unwrap_err();
            assert!(error.to_string().contains(want), "{name}: {error}");
            assert!(!format!("{error}{error:?}").contains("hush"), "{name}: {error:?}");
        }
    }

    #[test]
    fn plain_http_is_fine_on_loopback_and_where_asked_for() {
        for url in ["http://127.0.0.1:8080/v1", "http://localhost/v1", "http://[::1]:80/v1"] {
            assert!(BaseUrl::new(url, false).unwrap().is_loopback(), "{url}");
        }
        assert!(BaseUrl::new("http://embeddings/v1", true).is_ok());
        assert!(BaseUrl::new("HTTPS://api.flowapi.net/v1//", false).unwrap().is_https());
        let base = BaseUrl::new("http://10.0.0.7/v1", true).unwrap();
        assert!(!base.is_loopback());
        assert!(BaseUrl::new("http://localhost.evil.example/v1", false).is_err());
    }

    #[test]
    fn paths_are_joined_below_the_base() {
        let base = BaseUrl::new("https://api.flowapi.net/v1/", false).unwrap();
        let uri = base.join("/chat/completions").unwrap();
        assert_eq!(uri.to_string(), "https://api.flowapi.net/v1/chat/completions");
        assert_eq!(base.port(), 443);
        assert!(base.join("models").unwrap_err().to_string().contains("start with a slash"));
        #[rustfmt::skip]
        let cases = [
            // path             want in the message
            ("/a b",            "percent-encode"),
            ("/a#b",            "percent-encode"),
            ("/a\\b",           "percent-encode"),
            ("/{a}",            "percent-encode"),
            ("/ü",              "percent-encode"),
            ("/models/../x",    "lead out of the base URL"),
            ("/%2e%2E/x",       "lead out of the base URL"),
            ("/.",              "lead out of the base URL"),
        ];
        for (path, want) in cases {
            let error = base.join(path).unwrap_err();
            assert!(error.to_string().contains(want), "{path}: {error}");
        }
        assert!(base.join("/models/gpt-4.1..x?limit=2&after=a/../b").is_ok());
    }
}
