//! The options about limits, outages and what the server can do at once.

use std::num::NonZeroU32;
use std::ops::Range;
use std::time::Duration;

use clap::{Args, ValueEnum};
use flow_sim::{Capacity, Limit, SimBuilder};

#[derive(Debug, Args)]
pub(crate) struct Load {
    /// Requests that each model takes: 100/s, 60/min, 500/h; the others get a 429
    #[arg(long, value_name = "N/UNIT", value_parser = limit)]
    limit: Option<Limit>,

    /// How many of them may come at once [default: as many as in a second, minute or hour]
    #[arg(long, value_name = "N", requires = "limit")]
    burst: Option<NonZeroU32>,

    /// Tokens that each model takes in the same time
    #[arg(long, value_name = "N", requires = "limit")]
    limit_tokens: Option<NonZeroU32>,

    /// What clients are told of the limit
    #[arg(long, value_name = "WHAT", value_enum, default_value_t = Tells::All, requires = "limit")]
    limit_tells: Tells,

    /// Requests that are worked on at once; the others wait in the queue
    #[arg(long, value_name = "N")]
    slots: Option<usize>,

    /// How long each of them takes: 300, or between 50 and 450 with 50..450
    #[arg(long, value_name = "MS", value_parser = span, default_value = "1000", requires = "slots")]
    service_ms: Range<u64>,

    /// How many may wait; the others get a 503
    #[arg(long, value_name = "N", default_value_t = 0, requires = "slots")]
    queue: usize,

    /// Seconds since the start in which all get a 503: 0..5; may be given several times
    #[arg(long, value_name = "FROM..TO", value_parser = outage)]
    outage: Vec<Range<u64>>,

    /// Share of requests that get a 503 by chance: 0.3
    #[arg(long, value_name = "SHARE", value_parser = share, default_value = "0")]
    failing: f64,
}

/// What clients are told of the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Tells {
    /// x-ratelimit- headers on every answer, retry-after on refusals
    All,
    /// x-ratelimit- headers alone
    Headers,
    /// retry-after alone
    RetryAfter,
    Nothing,
}

impl Load {
    pub(crate) fn apply(&self, mut builder: SimBuilder) -> SimBuilder {
        if let Some(limit) = self.limit {
            builder = builder.limit(self.shaped(limit));
        }
        if let Some(slots) = self.slots {
            let Range { start, end } = self.service_ms;
            let spread = Duration::from_millis(end.saturating_sub(start));
            let capacity = Capacity::new(slots, Duration::from_millis(start)).spread(spread);
            builder = builder.capacity(capacity.queue(self.queue));
        }
        for Range { start, end } in &self.outage {
            builder = builder.outage(Duration::from_secs(*start)..Duration::from_secs(*end));
        }
        builder.failing(self.failing)
    }

    fn shaped(&self, mut limit: Limit) -> Limit {
        if let Some(burst) = self.burst {
            limit = limit.burst(burst.get());
        }
        if let Some(tokens) = self.limit_tokens {
            limit = limit.tokens(tokens.get());
        }
        let tells = self.limit_tells;
        limit
            .tells_limits(matches!(tells, Tells::All | Tells::Headers))
            .tells_retry_after(matches!(tells, Tells::All | Tells::RetryAfter))
    }
}

fn limit(text: &str) -> Result<Limit, String> {
    let known = || format!("write it as 100/s, 60/min or 500/h, not `{text}`");
    let (count, unit) = text.split_once('/').ok_or_else(known)?;
    let count: NonZeroU32 = count.parse().map_err(|_| known())?;
    let seconds = match unit {
        "s" => 1,
        "min" => 60,
        "h" => 3_600,
        _ => return Err(known()),
    };
    Ok(Limit::new(count.get(), Duration::from_secs(seconds)))
}

/// Reads `300` or `50..450`.
fn span(text: &str) -> Result<Range<u64>, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    match (from.parse(), to.parse()) {
        (Ok(start), Ok(end)) if start <= end => Ok(start..end),
        _ => Err("write it as 300, or as 50..450".to_owned()),
    }
}

fn outage(text: &str) -> Result<Range<u64>, String> {
    span(text).ok().filter(|outage| !outage.is_empty()).ok_or_else(|| "write it as 0..5".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "a share is a number from 0 to 1".to_owned())
}
