//! Which proxy a client uses: one rule for both HTTP stacks, which read the variables differently.

use std::fmt;
use std::net::IpAddr;

use flow_errors::{Error, Result};
use http::Uri;

use crate::BaseUrl;
use crate::base_url::authority_problem;

/// The proxy that a client's connections go through.
///
/// `Debug` and `Display` leave the credentials out.
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy(Uri);

impl Proxy {
    /// Checks a proxy's URL: `http://` or `https://`, a host, a port, perhaps credentials.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if it is anything else, SOCKS included.
    pub fn new(url: &str) -> Result<Self> {
        let text = if url.contains("://") { url.to_owned() } else { format!("http://{url}") };
        let uri: Uri = text
            .parse()
            .map_err(|_| Error::config("the proxy is not a URL; write it as http://host:port"))?;
        // What follows a slash, ? or # in a password would pass for a path, a query or a fragment.
        let is_whole = uri.authority().is_some_and(|authority| authority.as_str().contains('@'));
        if text.contains('@') && !is_whole {
            return Err(Error::config(
                "the proxy's credentials hold a slash, ? or #; percent-encode it in its URL",
            ));
        }
        let problem = authority_problem(&uri);
        let proxy = Self(uri);
        if let Some(problem) = problem {
            return Err(Error::config(format!("the proxy `{proxy}` {problem}")));
        }
        match proxy.0.scheme_str() {
            Some("http" | "https") => Ok(proxy),
            scheme => Err(Error::config(format!(
                "the proxy `{proxy}` has the scheme {}; only http and https proxies work",
                scheme.unwrap_or("none").escape_debug()
            ))),
        }
    }

    /// Chooses the proxy for `base` from the environment, which `lookup` reads.
    ///
    /// `https_proxy` or `http_proxy` by the base URL's scheme, then `all_proxy`; lower case before
    /// upper case; `HTTP_PROXY` in upper case not inside a CGI program, where it is the client's
    /// header. `no_proxy` exempts hosts, domains, addresses, networks and `*`. Loopback is never
    /// sent through a proxy.
    ///
    /// # Errors
    ///
    /// Returns an error of kind `config` if the variable that applies holds no usable proxy.
    pub fn from_env(
        base: &BaseUrl,
        lookup: impl Fn(&str) -> Option<String>,
    ) -> Result<Option<Self>> {
        let read = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let either = |lower: &str, upper: &str| read(lower).or_else(|| read(upper));
        if base.is_loopback() {
            return Ok(None);
        }
        let exempt = either("no_proxy", "NO_PROXY").unwrap_or_default();
        if exempt.split(',').any(|rule| is_exempt(base, rule.trim())) {
            return Ok(None);
        }
        let own = if base.is_https() {
            either("https_proxy", "HTTPS_PROXY")
        } else if read("REQUEST_METHOD").is_some() {
            read("http_proxy")
        } else {
            either("http_proxy", "HTTP_PROXY")
        };
        own.or_else(|| either("all_proxy", "ALL_PROXY"))
            .map(|url| Self::new(url.trim()))
            .transpose()
    }

    /// Returns the proxy's URL, credentials included.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.0
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.0.scheme_str().unwrap_or_default();
        let authority = self.0.authority().map_or("", http::uri::Authority::as_str);
        write!(f, "{scheme}://{}", authority.rsplit('@').next().unwrap_or_default())
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({self})")
    }
}

fn is_exempt(base: &BaseUrl, rule: &str) -> bool {
    if rule.is_empty() {
        return false;
    }
    let host = base.host();
    if rule == "*" {
        return true;
    }
    if let Ok(address) = host.parse::<IpAddr>() {
        return match rule.split_once('/') {
            Some((network, bits)) => is_in_network(address, network, bits),
            None => is_address(address, base.port(), rule),
        };
    }
    let (rule, port) = match rule.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (rule, None),
    };
    if port.is_some_and(|port| port != base.port().to_string()) {
        return false;
    }
    let domain = rule.trim_start_matches("*.").trim_start_matches('.').to_ascii_lowercase();
    let host = host.to_ascii_lowercase();
    host.strip_suffix(&domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// An address, or an address with a port, IPv6 ones with or without brackets.
fn is_address(address: IpAddr, port: u16, rule: &str) -> bool {
    let with_port = rule.parse::<std::net::SocketAddr>();
    let alone = rule.trim_matches(['[', ']']).parse::<IpAddr>();
    with_port.is_ok_and(|other| (other.ip(), other.port()) == (address, port))
        || alone.is_ok_and(|other| other == address)
}

fn is_in_network(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    let (difference, width) = match (address, network) {
        (IpAddr::V4(a), IpAddr::V4(n)) => (u128::from(a.to_bits() ^ n.to_bits()), 32_u32),
        (IpAddr::V6(a), IpAddr::V6(n)) => (a.to_bits() ^ n.to_bits(), 128),
        _ => return false,
    };
    // Equal in the first `bits` bits: what differs has at least as many zeros in front of it.
    bits <= width && difference.leading_zeros() - (128 - width) >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, base URL, variables, and the proxy chosen.
    type Case<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], Option<&'a str>);

    fn choose(base: &str, vars: &[(&str, &str)]) -> Option<String> {
        let base = BaseUrl::new(base, true).unwrap();
        let lookup = |name: &str| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        Proxy::from_env(&base, lookup).unwrap().map(|proxy| proxy.to_string())
    }

    #[test]
    fn scheme_and_exemptions_choose_the_proxy() {
        const API: &str = "https://api.flowapi.net/v1";
        #[rustfmt::skip]
        let cases: &[Case<'_>] = &[
            ("none",                 API, &[], None),
            ("https",                API, &[("HTTPS_PROXY", "http://p:1")], Some("http://p:1")),
            ("not the http one",     API, &[("HTTP_PROXY", "http://p:1")], None),
            ("lower case first",     API, &[("https_proxy", "http://l:1"), ("HTTPS_PROXY", "http://u:1")], Some("http://l:1")),
            ("all",                  API, &[("ALL_PROXY", "http://p:1")], Some("http://p:1")),
            ("blank is none",        API, &[("https_proxy", " ")], None),
            ("without scheme",       API, &[("https_proxy", "p:8080")], Some("http://p:8080")),
            ("plain http",           "http://h.example", &[("http_proxy", "http://p:1")], Some("http://p:1")),
            ("cgi",                  "http://h.example", &[("HTTP_PROXY", "http://p:1"), ("REQUEST_METHOD", "GET")], None),
            ("loopback",             "http://127.0.0.1:9", &[("all_proxy", "http://p:1")], None),
            ("exempt all",           API, &[("all_proxy", "http://p:1"), ("no_proxy", "*")], None),
            ("exempt domain",        API, &[("all_proxy", "http://p:1"), ("no_proxy", "x.y, flowapi.net")], None),
            ("exempt dotted domain", API, &[("all_proxy", "http://p:1"), ("NO_PROXY", ".flowapi.net")], None),
            ("exempt by port",       API, &[("all_proxy", "http://p:1"), ("no_proxy", "flowapi.net:443")], None),
            ("another port",         API, &[("all_proxy", "http://p:1"), ("no_proxy", "flowapi.net:80")], Some("http://p:1")),
            ("not a suffix of words", "https://notflowapi.net", &[("all_proxy", "http://p:1"), ("no_proxy", "flowapi.net")], Some("http://p:1")),
            ("exempt address",       "http://10.1.2.3", &[("all_proxy", "http://p:1"), ("no_proxy", "10.1.2.3")], None),
            ("exempt address, port", "http://10.1.2.3:81", &[("all_proxy", "http://p:1"), ("no_proxy", "10.1.2.3:81")], None),
            ("exempt network",       "http://10.1.2.3", &[("all_proxy", "http://p:1"), ("no_proxy", "10.0.0.0/8")], None),
            ("another network",      "http://11.1.2.3", &[("all_proxy", "http://p:1"), ("no_proxy", "10.0.0.0/8")], Some("http://p:1")),
            ("bad network",          "http://11.1.2.3", &[("all_proxy", "http://p:1"), ("no_proxy", "10.0.0.0/99,x/1")], Some("http://p:1")),
            ("whole v6 network",     "http://[2001:db8::1]", &[("all_proxy", "http://p:1"), ("no_proxy", "::/0")], None),
        ];
        for (name, base, vars, want) in cases {
            assert_eq!(choose(base, vars).as_deref(), *want, "{name}");
        }
    }

    #[test]
    fn socks_is_refused_and_credentials_are_not_shown() {
        let error = Proxy::new("socks5://me:hush@p:1").unwrap_err();
        assert!(error.to_string().contains("only http and https proxies"), "{error}");
        let slash = Proxy::new("http://me:a/hush@p:1").unwrap_err();
        assert!(
            slash.to_string().contains("percent-encode it")
                && !format!("{slash:?}").contains("hush")
        );
        for url in ["http://me:hush?x@p:1", "http://me:hush#x@p:1", "http://me:hush/x@p:1"] {
            let error = Proxy::new(url).unwrap_err();
            assert!(error.to_string().contains("percent-encode it"), "{url}: {error}");
            assert!(!format!("{error}{error:?}").contains("hush"), "{url}");
        }
        for url in ["http://p:99999", "http://p:x", "http://:8080", "p:0"] {
            let error = Proxy::new(url).unwrap_err();
            assert!(error.to_string().contains("the proxy"), "{url}: {error}");
        }
        let proxy = Proxy::new("http://me:hush@p:1").unwrap();
        assert!(!format!("{error}{error:?}{proxy}{proxy:?}").contains("hush"));
        assert_eq!(proxy.uri().authority().unwrap().as_str(), "me:hush@p:1");
    }
}
