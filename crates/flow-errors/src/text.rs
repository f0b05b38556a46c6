//! Untrusted text on its way into a message: one line, bounded, nothing a terminal would obey.

use std::fmt;
use std::time::Duration;

/// The most characters of a service's text that enter a message.
const MAX_CHARS: usize = 400;

/// Shows `text` as one bounded line with control characters escaped.
pub(crate) const fn line(text: &str) -> impl fmt::Display + '_ {
    Line(text)
}

/// Shows `span` as people read it: `850 ms`, `1.25 s`, `3 min 5 s`.
pub(crate) const fn span(span: Duration) -> impl fmt::Display {
    Span(span)
}

struct Line<'a>(&'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, c) in self.0.trim().chars().enumerate() {
            if index == MAX_CHARS {
                return f.write_str("…");
            }
            if is_unsafe(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                fmt::Write::write_char(f, c)?;
            }
        }
        Ok(())
    }
}

/// Control characters, line separators, and marks that reorder what a terminal shows.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

struct Span(Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Rounded: what is left of a limit of 300 ms is a little less by the time it is used.
        match self.0.saturating_add(Duration::from_micros(500)).as_millis() {
            ms @ 0..1_000 => write!(f, "{ms} ms"),
            ms @ 1_000..60_000 => write!(f, "{}.{:02} s", ms / 1_000, ms % 1_000 / 10),
            ms => write!(f, "{} min {} s", ms / 60_000, ms % 60_000 / 1_000),
        }
    }
}
