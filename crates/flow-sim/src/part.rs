//! One part of a scripted stream, and its spelling in JSON.

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use serde::{Deserialize, Deserializer};

use crate::dialect::Dialect;

/// What a stream does next. The methods of [`Stream`](crate::Stream) say what each part is.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part {
    Opening,
    Deltas(usize),
    Content,
    Finish,
    Usage,
    Rest,
    Done,
    Half,
    Padded(usize),
    Data(String),
    Named {
        name: String,
        data: String,
    },
    Comment(String),
    #[serde(deserialize_with = "text")]
    Raw(Bytes),
    Error {
        dialect: Dialect,
        row: u16,
    },
    Pings,
    #[serde(rename = "pause_ms", deserialize_with = "milliseconds")]
    Pause(Duration),
    NoBlankLine,
    Reset,
    Close,
    Stall,
    #[serde(rename = "stall_with_pings_ms", deserialize_with = "milliseconds")]
    StallWithPings(Duration),
}

impl Part {
    /// Says whether nothing can come after it.
    pub(crate) const fn is_end(&self) -> bool {
        matches!(self, Self::Reset | Self::Close | Self::Stall | Self::StallWithPings(_))
    }

    /// Says why it cannot be done.
    pub(crate) fn check(&self) -> Result<(), String> {
        match self {
            Self::Error { row, .. } => code(*row, 400).map(|_| ()),
            Self::Named { name, .. } if name.contains(['\r', '\n']) => {
                Err("the name of an event has one line".to_owned())
            }
            Self::Data(text) | Self::Named { data: text, .. } | Self::Comment(text)
                if text.contains('\r') =>
            {
                Err("lines of data and comments are separated by \\n; use `raw` for a \\r".into())
            }
            Self::StallWithPings(Duration::ZERO) => {
                Err("pings need a pause of at least 1 ms".to_owned())
            }
            _ => Ok(()),
        }
    }
}

/// Checks that a status can be sent: informational ones cannot end an exchange.
pub(crate) fn code(status: u16, lowest: u16) -> Result<StatusCode, String> {
    let fits = (lowest..600).contains(&status);
    let code = StatusCode::from_u16(status).ok().filter(|_| fits);
    code.ok_or_else(|| format!("status {status} is not between {lowest} and 599"))
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Bytes, D::Error> {
    String::deserialize(deserializer).map(Bytes::from)
}

fn milliseconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    u64::deserialize(deserializer).map(Duration::from_millis)
}
