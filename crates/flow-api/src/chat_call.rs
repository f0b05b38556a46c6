//! A chat call: in one piece, as a stream, or as a stream that is put together.

use std::fmt;

use bytes::Bytes;
use flow_errors::{Error, Result};

use crate::base_url::CHAT;
use crate::calls::{self, Draft, Execute, encode};
use crate::chat_params::STREAM;
use crate::chat_request::AsStream;
use crate::chat_setters::chat_setters;
use crate::fallback;
use crate::options::{CallOptions, Options, option_setters};
use crate::plan::Plan;
use crate::settings::Settings;
use crate::stream_options::stream_setters;
use crate::{ChatCompletion, ChatRequest};

/// The most tokens of an answer that a gateway is likely to wait for in one piece: its usual minute
/// at 100 tokens a second, which few models exceed.
const MAX_TOKENS_IN_A_MINUTE: u64 = 60 * 100;

/// A chat completion on its way to being sent. `Debug` does not show the messages.
#[must_use = "a call does nothing until `send` or `stream` is called"]
pub struct Chat<'a, C> {
    client: &'a C,
    options: CallOptions,
    request: ChatRequest,
}

impl<'a, C: Execute> Chat<'a, C> {
    /// Starts a call to a model, or one that sends a request made before.
    pub fn new(client: &'a C, request: impl Into<ChatRequest>) -> Self {
        Self::with_options(client, request.into(), CallOptions::default())
    }

    pub(crate) const fn with_options(
        client: &'a C,
        request: ChatRequest,
        options: CallOptions,
    ) -> Self {
        Self { client, options, request }
    }

    chat_setters!(request);
    option_setters!();
    stream_setters!();

    /// Sets the models that are asked when the request's own is no good just now, the next one first,
    /// in place of the client's list; an empty list switches that off.
    ///
    /// See [`ClientBuilder::fallback_models`](crate::ClientBuilder::fallback_models).
    pub fn fallback_models(mut self, models: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.options.fallback_models = Some(models.into_iter().map(Into::into).collect());
        self
    }

    /// Checks the request and sends it, as often as the retry policy says. **This costs money.**
    ///
    /// A request that may be answered with more than 6,000 tokens takes longer than a gateway's usual
    /// minute: its attempts carry a warning, for [`on_attempt`](Self::on_attempt) to see. When it is
    /// cut off, it is [sent again as a stream](Self::recover_by_streaming).
    ///
    /// # Errors
    ///
    /// Every kind of error there is but `stream_truncated`, unless it is sent again as a stream; match
    /// on [`Error::kind`].
    pub fn send(self) -> C::Sending<ChatCompletion> {
        let client = self.client;
        client.execute(self.plan(false), ChatCompletion::from_json)
    }

    /// Does what [`send`](Self::send) does, but asks for a stream from the start and puts it together.
    /// **This costs money.**
    ///
    /// The reply is the same. No gateway cuts it off for taking long, and a stream that breaks off is
    /// sent again, because nothing of it has reached the caller.
    ///
    /// # Errors
    ///
    /// Every kind of error there is; match on [`Error::kind`]. What had arrived of a reply is in
    /// [`Error::partial`].
    pub fn send_streamed(self) -> C::Sending<ChatCompletion> {
        let client = self.client;
        client.execute(self.plan(true), ChatCompletion::from_json)
    }

    /// Checks the request, sends it as often as the retry policy says, and returns the stream as soon
    /// as there is content. **This costs money.**
    ///
    /// Until then it is a call like any other, with its retries and fallback models; afterwards it is
    /// never sent again. The stream ends complete or with an error, never in between.
    ///
    /// # Errors
    ///
    /// Every kind of error there is; match on [`Error::kind`].
    pub fn stream(self) -> C::Opening {
        let client = self.client;
        client.stream(self.plan(true))
    }

    fn plan(self, streams: bool) -> Result<Box<Plan>> {
        let Self { client, options, request } = self;
        plan(client.settings(), calls::entropy(client), request, options, streams)
    }
}

/// Apart from the client, so that it is not compiled for each.
fn plan(
    settings: &Settings,
    entropy: [u64; 2],
    request: ChatRequest,
    options: CallOptions,
    streams: bool,
) -> Result<Box<Plan>> {
    let operation = settings.chat(request.model());
    let as_stream = AsStream { with_usage: settings.asks_for_usage(&options) };
    let write = move |request: &ChatRequest, model: Option<&str>, streams: bool| {
        encode(&request.variant(model, streams.then_some(as_stream)))
    };
    let body = check(&request, &options, streams).and_then(|()| write(&request, None, streams));
    let answers = request.answers();
    let most = request.max_answer_tokens();
    let tokens = most.unwrap_or_default().saturating_mul(answers);
    let warning = most.filter(|_| !streams).and_then(warning);
    // The request is kept only where it may be written once more.
    let has_variants = settings.has_variants(&options, streams);
    let plan = calls::plan(settings, entropy, Draft { operation, path: CHAT, body }, options)?;
    let plan = plan.for_chat(answers, streams).with_answer_tokens(tokens).with_warning(warning);
    if !has_variants {
        return Ok(plan);
    }
    let encode =
        move |model: Option<&str>, streams| -> Result<Bytes> { write(&request, model, streams) };
    Ok(plan.with_variants(Box::new(encode), settings))
}

impl<C> fmt::Debug for Chat<'_, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chat")
            .field("request", &self.request)
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

fn check(request: &ChatRequest, options: &Options, streams: bool) -> Result<()> {
    request.check()?;
    if request.is_streamed() && !streams {
        let message = "the request asks for a stream; call stream() or send_streamed()";
        return Err(Error::invalid_input(STREAM, message));
    }
    let fallback_models = options.fallback_models.as_deref().unwrap_or_default();
    fallback::check(fallback_models, Some(request.model()))
        .map_err(|message| Error::invalid_input("fallback_models", message))
}

/// What is to be said of an answer of up to so many tokens that is wanted in one piece.
fn warning(tokens: u64) -> Option<String> {
    (tokens > MAX_TOKENS_IN_A_MINUTE).then(|| {
        format!(
            "{tokens} tokens may take longer than a gateway waits; use stream() or send_streamed()"
        )
    })
}
