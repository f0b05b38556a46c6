//! A request, read in full and taken apart once.

use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use serde_json::Value;

use crate::route::{self, Endpoint};
use crate::rows::Problem;
use crate::wire::Cut;

/// The largest request body that the server takes.
const MAX_BODY: usize = 64 * 1024 * 1024;

/// One request.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    /// Empty if it was too large.
    pub(crate) body: Bytes,
    pub(crate) too_large: bool,
    /// Null if the body is not JSON.
    pub(crate) json: Value,
    pub(crate) endpoint: Result<Endpoint, Problem>,
}

impl Asked {
    /// Reads a request; fails if the client goes away in the middle of it.
    pub(crate) async fn read(request: Request<Incoming>) -> Result<Self, Cut> {
        let (head, body) = request.into_parts();
        let (body, too_large) = match Limited::new(body, MAX_BODY).collect().await {
            Ok(body) => (body.to_bytes(), false),
            Err(error) if error.is::<LengthLimitError>() => (Bytes::new(), true),
            Err(_) => return Err(Cut::Close),
        };
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Self {
            endpoint: route::find(&head.method, head.uri.path()),
            json: serde_json::from_slice(&body).unwrap_or_default(),
            path: path.to_owned(),
            method: head.method,
            headers: head.headers,
            body,
            too_large,
        })
    }

    /// The model that the path or the body names.
    pub(crate) fn model(&self) -> Option<&str> {
        match &self.endpoint {
            Ok(Endpoint::Model(id)) => Some(id),
            _ => self.json.get("model")?.as_str(),
        }
    }

    /// Says whether a chat is asked for as a stream.
    pub(crate) fn is_streamed(&self) -> bool {
        let wish = self.json.get("stream").and_then(Value::as_bool);
        self.endpoint == Ok(Endpoint::Chat) && wish == Some(true)
    }

    /// Says whether the client can undo gzip.
    pub(crate) fn accepts_gzip(&self) -> bool {
        let lines = self.headers.get_all(http::header::ACCEPT_ENCODING);
        let mut codings =
            lines.iter().filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        codings.any(|coding| {
            let (name, quality) = coding.split_once(';').unwrap_or((coding, ""));
            name.trim().eq_ignore_ascii_case("gzip") && !is_zero(quality)
        })
    }
}

/// `q=0` in any spelling: not acceptable.
fn is_zero(quality: &str) -> bool {
    let number = quality.trim().strip_prefix("q=").and_then(|number| number.parse::<f32>().ok());
    number.is_some_and(|number| number <= 0.0)
}
