//! Plants secrets, and finds them in a text however they are written there.

use std::error::Error as StdError;
use std::fmt::{Debug, Display, Write as _};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use flow_errors::{Attempt, Error};

pub(super) const KEY: &str = "sk-otter4f1c9b7e2a";
pub(super) const PROMPT: &str = "heron-0540-over-a-weir";
pub(super) const HEADER: &str = "lynx-7719-in-a-snowfield";
pub(super) const PROXY: &str = "crane-3386-on-a-roof";
pub(super) const URL: &str = "viper-9021-by-a-wall";

const SECRETS: [(&str, &str); 5] =
    [("key", KEY), ("prompt", PROMPT), ("header", HEADER), ("proxy", PROXY), ("URL", URL)];

/// A part of a secret that is as long as this is a leak.
const WINDOW: usize = 8;

/// Names the secrets of which a part is in `text`: as it is, in any case, broken over lines, in
/// Base64, or as a list of bytes.
pub(super) fn found(text: &str) -> Vec<&'static str> {
    let squeezed: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let lower = squeezed.to_ascii_lowercase();
    let is_in = |secret: &str| {
        let windows = secret.as_bytes().windows(WINDOW);
        windows.clone().any(|window| lower.contains(&*String::from_utf8_lossy(window)))
            || windows.clone().any(|window| lower.contains(&list(window)))
            || alignments(secret).any(|encoded| squeezed.contains(&encoded))
    };
    SECRETS.iter().filter(|(_, secret)| is_in(secret)).map(|(name, _)| *name).collect()
}

/// Bytes as `Debug` lists them, without the white space.
fn list(bytes: &[u8]) -> String {
    let numbers: Vec<_> = bytes.iter().map(u8::to_string).collect();
    numbers.join(",")
}

/// A secret as Base64 shows it at each of the three places it can begin at.
fn alignments(secret: &str) -> impl Iterator<Item = String> {
    let whole = |start: usize| start..start + (secret.len() - start) / 3 * 3;
    (0..3).map(move |start| STANDARD.encode(&secret.as_bytes()[whole(start)]))
}

/// Everything that was looked through, and the leaks in it.
#[derive(Default)]
pub(super) struct Search {
    leaks: Vec<String>,
    looked: usize,
}

impl Search {
    /// Looks through a text.
    pub(super) fn text(&mut self, place: &str, text: &str) {
        self.looked += 1;
        for secret in found(text) {
            self.leaks.push(format!("{secret} in {place}: {text}"));
        }
    }

    /// Looks through both `Debug` forms.
    pub(super) fn debug(&mut self, place: &str, value: &impl Debug) {
        self.text(&format!("Debug of {place}"), &format!("{value:?}"));
        self.text(&format!("pretty Debug of {place}"), &format!("{value:#?}"));
    }

    fn display(&mut self, place: &str, value: &(impl Display + ?Sized)) {
        self.text(&format!("Display of {place}"), &format!("{value}"));
        self.text(&format!("alternate Display of {place}"), &format!("{value:#}"));
    }

    /// Looks through everything that an error shows of itself without being asked for the body.
    pub(super) fn error(&mut self, place: &str, error: &Error) {
        self.debug(place, error);
        self.display(place, error);
        self.display(&format!("support report of {place}"), &error.support_report());
        self.debug(&format!("support report of {place}"), &error.support_report());
        let json = serde_json::to_string(error).unwrap();
        self.text(&format!("JSON of {place}"), &json);
        let read: Error = serde_json::from_str(&json).unwrap();
        self.debug(&format!("JSON of {place}, read back"), &read);
        self.debug(&format!("headers of {place}"), error.headers());
        self.debug(&format!("envelope of {place}"), &error.envelope());
        for attempt in error.attempts().iter() {
            self.attempt(place, attempt);
        }
        let mut cause = error.source();
        while let Some(source) = cause {
            self.debug(&format!("source of {place}"), &source);
            self.display(&format!("source of {place}"), &source);
            cause = source.source();
        }
    }

    fn attempt(&mut self, place: &str, attempt: &Attempt) {
        self.debug(&format!("attempt of {place}"), attempt);
        self.display(&format!("attempt of {place}"), attempt);
        let json = serde_json::to_string(attempt).unwrap();
        self.text(&format!("JSON of an attempt of {place}"), &json);
    }

    /// Fails if there was a leak, or if hardly anything was looked through.
    pub(super) fn finish(self, at_least: usize) {
        assert!(self.leaks.is_empty(), "{} leaks\n{}", self.leaks.len(), self.leaks.join("\n"));
        assert!(self.looked >= at_least, "looked through {} texts only", self.looked);
    }
}

/// What an `on_attempt` hook was told, as a log would have it.
#[derive(Clone, Default)]
pub(super) struct Lines(Arc<Mutex<String>>);

impl Lines {
    /// Returns the hook.
    pub(super) fn hook(&self) -> impl Fn(&Attempt) + Send + Sync + 'static {
        let lines = self.0.clone();
        move |attempt| {
            let mut lines = lines.lock().unwrap();
            write!(lines, "{attempt}\n{attempt:#}\n{attempt:?}\n{attempt:#?}\n").unwrap();
        }
    }

    /// Returns all lines.
    pub(super) fn text(&self) -> String {
        self.0.lock().unwrap().clone()
    }
}

#[test]
fn search_finds_every_spelling_and_nothing_else() {
    let prompt = format!("a {PROMPT} b");
    #[rustfmt::skip]
    let cases = [
        // name         text                                             want
        ("plain",       prompt.clone(),                                  vec!["prompt"]),
        ("part",        "…-over-a-w…".to_owned(),                        vec!["prompt"]),
        ("upper case",  prompt.to_uppercase(),                           vec!["prompt"]),
        ("escaped",     format!("{:?}", format!("{prompt}\n\"")),        vec!["prompt"]),
        ("bytes",       format!("{:?}", prompt.as_bytes()),              vec!["prompt"]),
        ("pretty bytes", format!("{:#?}", prompt.as_bytes()),            vec!["prompt"]),
        ("Base64",      STANDARD.encode(format!("me:{PROXY}")),          vec!["proxy"]),
        ("Base64, later", STANDARD.encode(format!("me, {PROXY}!")),      vec!["proxy"]),
        ("two",         format!("{KEY}{PROMPT}"),                        vec!["key", "prompt"]),
        ("none",        "sk-otte 4f1c, heron-0 [104, 101, 114]".to_owned(), vec![]),
    ];
    for (name, text, want) in cases {
        assert_eq!(found(&text), want, "{name}: {text}");
    }
}
