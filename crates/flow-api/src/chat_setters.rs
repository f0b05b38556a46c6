//! The setters of a chat request, for the request itself and for a call that holds one.

/// Writes the setters; `$at` is the path from `self` to the request.
macro_rules! chat_setters {
    ($($at:ident)?) => {
        /// Adds instructions for the whole conversation.
        pub fn system(self, content: impl Into<$crate::content::Content>) -> Self {
            self.message($crate::message::Message::system(content))
        }

        /// Adds what the user says: a text, or parts.
        pub fn user(self, content: impl Into<$crate::content::Content>) -> Self {
            self.message($crate::message::Message::user(content))
        }

        /// Adds what the model said earlier.
        pub fn assistant(self, content: impl Into<$crate::content::Content>) -> Self {
            self.message($crate::message::Message::assistant(content))
        }

        /// Adds the result of the tool call with this id.
        pub fn tool_result(
            self,
            call_id: impl Into<String>,
            content: impl Into<$crate::content::Content>,
        ) -> Self {
            self.message($crate::message::Message::tool(call_id, content))
        }

        /// Adds a message, such as that of an earlier reply.
        pub fn message(mut self, message: $crate::message::Message) -> Self {
            self$(.$at)?.messages.push(message);
            self
        }

        /// Adds several messages.
        pub fn messages(mut self, messages: impl IntoIterator<Item = $crate::message::Message>) -> Self {
            self$(.$at)?.messages.extend(messages);
            self
        }

        /// Adds a tool that the model may ask for.
        pub fn tool(mut self, tool: $crate::tool::Tool) -> Self {
            self$(.$at)?.params.push($crate::chat_params::TOOLS, tool);
            self
        }

        /// Adds several tools.
        pub fn tools(self, tools: impl IntoIterator<Item = $crate::tool::Tool>) -> Self {
            tools.into_iter().fold(self, Self::tool)
        }

        /// Sets whether the model may, must or must not ask for a tool.
        pub fn tool_choice(mut self, choice: $crate::tool::ToolChoice) -> Self {
            self$(.$at)?.params.set($crate::chat_params::TOOL_CHOICE, choice);
            self
        }

        /// Sets whether the model may ask for several tools at once.
        pub fn parallel_tool_calls(mut self, may: bool) -> Self {
            self$(.$at)?.params.set($crate::chat_params::PARALLEL_TOOL_CALLS, may);
            self
        }

        /// Sets the form of the answer.
        pub fn response_format(mut self, format: $crate::response_format::ResponseFormat) -> Self {
            self$(.$at)?.params.set($crate::chat_params::RESPONSE_FORMAT, format);
            self
        }

        /// Sets how random the answer is: 0 to 2.
        pub fn temperature(mut self, temperature: f64) -> Self {
            self$(.$at)?.params.set_number($crate::chat_params::TEMPERATURE, temperature);
            self
        }

        /// Sets the share of probability that tokens are drawn from: 0 to 1.
        pub fn top_p(mut self, top_p: f64) -> Self {
            self$(.$at)?.params.set_number($crate::chat_params::TOP_P, top_p);
            self
        }

        /// Sets how much tokens that appeared at all are avoided: −2 to 2.
        pub fn presence_penalty(mut self, penalty: f64) -> Self {
            self$(.$at)?.params.set_number($crate::chat_params::PRESENCE_PENALTY, penalty);
            self
        }

        /// Sets how much tokens are avoided by how often they appeared: −2 to 2.
        pub fn frequency_penalty(mut self, penalty: f64) -> Self {
            self$(.$at)?.params.set_number($crate::chat_params::FREQUENCY_PENALTY, penalty);
            self
        }

        /// Makes a token likelier, or less likely: −100 to 100. Each call adds one token.
        pub fn logit_bias(mut self, token: u64, bias: f64) -> Self {
            let token = token.to_string();
            self$(.$at)?.params.insert_number($crate::chat_params::LOGIT_BIAS, &token, bias);
            self
        }

        /// Sets how many answers to make: at least 1. Each is billed.
        pub fn n(mut self, answers: u64) -> Self {
            self$(.$at)?.params.set($crate::chat_params::N, answers);
            self
        }

        /// Sets the most tokens an answer may have: at least 1.
        pub fn max_tokens(mut self, tokens: u64) -> Self {
            self$(.$at)?.params.set($crate::chat_params::MAX_TOKENS, tokens);
            self
        }

        /// Sets the most tokens an answer may have, thinking included: at least 1.
        pub fn max_completion_tokens(mut self, tokens: u64) -> Self {
            self$(.$at)?.params.set($crate::chat_params::MAX_COMPLETION_TOKENS, tokens);
            self
        }

        /// Adds a text that ends the answer, without being part of it: some services take 4 at most.
        pub fn stop(mut self, text: impl Into<String>) -> Self {
            self$(.$at)?.params.push($crate::chat_params::STOP, text.into());
            self
        }

        /// Sets the seed that makes answers repeatable where the model can do it.
        pub fn seed(mut self, seed: i64) -> Self {
            self$(.$at)?.params.set($crate::chat_params::SEED, seed);
            self
        }

        /// Sets whether to say how likely each token of the answer was.
        pub fn logprobs(mut self, wanted: bool) -> Self {
            self$(.$at)?.params.set($crate::chat_params::LOGPROBS, wanted);
            self
        }

        /// Sets of how many likely tokens to say it at each place: 0 to 20; needs `logprobs(true)`.
        pub fn top_logprobs(mut self, tokens: u64) -> Self {
            self$(.$at)?.params.set($crate::chat_params::TOP_LOGPROBS, tokens);
            self
        }

        /// Sets how long a model thinks: `low`, `medium`, `high`, or what else the model knows.
        pub fn reasoning_effort(mut self, effort: impl Into<String>) -> Self {
            self$(.$at)?.params.set($crate::chat_params::REASONING_EFFORT, effort.into());
            self
        }

        /// Says what most of the answer will be, such as a file that is to be edited.
        pub fn prediction(mut self, content: impl Into<$crate::content::Content>) -> Self {
            let prediction = $crate::content::prediction(content.into());
            self$(.$at)?.params.set($crate::chat_params::PREDICTION, prediction);
            self
        }

        /// Sets how the call is served: `auto`, `default`, `flex`, or what else the service knows.
        pub fn service_tier(mut self, tier: impl Into<String>) -> Self {
            self$(.$at)?.params.set($crate::chat_params::SERVICE_TIER, tier.into());
            self
        }

        /// Adds a note that the service keeps with the answer; some services take 16 at most.
        pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
            let (key, value) = (key.into(), value.into());
            self$(.$at)?.params.insert($crate::chat_params::METADATA, &key, value);
            self
        }

        /// Sets whether the service keeps the answer.
        pub fn store(mut self, keep: bool) -> Self {
            self$(.$at)?.params.set($crate::chat_params::STORE, keep);
            self
        }

        /// Names the person behind the request, by an id without meaning elsewhere: `user` in the JSON.
        pub fn end_user(mut self, id: impl Into<String>) -> Self {
            self$(.$at)?.params.set($crate::chat_params::END_USER, id.into());
            self
        }

        /// Sets a parameter by its name in the JSON, also one that has a setter: the last value wins.
        ///
        /// `model` and `messages` have places of their own and are refused. So is a `stream` that is
        /// neither true nor false; where it is true, a call in one piece is refused too. JSON has no NaN
        /// and no infinity: here they become null, while the setters refuse them.
        pub fn param(mut self, name: impl Into<String>, value: impl Into<serde_json::Value>) -> Self {
            self$(.$at)?.params.set_any(name.into(), value.into(), $crate::chat_params::FIELDS);
            self
        }
    };
}
pub(crate) use chat_setters;
