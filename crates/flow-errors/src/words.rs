//! The words that services use for what went wrong.

use crate::{Kind, table};

/// The words that services use as `code`, `type`, `status` or `reason`, by what they mean.
///
/// The page's own types are not repeated here: they stand in [`table::TABLE`]. Spellings that
/// differ in case or punctuation only (`RateLimitReached`, `RATE_LIMIT_REACHED`) are one word.
const WORDS: &[(Kind, &[&str])] = &[
    (
        Kind::InsufficientBalance,
        &[
            "insufficient_quota",
            "exceeded_current_quota_error",
            "billing_error",
            "billing_hard_limit_reached",
            "billing_not_active",
            "insufficient_user_quota",
            "insufficient_credits",
            "insufficient_funds",
            "AccountOverdueError",
            "Arrearage",
            "budget_exceeded",
        ],
    ),
    (
        Kind::ContentFilter,
        &[
            "content_filter",
            "content_policy_violation",
            "ResponsibleAIPolicyViolation",
            "data_inspection_failed",
            "moderation_blocked",
            "sensitive_words_detected",
            "flagged_input",
        ],
    ),
    (
        Kind::ContextLength,
        &["context_length_exceeded", "context_window_exceeded", "exceed_context_size_error"],
    ),
    (
        Kind::InvalidApiKey,
        &[
            "authentication_error",
            "api_key_invalid",
            "incorrect_api_key",
            "missing_api_key",
            "invalid_authentication",
            "invalid_authentication_error",
            "unauthenticated",
            "unauthorized",
            "auth_error",
            // LiteLLM without a database, of any key but its master key.
            "no_db_connection",
            "UnrecognizedClientException",
        ],
    ),
    (
        Kind::RateLimit,
        &[
            "rate_limit",
            "rate_limited",
            "rate_limit_exceeded",
            "rate_limit_reached",
            "too_many_requests",
            "too_many_requests_error",
            "TooManyRequestsException",
            "throttling",
            "throttling_error",
            "ThrottlingException",
            "Throttling.RateQuota",
            "Throttling.AllocationQuota",
            "Throttling.BurstRate",
            "request_limit_exceeded",
            "resource_exhausted",
        ],
    ),
    (
        Kind::ServiceUnavailable,
        &[
            "service_unavailable_error",
            "ServiceUnavailableException",
            "ModelNotReadyException",
            "unavailable",
            "overloaded",
            "overloaded_error",
            "engine_overloaded_error",
            "server_overloaded",
            "model_overloaded",
        ],
    ),
    (
        Kind::GatewayTimeout,
        &[
            "timeout",
            "timeout_error",
            "gateway_timeout_error",
            "request_timeout",
            "upstream_timeout",
            "deadline_exceeded",
            "ModelTimeoutException",
        ],
    ),
    (
        Kind::NotFound,
        &[
            "not_found",
            "model_not_found",
            "resource_not_found_error",
            "ResourceNotFoundException",
            "DeploymentNotFound",
        ],
    ),
    (
        Kind::Permission,
        &[
            "permission_denied",
            "permission_denied_error",
            "access_denied",
            "AccessDeniedException",
            "forbidden",
            "unsupported_country_region_territory",
        ],
    ),
    (Kind::Conflict, &["conflict", "conflict_error", "ConflictException"]),
    (
        Kind::PayloadTooLarge,
        &["request_too_large", "payload_too_large", "RequestTooLargeException"],
    ),
    (
        Kind::InvalidRequest,
        &[
            "invalid_request",
            "bad_request",
            "bad_request_error",
            "invalid_argument",
            "failed_precondition",
            "validation_error",
            "ValidationException",
        ],
    ),
    (
        Kind::Server,
        &[
            "api_error",
            "internal",
            "internal_error",
            "internal_server_error",
            "InternalServerException",
            "InternalServerErrorException",
            "upstream_error",
        ],
    ),
];

/// What a word means: the page's own types first, then those of other services.
pub(crate) fn meaning(word: &str) -> Option<Kind> {
    // Spelled as on the page, as most are, it is found at once.
    let exact = table::TABLE.iter().find(|row| row.api_type == word);
    let documented = exact.or_else(|| table::TABLE.iter().find(|row| is_same(row.api_type, word)));
    documented.map(|row| row.kind).or_else(|| {
        let known = |(_, words): &&(Kind, &[&str])| words.iter().any(|known| is_same(known, word));
        WORDS.iter().find(known).map(|(kind, _)| *kind)
    })
}

/// Compares letters and digits only, in any case; most words differ in their first letter.
pub(crate) fn is_same(known: &str, word: &str) -> bool {
    let first = |word: &str| word.bytes().next().map(|byte| byte.to_ascii_lowercase());
    first(known) == first(word) && letters(known).eq(letters(word))
}

fn letters(word: &str) -> impl Iterator<Item = u8> {
    word.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| byte.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_spelling() {
        let table = [
            ("insufficient_quota", Some(Kind::InsufficientBalance)),
            ("insufficient_balance", Some(Kind::InsufficientBalance)),
            ("RateLimitReached", Some(Kind::RateLimit)),
            ("RATE_LIMIT_EXCEEDED", Some(Kind::RateLimit)),
            ("contentFilter", Some(Kind::ContentFilter)),
            ("NotFoundError", Some(Kind::NotFound)),
            ("ConflictError", Some(Kind::Conflict)),
            ("quantum_error", None),
            ("404", None),
            ("", None),
        ];
        for (word, want) in table {
            assert_eq!(meaning(word), want, "{word}");
        }
    }

    #[test]
    fn every_word_is_listed_once() {
        for (kind, words) in WORDS {
            for word in *words {
                assert_eq!(meaning(word), Some(*kind), "{word}");
                let is_documented = table::TABLE.iter().any(|row| is_same(row.api_type, word));
                assert!(!is_documented, "{word} is the page's own");
            }
        }
    }
}
