//! What to do about an error: the words of its kind, and what is known of the request besides.

use std::borrow::Cow;

use crate::attempt::Operation;
use crate::switch::is_about_model;
use crate::{Error, Kind, text};

/// The parameter at fault where the arguments of a tool call cannot be read.
pub(crate) const ARGUMENTS: &str = "arguments";

impl Error {
    /// Returns what to do about it, in the words of the service's page where it has some.
    ///
    /// Where a model is unknown, the call that finds the nearest ones is named as well.
    #[must_use]
    pub fn recommendation(&self) -> Cow<'_, str> {
        let words = self.kind().recommendation(self.status());
        let model = self.operation().and_then(Operation::model);
        match self.kind() {
            Kind::NotFound if is_about_model(self, model.is_some()) => {
                with_models(words, model).into()
            }
            Kind::Decode if self.param() == Some(ARGUMENTS) => {
                "Send this back as the tool's result, so that the model can correct itself".into()
            }
            _ => words.into(),
        }
    }
}

fn with_models(words: &str, model: Option<&str>) -> String {
    match model {
        Some(model) => {
            let model = text::line(model).to_string().replace('"', "\\\"");
            format!("{words}; models().closest(\"{model}\") lists the nearest ids")
        }
        None => format!("{words}; models().list() lists the ids"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::{HeaderMap, Method, StatusCode};

    use super::*;
    use crate::{Body, Class};

    const WORDS: &str = "Verify the model ID and request path";

    fn error(status: u16, body: &str, model: &str) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        let body = Body::new(body.as_bytes().to_vec());
        let error = Error::from_response(status, &HeaderMap::new(), body, SystemTime::UNIX_EPOCH);
        error.with_operation(Operation::new(Method::POST, "/chat/completions").with_model(model))
    }

    #[test]
    fn nearest_models_are_offered_only_where_the_model_is_unknown() {
        let offer = format!("{WORDS}; models().closest(\"gpt-4p\") lists the nearest ids");
        let list = format!("{WORDS}; models().list() lists the ids");
        #[rustfmt::skip]
        let cases = [
            // name            body                                                                      model     want
            ("the page's row", r#"{"error":{"message":"m","type":"not_found_error","code":"not_found_error"}}"#, "gpt-4p", &*offer),
            ("row, no code",   r#"{"error":{"message":"m","type":"not_found_error"}}"#,                  "gpt-4p", &offer),
            ("OpenAI's model", r#"{"error":{"message":"m","type":"invalid_request_error","param":null,"code":"model_not_found"}}"#, "gpt-4p", &offer),
            ("param",          r#"{"error":{"message":"m","param":"model"}}"#,                           "gpt-4p", &offer),
            ("vLLM's",         r#"{"object":"error","message":"m","type":"NotFoundError","param":null,"code":404}"#, "gpt-4p", &offer),
            ("Azure's",        r#"{"error":{"code":"DeploymentNotFound","message":"m"}}"#,               "gpt-4p", &offer),
            ("no model named", r#"{"error":{"message":"m","code":"model_not_found"}}"#,                  "",       &list),
            ("no model asked", r#"{"error":{"message":"m","type":"not_found_error"}}"#,                  "",       WORDS),
            ("OpenAI's path",  r#"{"error":{"message":"Invalid URL","type":"invalid_request_error","param":null,"code":null}}"#, "gpt-4p", WORDS),
            ("path by code",   r#"{"error":{"message":"m","type":"not_found_error","code":"unknown_endpoint"}}"#, "gpt-4p", WORDS),
            ("FastAPI's path", r#"{"detail":"Not Found"}"#,                                              "gpt-4p", WORDS),
            ("a page",         "<html><title>404 Not Found</title></html>",                              "gpt-4p", WORDS),
            ("nothing",        "",                                                                       "gpt-4p", WORDS),
        ];
        for (name, body, model, want) in cases {
            let error = error(404, body, model);
            assert_eq!(error.recommendation(), want, "{name}");
            assert!(error.to_string().ends_with(&format!(". {want}")), "{name}: {error}");
            let read: Error =
                serde_json::from_value(serde_json::to_value(&error).unwrap()).unwrap();
            assert_eq!(read.recommendation(), want, "{name}, from JSON");
        }
        let other = error(400, r#"{"error":{"message":"m","param":"model"}}"#, "gpt-4p");
        assert_eq!(other.recommendation(), "Validate types and ranges such as temperature");
    }

    #[test]
    fn names_of_models_are_bounded_and_escaped() {
        let model = format!("a\n\u{202e}\"{}", "x".repeat(1_000));
        let error = error(404, r#"{"error":{"code":"model_not_found"}}"#, &model);
        let advice = error.recommendation();
        assert!(
            advice.contains("closest(\"a\\n\\u{202e}\\\"xxx") && advice.contains("x…\")"),
            "{advice}"
        );
        assert!(advice.chars().count() < 600, "{advice}");
    }

    #[test]
    fn arguments_of_a_tool_call_go_back_to_the_model() {
        let source = serde_json::from_str::<u8>("x").unwrap_err();
        let error = Error::invalid_arguments("f", &source);
        assert_eq!(error.param(), Some(ARGUMENTS));
        assert!(error.recommendation().starts_with("Send this back as the tool's result"));
        let reply = Error::new(Kind::Decode, Class::Permanent, "too many headers");
        assert!(reply.recommendation().starts_with("Check that the base URL"), "{reply}");
    }
}
