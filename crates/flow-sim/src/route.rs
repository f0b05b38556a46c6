//! Which endpoint a method and a path mean.

use http::{Method, StatusCode};

use crate::rows::Problem;

/// What the service offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Chat,
    Embeddings,
    Models,
    Model(String),
}

impl Endpoint {
    /// Says whether a model works on it: what limits and slots are for.
    pub(crate) const fn is_work(&self) -> bool {
        matches!(self, Self::Chat | Self::Embeddings)
    }
}

/// Finds the endpoint, or what is wrong with a request that means none.
pub(crate) fn find(method: &Method, path: &str) -> Result<Endpoint, Problem> {
    let short = path.strip_prefix("/v1").unwrap_or(path);
    let (endpoint, allowed) = match short {
        "/chat/completions" => (Endpoint::Chat, "POST"),
        "/embeddings" => (Endpoint::Embeddings, "POST"),
        "/models" => (Endpoint::Models, "GET"),
        _ => match short.strip_prefix("/models/").filter(|id| !id.is_empty()) {
            Some(id) => (Endpoint::Model(percent_decoded(id)), "GET"),
            None => return Err(unknown()),
        },
    };
    if method.as_str() == allowed {
        return Ok(endpoint);
    }
    Err(Problem {
        code: Some("method_not_allowed"),
        allow: Some(allowed),
        ..Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            format!("This path does not take {method}: use {allowed}"),
        )
    })
}

/// What no path means; the code tells it from an unknown model, which the page has in the same row.
fn unknown() -> Problem {
    Problem { code: Some("unknown_endpoint"), ..Problem::row(StatusCode::NOT_FOUND) }
}

/// Undoes `%2F` and the like; what is not an escape stays as it is.
fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escape = (*first == b'%').then(|| tail.split_at_checked(2)).flatten();
        let value = escape.and_then(|(hex, _)| u8::from_str_radix(str_of(hex)?, 16).ok());
        bytes.push(value.unwrap_or(*first));
        if let (Some(_), Some((_, after))) = (value, escape) {
            rest = after;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Two hex digits as text; `from_str_radix` alone would take a sign.
fn str_of(hex: &[u8]) -> Option<&str> {
    std::str::from_utf8(hex).ok().filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_work_with_and_without_version() {
        let cases = [
            ("/v1/chat/completions", Endpoint::Chat),
            ("/chat/completions", Endpoint::Chat),
            ("/embeddings", Endpoint::Embeddings),
        ];
        for (path, want) in cases {
            assert_eq!(find(&Method::POST, path).unwrap(), want, "{path}");
        }
    }

    #[test]
    fn model_ids_are_taken_from_the_path() {
        let cases = [
            ("/v1/models/gpt-4o", "gpt-4o"),
            ("/models/meta/llama%2F3", "meta/llama/3"),
            ("/models/100%", "100%"),
            ("/models/%zz%+1%41", "%zz%+1A"),
        ];
        for (path, want) in cases {
            let got = find(&Method::GET, path).unwrap();
            assert_eq!(got, Endpoint::Model(want.to_owned()), "{path}");
        }
    }

    #[test]
    fn other_paths_and_methods_are_refused() {
        let cases = [
            (Method::GET, "/v1/nothing", 404),
            (Method::GET, "/v1/models/", 404),
            (Method::GET, "/v1/chat/completions", 405),
            (Method::DELETE, "/v1/models", 405),
        ];
        for (method, path, want) in cases {
            assert_eq!(find(&method, path).unwrap_err().status, want, "{method} {path}");
        }
    }
}
