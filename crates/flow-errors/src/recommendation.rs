//! What to do about each kind of failure: the page's words, and ours where it has none.

use http::StatusCode;

use crate::{Kind, table};

impl Kind {
    /// Returns what to do about it: the page's words where the page has a row.
    ///
    /// `status` chooses between rows that share a kind (500 and 502), and names redirects and proxies
    /// that want a login.
    #[must_use]
    pub fn recommendation(self, status: Option<StatusCode>) -> &'static str {
        if self == Self::Unexpected && status.is_some_and(|status| status.is_redirection()) {
            return "Correct the base URL: redirects are not followed";
        }
        if status == Some(StatusCode::PROXY_AUTHENTICATION_REQUIRED) {
            return "Check the proxy's credentials";
        }
        let by_status = status.and_then(table::row_for).filter(|row| row.kind == self);
        let by_kind = || table::TABLE.iter().find(|row| row.kind == self);
        by_status
            .or_else(by_kind)
            .map_or_else(|| self.own_recommendation(), |row| row.recommendation)
    }

    /// What to do about the kinds that the page has no row for.
    const fn own_recommendation(self) -> &'static str {
        match self {
            Self::ContentFilter => "Change the prompt: a content filter refused it",
            Self::ContextLength => {
                "Shorten the prompt, lower max_tokens, or use a model with a larger context"
            }
            Self::PayloadTooLarge => "Send a smaller request body",
            Self::Conflict => "Retry after the conflicting request has finished",
            Self::Connect => "Check the base URL, DNS, proxy, TLS roots and network",
            Self::Timeout => {
                "Raise the limit that was reached (deadline, attempt, idle or first content timeout), or ask for less"
            }
            Self::Transport => {
                "Check the network and proxies on the way; the request may have been run"
            }
            Self::StreamTruncated => "Send the request again; what was delivered is incomplete",
            Self::Decode => {
                "Check that the base URL points at the API and that the reply type fits"
            }
            Self::ReplyTooLarge => "Raise max_reply_bytes or ask for less",
            Self::Cancelled => "Call again when the result is wanted after all",
            Self::InvalidInput => "Correct the value; nothing was sent",
            Self::Config => "Correct the client's configuration; nothing was sent",
            _ => "Inspect the status and body, then contact support with the request ID",
        }
    }
}
