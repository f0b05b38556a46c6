//! Waits in the prose of a message: the few phrases that programs parse already.
//!
//! A phrase may say how long to wait, never what an error means: services reword their sentences.

use std::time::Duration;

use crate::span::{self, NANOS_PER_SEC};

/// What a wait follows, in lower case.
const LEADS: [&str; 7] = [
    "try again in ",
    "try again after ",
    "retry again in ",
    "retry again after ",
    "retry in ",
    "retry after ",
    "wait ",
];

/// How the word before it ends where it is not asked for: "do not", "cannot", "don't", "never".
const NEGATIONS: [&str; 4] = ["not", "n't", "n’t", "never"];

/// What may stand between that and the number.
const FILLERS: [&str; 4] = ["for ", "at least ", "about ", "another "];

/// The units that prose spells out.
const WORDS: [(&[&str], u64); 5] = [
    (&["millisecond", "milliseconds", "msec"], span::NANOS_PER_MILLI),
    (&["second", "seconds", "sec", "secs"], NANOS_PER_SEC),
    (&["minute", "minutes", "min", "mins"], 60 * NANOS_PER_SEC),
    (&["hour", "hours", "hr", "hrs"], 3_600 * NANOS_PER_SEC),
    (&["day", "days", "d"], 86_400 * NANOS_PER_SEC),
];

/// Finds the wait that a message asks for: "try again in 6m0s", "wait 33 seconds".
///
/// A number without a unit is none.
pub(crate) fn wait(message: &str) -> Option<Duration> {
    // Most messages hold no number at all.
    if !message.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let message = message.to_ascii_lowercase();
    LEADS.iter().find_map(|lead| {
        message.match_indices(lead).find_map(|(at, lead)| {
            let (before, rest) = message.split_at_checked(at)?;
            is_asked(before).then(|| leading_span(rest.strip_prefix(lead)?))?
        })
    })
}

/// Whether a wait is asked for after this: not inside a word, as in "await", nor after "do not".
fn is_asked(before: &str) -> bool {
    let is_word = before.ends_with(char::is_alphanumeric);
    let last = before.trim_ascii_end().rsplit(' ').next().unwrap_or_default();
    !is_word && !NEGATIONS.iter().any(|negation| last.ends_with(negation))
}

/// Reads the span that a text begins with: `1h2m3.5s.`, `1 minute and 30 seconds`.
fn leading_span(text: &str) -> Option<Duration> {
    let mut rest =
        FILLERS.iter().fold(text, |text, filler| text.strip_prefix(filler).unwrap_or(text));
    let mut total = None;
    while let Some((part, tail)) = leading_part(rest) {
        total = Some(part.saturating_add(total.unwrap_or_default()).min(span::LONGEST));
        rest = tail.trim_start_matches([' ', ',']);
        rest = rest.strip_prefix("and ").unwrap_or(rest);
    }
    total
}

/// Reads a number and its unit, with or without a space between them.
fn leading_part(text: &str) -> Option<(Duration, &str)> {
    let is_number = |c: char| c.is_ascii_digit() || c == '.';
    let (number, tail) = text.split_at_checked(text.find(|c| !is_number(c))?)?;
    let tail = tail.strip_prefix(' ').unwrap_or(tail);
    let end = tail.find(|c: char| !c.is_alphabetic()).unwrap_or(tail.len());
    let (word, tail) = tail.split_at_checked(end)?;
    let in_words = || WORDS.iter().find(|(names, _)| names.contains(&word)).map(|(_, unit)| *unit);
    let unit = span::unit(word).or_else(in_words)?;
    Some((span::decimal(number, unit)?, tail))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn waits_are_found_in_the_phrases_that_services_use() {
        let table = [
            ("Slow down. Please try again in 6m0s.", Some(360_000)),
            ("Slow down, try again in 20ms", Some(20)),
            ("Please try again in 13m14.88s.", Some(794_880)),
            ("try again in 174ms. See https://example.com/limits", Some(174)),
            ("Please retry after 26 seconds.", Some(26_000)),
            ("Please wait 33 seconds before retrying.", Some(33_000)),
            ("Please retry in 34.074824224s.", Some(34_075)),
            ("Rate limit is exceeded. TRY AGAIN IN 57 SECONDS.", Some(57_000)),
            ("No deployments, Try again in 20 seconds. Passed model=m", Some(20_000)),
            ("Please wait for at least 1 minute and 30 seconds", Some(90_000)),
            ("wait another 2 hours, 5 minutes", Some(7_500_000)),
            ("retry after 1 day", Some(86_400_000)),
            ("try again in 5 minutes 30 requests are queued", Some(300_000)),
            ("wait a little; try again in 2s", Some(2_000)),
            ("Retry again in 4s", Some(4_000)),
            ("(wait 3s)", Some(3_000)),
            ("If it does not, wait 30 seconds", Some(30_000)),
            ("we await 30 seconds of data", None),
            ("do not wait 90 seconds", None),
            ("You needn't  wait 90 seconds", None),
            ("do not wait 90 seconds, but try again in 2s", Some(2_000)),
            ("Wait a bit.", None),
            ("Try again soon, limit is 10", None),
            ("Rate limit of 8000 per 60s exceeded", None),
            ("100 requests in 60 seconds", None),
            ("retry after 26", None),
            ("try again in -5s", None),
            ("try again in 5 parsecs", None),
            ("try again in .s", None),
            ("", None),
        ];
        for (message, want) in table {
            let got = wait(message).map(|span| span::round_up(span).as_millis());
            assert_eq!(got, want, "{message:?}");
        }
    }

    proptest! {
        #[test]
        fn prop_11_any_message_is_read_without_panic(
            message in "\\PC{0,60}",
            likely in "(try again in |wait |[0-9.]{1,20}| |s|ms|hours|and |,|µs){0,12}",
        ) {
            let _ = (wait(&message), wait(&likely));
        }

        #[test]
        fn prop_11_rendered_spans_are_read_back(nanos: u64) {
            let (seconds, rest) = (nanos / NANOS_PER_SEC, nanos % NANOS_PER_SEC);
            let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
            let want = Some(Duration::from_nanos(nanos));
            let short = format!("try again in {hours}h{minutes}m{}.{rest:09}s.", seconds % 60);
            prop_assert_eq!(wait(&short), want);
            let long = format!("Wait {hours} hours, {minutes} minutes and {}.{rest:09} seconds", seconds % 60);
            prop_assert_eq!(wait(&long), want);
        }
    }
}
