//! What a failed reply means: its [`Kind`] and [`Class`].
//!
//! The order is fixed: words for balance, content and context win over every status; statuses
//! that mean one thing decide next; the vague ones (400, 422, 424, 500, 502, and every success)
//! leave the word to code and type. The prose of `message` is never looked at: services reword it.

use http::{HeaderMap, StatusCode};
use serde_json::Value;

use crate::dialect::in_choices;
use crate::header_text::texts;
use crate::words::meaning;
use crate::{Class, Envelope, Kind, table};

/// Statuses beside the page's that mean something of their own.
const STATUSES: [(u16, Kind); 16] = [
    (408, Kind::GatewayTimeout),
    (409, Kind::Conflict),
    (410, Kind::NotFound),
    (413, Kind::PayloadTooLarge),
    (424, Kind::Server),
    (425, Kind::ServiceUnavailable),
    (446, Kind::ContentFilter),
    (451, Kind::Permission),
    (498, Kind::ServiceUnavailable),
    (499, Kind::Unexpected),
    (521, Kind::ServiceUnavailable),
    (522, Kind::GatewayTimeout),
    (523, Kind::ServiceUnavailable),
    (524, Kind::GatewayTimeout),
    (529, Kind::ServiceUnavailable),
    (530, Kind::ServiceUnavailable),
];

/// How deep in an envelope words are looked for; Azure's `innererror` is the deepest known.
const MAX_DEPTH: u8 = 6;

/// Decides what a reply means from its status and the words in its body and headers.
pub(crate) fn classify(
    status: StatusCode,
    headers: &HeaderMap,
    envelope: Option<&Envelope>,
) -> (Kind, Class) {
    let mut words = Words::read(headers);
    if let Some(envelope) = envelope {
        words.walk(envelope.as_value(), MAX_DEPTH);
    }
    let status = envelope.and_then(|envelope| stand_in(status, envelope)).unwrap_or(status);
    let kind = kind(status, &words);
    (kind, class(kind, status))
}

/// Decides what a reply means whose envelope has just these words, in the order of their fields'
/// names; `status` is not a success.
pub(crate) fn classify_words(
    status: StatusCode,
    headers: &HeaderMap,
    stated: [Option<&str>; 2],
) -> (Kind, Class) {
    let mut words = Words::read(headers);
    stated.into_iter().flatten().for_each(|word| words.note(word));
    let kind = kind(status, &words);
    (kind, class(kind, status))
}

/// The status that an envelope under a success names instead.
fn stand_in(status: StatusCode, envelope: &Envelope) -> Option<StatusCode> {
    if !status.is_success() {
        return None;
    }
    let number = |field| envelope.get(field)?.as_u64()?.try_into().ok();
    let code = envelope.code().and_then(|code| code.parse().ok());
    let stated = [code, number("status_code"), number("statusCode"), number("status")];
    let failed = stated.into_iter().flatten().find(|number: &u16| (400..600).contains(number))?;
    StatusCode::from_u16(failed).ok()
}

fn kind(status: StatusCode, words: &Words) -> Kind {
    if status == StatusCode::PAYMENT_REQUIRED && words.is_in_flight_limit {
        return Kind::RateLimit;
    }
    let stated = words.refusal.or_else(|| words.cause.filter(|_| is_vague(status)));
    stated.unwrap_or_else(|| {
        if status.is_success() {
            return words.side.unwrap_or(Kind::Unexpected);
        }
        by_status(status)
    })
}

/// Whether a status is used for so many things that code and type know better.
fn is_vague(status: StatusCode) -> bool {
    status.is_success() || matches!(status.as_u16(), 400 | 422 | 424 | 500 | 502)
}

fn by_status(status: StatusCode) -> Kind {
    if let Some(row) = table::row_for(status) {
        return row.kind;
    }
    let listed = STATUSES.iter().find(|(number, _)| *number == status.as_u16());
    match listed {
        Some((_, kind)) => *kind,
        None if status.is_client_error() => Kind::InvalidRequest,
        None if status.is_server_error() => Kind::Server,
        None => Kind::Unexpected,
    }
}

fn class(kind: Kind, status: StatusCode) -> Class {
    match kind {
        Kind::InsufficientBalance => Class::Quota,
        Kind::RateLimit => Class::Throttled,
        Kind::ServiceUnavailable if status == StatusCode::TOO_EARLY => Class::Conflict,
        Kind::ServiceUnavailable => Class::Overloaded,
        Kind::GatewayTimeout => Class::GatewayTimeout,
        // Not implemented and not supported stay so.
        Kind::Server if matches!(status.as_u16(), 501 | 505) => Class::Permanent,
        Kind::Server => Class::Transient,
        Kind::Conflict => Class::Conflict,
        _ => Class::Permanent,
    }
}

/// What the machine-readable words of a reply say, by how much they weigh.
#[derive(Default)]
struct Words {
    /// Balance, content or context: wins over every status.
    refusal: Option<Kind>,
    /// Wins over a vague status.
    cause: Option<Kind>,
    /// Whose fault it was, no more: counts where no status speaks.
    side: Option<Kind>,
    is_in_flight_limit: bool,
}

impl Words {
    fn read(headers: &HeaderMap) -> Self {
        let mut words = Self::default();
        for name in texts(headers, "x-amzn-errortype") {
            words.note(name);
        }
        words
    }

    /// Looks through the fields that services put words in, and through those that hold more.
    fn walk(&mut self, value: &Value, depth: u8) {
        let Some(depth) = depth.checked_sub(1) else { return };
        match value {
            Value::Array(list) => list.iter().for_each(|entry| self.walk(entry, depth)),
            Value::Object(object) => {
                for (name, value) in object {
                    self.field(name, value, depth);
                }
                // Of an answer only its error: the rest is what the model said.
                in_choices(object).for_each(|error| self.walk(error, depth));
            }
            _ => {}
        }
    }

    fn field(&mut self, name: &str, value: &Value, depth: u8) {
        match (name, value) {
            (
                "code" | "type" | "status" | "reason" | "error_code" | "error_type" | "__type",
                Value::String(word),
            ) => self.note(word),
            ("limit_source", Value::String(source)) => {
                self.is_in_flight_limit |= source == "openrouter_in_flight_budget";
            }
            // Words by being there: OpenRouter's and Zhipu's way to report a filter.
            ("flagged_input" | "contentFilter", value) if !value.is_null() => self.note(name),
            (
                "error" | "errors" | "detail" | "details" | "innererror" | "inner_error"
                | "response" | "metadata" | "fault",
                value,
            ) => self.walk(value, depth),
            _ => {}
        }
    }

    /// Amazon writes `com.amazon.coral#ThrottlingException` and `ThrottlingException:http://…`.
    fn note(&mut self, word: &str) {
        let word = word.rsplit('#').next().unwrap_or(word);
        let word = word.split_once(":http").map_or(word, |(word, _)| word);
        let Some(kind) = meaning(word) else { return };
        match kind {
            Kind::InsufficientBalance => self.refusal = Some(kind),
            Kind::ContentFilter | Kind::ContextLength => self.refusal = self.refusal.or(Some(kind)),
            Kind::InvalidRequest | Kind::Server | Kind::PayloadTooLarge => {
                self.side = self.side.or(Some(kind));
            }
            _ => self.cause = self.cause.or(Some(kind)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn of(status: u16, value: Value) -> (Kind, Class) {
        let status = StatusCode::from_u16(status).unwrap();
        let envelope = Envelope::from_value(value).ok();
        classify(status, &HeaderMap::new(), envelope.as_ref())
    }

    #[test]
    fn documented_rows_have_the_kind_of_the_table() {
        for row in table::TABLE {
            let value = json!({"error": {"message": "m", "type": row.api_type, "code": "c"}});
            assert_eq!(of(row.status.as_u16(), value).0, row.kind, "{}", row.status);
            assert_eq!(of(row.status.as_u16(), Value::Null).0, row.kind, "{} bare", row.status);
            let in_success = json!({"error": {"type": row.api_type}});
            assert_eq!(of(200, in_success).0, row.kind, "{} as a success", row.api_type);
        }
    }

    #[test]
    fn status_alone_decides_where_nothing_else_speaks() {
        let table = [
            (408, Kind::GatewayTimeout, Class::GatewayTimeout),
            (409, Kind::Conflict, Class::Conflict),
            (410, Kind::NotFound, Class::Permanent),
            (413, Kind::PayloadTooLarge, Class::Permanent),
            (418, Kind::InvalidRequest, Class::Permanent),
            (422, Kind::InvalidRequest, Class::Permanent),
            (425, Kind::ServiceUnavailable, Class::Conflict),
            (429, Kind::RateLimit, Class::Throttled),
            (451, Kind::Permission, Class::Permanent),
            (498, Kind::ServiceUnavailable, Class::Overloaded),
            (499, Kind::Unexpected, Class::Permanent),
            (500, Kind::Server, Class::Transient),
            (501, Kind::Server, Class::Permanent),
            (504, Kind::GatewayTimeout, Class::GatewayTimeout),
            (505, Kind::Server, Class::Permanent),
            (507, Kind::Server, Class::Transient),
            (520, Kind::Server, Class::Transient),
            (521, Kind::ServiceUnavailable, Class::Overloaded),
            (522, Kind::GatewayTimeout, Class::GatewayTimeout),
            (524, Kind::GatewayTimeout, Class::GatewayTimeout),
            (529, Kind::ServiceUnavailable, Class::Overloaded),
            (200, Kind::Unexpected, Class::Permanent),
            (302, Kind::Unexpected, Class::Permanent),
            (600, Kind::Unexpected, Class::Permanent),
        ];
        for (status, kind, class) in table {
            assert_eq!(of(status, Value::Null), (kind, class), "{status}");
        }
    }

    #[test]
    fn words_decide_where_they_know_better() {
        let quota = json!({"error": {"code": "insufficient_quota", "type": "rate_limit_error"}});
        let flagged = json!({"error": {"code": 403, "metadata": {"flagged_input": "…"}}});
        let azure = json!({"error": {"innererror": {"code": "ResponsibleAIPolicyViolation"}}});
        let in_flight =
            json!({"error": {"metadata": {"limit_source": "openrouter_in_flight_budget"}}});
        let in_choice = |word| json!({"choices": [{"error": {"code": 500, "type": word}}]});
        let google = json!({"error": {"status": "INVALID_ARGUMENT", "details": [{"reason": "API_KEY_INVALID"}]}});
        let table = [
            ("quota", 429, quota.clone(), Kind::InsufficientBalance),
            ("quota in a list", 500, json!([quota]), Kind::InsufficientBalance),
            ("flagged", 200, flagged, Kind::ContentFilter),
            ("Azure", 400, azure, Kind::ContentFilter),
            ("in flight", 402, in_flight.clone(), Kind::RateLimit),
            ("in flight elsewhere", 400, in_flight, Kind::InvalidRequest),
            ("Google", 400, google, Kind::InvalidApiKey),
            ("spelling", 400, json!({"code": "RateLimitReached"}), Kind::RateLimit),
            ("vague 500", 500, json!({"error": {"type": "rate_limit_error"}}), Kind::RateLimit),
            ("vague side", 500, json!({"error": {"type": "bad_request"}}), Kind::Server),
            ("exact 404", 404, json!({"error": {"type": "invalid_api_key"}}), Kind::NotFound),
            (
                "generic 402",
                402,
                json!({"error": {"type": "bad_request"}}),
                Kind::InsufficientBalance,
            ),
            ("stand-in", 200, json!({"error": {"code": "503"}}), Kind::ServiceUnavailable),
            (
                "stand-in, vague",
                200,
                json!({"error": {"code": 500, "type": "timeout"}}),
                Kind::GatewayTimeout,
            ),
            ("in a choice", 200, in_choice("rate_limit_error"), Kind::RateLimit),
            ("quota in a choice", 500, in_choice("insufficient_quota"), Kind::InsufficientBalance),
            ("what a choice says", 500, json!({"choices": [{"type": "timeout"}]}), Kind::Server),
            ("unknown word", 200, json!({"error": {"type": "quantum_error"}}), Kind::Unexpected),
            (
                "echoed input",
                422,
                json!({"detail": [{"input": {"type": "content_filter"}}]}),
                Kind::InvalidRequest,
            ),
        ];
        for (name, status, value, want) in table {
            assert_eq!(of(status, value).0, want, "{name}");
        }
    }

    #[test]
    fn amazons_header_counts_as_a_type() {
        let mut headers = HeaderMap::new();
        let value = "ThrottlingException:http://internal.amazon.com/coral/";
        headers.insert("x-amzn-errortype", value.parse().unwrap());
        let decided = classify(StatusCode::BAD_REQUEST, &headers, None);
        assert_eq!(decided, (Kind::RateLimit, Class::Throttled));
    }

    proptest! {
        #[test]
        fn prop_53_class_is_independent_of_the_message(
            status in 100_u16..1000,
            word in "[a-z_]{0,20}",
            message in "\\PC{0,60}|insufficient_quota|rate_limit_error|try again in 5s",
        ) {
            let with = |message: &str| {
                json!({"error": {"message": message, "type": &word}, "message": message})
            };
            prop_assert_eq!(of(status, with(&message)), of(status, with("")));
        }

        #[test]
        fn prop_quota_words_win_over_every_status(status in 100_u16..1000) {
            let class = of(status, json!({"error": {"code": "insufficient_quota"}})).1;
            prop_assert_eq!(class, Class::Quota);
        }
    }
}
