//! Which attempts of a call are streams: the page's advice for 504, carried out.
//!
//! What took too long in one piece is sent again as a stream, which a gateway sees making progress.

use http::StatusCode;

use crate::{Class, Error};

/// Whether the next attempt is a stream.
#[derive(Debug)]
pub(crate) enum Streams {
    /// No attempt is one.
    Never,
    /// None is yet, but what follows a gateway's timeout will be.
    AfterTimeout,
    /// They are since this timeout.
    Since(Error),
    /// All are: the caller wants a stream.
    Always,
}

impl Streams {
    pub(crate) const fn now(&self) -> bool {
        matches!(self, Self::Since(_) | Self::Always)
    }

    /// Returns whether the service refuses the stream that we made of the caller's request: it may
    /// still take the request as it was.
    pub(crate) fn is_refused(&self, error: &Error) -> bool {
        const REFUSED: [StatusCode; 2] =
            [StatusCode::BAD_REQUEST, StatusCode::UNPROCESSABLE_ENTITY];
        matches!(self, Self::Since(_)) && error.status().is_some_and(|is| REFUSED.contains(&is))
    }

    /// Draws the conclusions from a failure, and returns what the caller is told of it.
    ///
    /// A refusal of the stream is our own doing; the timeout before it is what happened.
    pub(crate) fn on_failure(&mut self, error: Error) -> Error {
        if self.is_refused(&error) {
            let before = std::mem::replace(self, Self::Never);
            return if let Self::Since(timeout) = before { timeout } else { error };
        }
        if matches!(self, Self::AfterTimeout) && error.class() == Class::GatewayTimeout {
            *self = Self::Since(error.clone());
        }
        error
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use http::HeaderMap;

    use super::*;
    use crate::Body;

    fn error(status: u16) -> Error {
        let status = StatusCode::from_u16(status).unwrap();
        Error::from_response(status, &HeaderMap::new(), Body::default(), SystemTime::UNIX_EPOCH)
    }

    #[test]
    fn only_a_gateways_timeout_makes_streams_of_the_rest() {
        #[rustfmt::skip]
        let cases = [
            // first                    failure  streams after it
            (Streams::AfterTimeout,     504,     true),
            (Streams::AfterTimeout,     524,     true),
            (Streams::AfterTimeout,     408,     true),
            (Streams::AfterTimeout,     503,     false),
            (Streams::AfterTimeout,     500,     false),
            (Streams::Never,            504,     false),
            (Streams::Always,           504,     true),
            (Streams::Always,           400,     true),
        ];
        for (mut streams, failure, want) in cases {
            let told = streams.on_failure(error(failure));
            assert_eq!((told.status().unwrap().as_u16(), streams.now()), (failure, want));
        }
    }

    #[test]
    fn refused_stream_leads_back_and_is_not_what_the_caller_is_told() {
        for refusal in [400, 422] {
            let mut streams = Streams::AfterTimeout;
            let _ = streams.on_failure(error(504));
            assert!(!streams.is_refused(&error(401)) && streams.is_refused(&error(refusal)));
            assert_eq!(streams.on_failure(error(refusal)).status().unwrap().as_u16(), 504);
            // Once is enough: the same would be refused again.
            let _ = streams.on_failure(error(504));
            assert!(!streams.now());
        }
    }
}
