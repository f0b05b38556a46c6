//! The calls a client offers, written once for both clients.
//!
//! A call collects what to send and the options for it; how it is sent is the client's business,
//! behind [`Execute`].

use std::fmt;

use bytes::Bytes;
use flow_errors::call::Operation;
use flow_errors::{Error, Result};
use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::ModelList;
use crate::embedding_list::EmbeddingList;
use crate::embedding_request::{EmbeddingRequest, embedding_setters};
use crate::options::{CallOptions, option_setters};
use crate::plan::Plan;
use crate::read::Decode;
use crate::settings::Settings;

/// What a client crate provides so that calls can be made.
pub trait Execute {
    /// What a call returns: a result, or a future of one.
    type Sending<T>;

    /// What opening a stream returns: a result, or a future of one.
    type Opening;

    /// Returns the client's settings.
    fn settings(&self) -> &Settings;

    /// Makes the call and decodes its reply; a plan that could not be made is the call's error.
    fn execute<T: Send + 'static>(
        &self,
        plan: Result<Box<Plan>>,
        decode: Decode<T>,
    ) -> Self::Sending<T>;

    /// Makes the call of a plan that streams, up to the first content.
    fn stream(&self, plan: Result<Box<Plan>>) -> Self::Opening;

    /// Returns the call with something else made of what it returns.
    fn map<T: Send + 'static, U>(
        sending: Self::Sending<T>,
        change: impl FnOnce(T) -> U + Send + 'static,
    ) -> Self::Sending<U>;

    /// Returns random bits.
    fn entropy(&self) -> u64;
}

/// An embeddings call on its way to being sent. `Debug` does not show the input.
#[must_use = "a call does nothing until `send` is called"]
pub struct Embeddings<'a, C> {
    client: &'a C,
    options: CallOptions,
    request: EmbeddingRequest,
}

impl<'a, C: Execute> Embeddings<'a, C> {
    /// Starts a call to a model, or one that sends a request made before.
    pub fn new(client: &'a C, request: impl Into<EmbeddingRequest>) -> Self {
        Self { client, options: CallOptions::default(), request: request.into() }
    }

    embedding_setters!(request);
    option_setters!();

    /// Checks the request and sends it, as often as the retry policy says. **This costs money.**
    ///
    /// # Errors
    ///
    /// Every kind of error there is; match on [`Error::kind`]. A reply with a vector that cannot be
    /// read, or with more or fewer of them than inputs, is of kind `decode`.
    pub fn send(self) -> C::Sending<EmbeddingList> {
        let settings = self.client.settings();
        let operation = settings.operation(Method::POST, "/embeddings");
        let operation = operation.with_model(self.request.model());
        let body = self.request.check().and_then(|()| encode(&self.request));
        let draft = Draft { operation, path: "/embeddings", body };
        let plan = plan(settings, entropy(self.client), draft, self.options);
        let vectors = self.request.vectors();
        let plan = plan.map(|plan| plan.for_vectors(vectors).with_answer_tokens(0));
        self.client.execute(plan, |json| serde_json::from_str(json))
    }
}

impl<C> fmt::Debug for Embeddings<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Embeddings")
            .field("request", &self.request)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// The calls about models.
#[must_use = "a call does nothing until `list` or `closest` is called"]
pub struct Models<'a, C> {
    client: &'a C,
    options: CallOptions,
}

impl<'a, C: Execute> Models<'a, C> {
    /// Starts a call about models.
    pub fn new(client: &'a C) -> Self {
        Self { client, options: CallOptions::default() }
    }

    option_setters!();

    /// Lists the models that the key may use. This is not billed.
    ///
    /// # Errors
    ///
    /// Every kind of error there is but those of a completion.
    pub fn list(self) -> C::Sending<ModelList> {
        Get { options: self.options, ..Get::new(self.client, "/models") }.send()
    }

    /// Lists the models and returns the ids nearest to a name that may be mistyped: at most 5, best
    /// first, and none that is not near. This is not billed. See [`ModelList::closest`].
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub fn closest(self, name: impl Into<String>) -> C::Sending<Vec<String>> {
        let name = name.into();
        C::map(self.list(), move |models: ModelList| {
            models.closest(&name).into_iter().map(str::to_owned).collect()
        })
    }
}

impl<C> fmt::Debug for Models<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Models").field("options", &self.options).finish_non_exhaustive()
    }
}

/// A POST request to any endpoint. `Debug` shows neither the body nor the query.
#[must_use = "a call does nothing until `send` is called"]
pub struct Post<'a, C> {
    client: &'a C,
    options: CallOptions,
    path: String,
    body: Result<Bytes>,
}

impl<'a, C: Execute> Post<'a, C> {
    /// Starts a request to `path`, which begins with a slash and is taken below the base URL.
    pub fn new(client: &'a C, path: impl Into<String>) -> Self {
        let body = Ok(Bytes::from_static(b"{}"));
        Self { client, options: CallOptions::default(), path: path.into(), body }
    }

    option_setters!();

    /// Sets the body: any type that serializes to JSON. Without it `{}` is sent.
    ///
    /// JSON has no NaN and no infinity: they are sent as null.
    pub fn json(mut self, body: &(impl Serialize + ?Sized)) -> Self {
        self.body = encode(body);
        self
    }

    /// Sends the request and decodes the reply as `T`. **This may cost money.**
    ///
    /// # Errors
    ///
    /// As any call; `invalid_input` if the body could not be serialized.
    pub fn send<T: DeserializeOwned + Send + 'static>(self) -> C::Sending<T> {
        let operation = self.client.settings().operation(Method::POST, &self.path);
        let draft = Draft { operation, path: &self.path, body: self.body };
        execute(self.client, draft, self.options)
    }
}

impl<C> fmt::Debug for Post<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Post")
            .field("path", &without_query(&self.path))
            .field("body_bytes", &self.body.as_ref().map(Bytes::len))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A GET request to any endpoint. `Debug` does not show the query.
#[must_use = "a call does nothing until `send` is called"]
pub struct Get<'a, C> {
    client: &'a C,
    options: CallOptions,
    path: String,
}

impl<'a, C: Execute> Get<'a, C> {
    /// Starts a request to `path`, which begins with a slash and is taken below the base URL.
    pub fn new(client: &'a C, path: impl Into<String>) -> Self {
        Self { client, options: CallOptions::default(), path: path.into() }
    }

    option_setters!();

    /// Sends the request and decodes the reply as `T`.
    ///
    /// # Errors
    ///
    /// As any call.
    pub fn send<T: DeserializeOwned + Send + 'static>(self) -> C::Sending<T> {
        let operation = self.client.settings().operation(Method::GET, &self.path);
        let draft = Draft { operation, path: &self.path, body: Ok(Bytes::new()) };
        execute(self.client, draft, self.options)
    }
}

impl<C> fmt::Debug for Get<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Get")
            .field("path", &without_query(&self.path))
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or_default()
}

fn execute<C: Execute, T: DeserializeOwned + Send + 'static>(
    client: &C,
    draft: Draft<'_>,
    options: CallOptions,
) -> C::Sending<T> {
    let plan = plan(client.settings(), entropy(client), draft, options);
    client.execute(plan, |json| serde_json::from_str(json))
}

/// Returns random bits for an idempotency key.
pub(crate) fn entropy(client: &impl Execute) -> [u64; 2] {
    [client.entropy(), client.entropy()]
}

/// What a call sends, before the client's settings are added.
pub(crate) struct Draft<'a> {
    pub(crate) operation: Operation,
    pub(crate) path: &'a str,
    pub(crate) body: Result<Bytes>,
}

/// Adds the client's settings to what a call sends.
pub(crate) fn plan(
    settings: &Settings,
    entropy: [u64; 2],
    draft: Draft<'_>,
    options: CallOptions,
) -> Result<Box<Plan>> {
    let Draft { operation, path, body } = draft;
    let ready = body.and_then(|body| {
        let checked = settings.with(options)?;
        Ok((settings.base_url.join(path)?, body, checked))
    });
    match ready {
        Ok((uri, body, checked)) => {
            let gate = settings.gate(operation.model().unwrap_or_default(), &checked);
            Ok(Plan::new(operation, uri, body, checked, gate).with_idempotency_key(entropy))
        }
        Err(error) => Err(error.with_operation(operation)),
    }
}

pub(crate) fn encode(body: &(impl Serialize + ?Sized)) -> Result<Bytes> {
    serde_json::to_vec(body).map(Bytes::from).map_err(|source| {
        Error::invalid_input("body", "the body cannot be written as JSON; see the source")
            .with_source(without_payload(&source))
    })
}

/// What went wrong, unless it is in the words of the caller's own type, which may quote the prompt.
fn without_payload(source: &serde_json::Error) -> String {
    let whole = source.to_string();
    if ["key must be a string", "float key must be finite"].iter().any(|own| whole.starts_with(own))
    {
        return whole;
    }
    "the type of the body refused to be serialized; serde_json::to_vec says why".to_owned()
}
