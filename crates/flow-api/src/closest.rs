//! Which names are near one that was mistyped.

use std::cmp::Ordering;

use crate::likeness::jaro_winkler;

/// The most names that are given.
const MOST: usize = 5;

/// The least likeness of a name that is near, from 0 to 1.
///
/// Over the names of the tests below, those that are meant are at 0.82 or above, and strange names
/// at 0.68 or below. Jaro and Winkler's measure is the one that sets the two apart: it forgives a date
/// or a `-latest` behind a name, which edit distances count letter by letter.
const NEAR: f64 = 0.75;

/// The most characters of a name that are looked at: the time it takes grows with their square.
const MOST_CHARS: usize = 100;

/// The most names that are looked at; no service has as many models.
const MOST_NAMES: usize = 5_000;

/// Returns the names nearest to `wanted`, best first, and none that is not near.
pub(crate) fn closest<'a>(wanted: &str, names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wanted = Spelling::of(wanted);
    let mut near: Vec<(Likeness, &str)> = names
        .take(MOST_NAMES)
        .filter_map(|name| Some((wanted.likeness(&Spelling::of(name))?, name)))
        .collect();
    // Whoever names a word of some ids means one of them, and not what merely looks alike.
    let has_word = near.iter().any(|(likeness, _)| likeness.is_word);
    near.retain(|(likeness, _)| likeness.is_word || !has_word);
    near.sort_by(|(one, _), (other, _)| other.compare(one));
    near.into_iter().take(MOST).map(|(_, name)| name).collect()
}

/// A name in small letters, and what counts of it.
struct Spelling {
    whole: String,
    /// Letters and digits alone: `gpt-4o` and `GPT4o` are one.
    letters: String,
    /// The same of what follows the vendor: gateways differ in whether they name it.
    without_vendor: String,
}

/// How like two names are that are near, from 0 to 1; the last decides between equals.
#[derive(Clone, Copy)]
struct Likeness {
    /// Whether one is a whole word of the other, such as `sonnet`.
    is_word: bool,
    of_letters: f64,
    of_whole: f64,
}

impl Spelling {
    fn of(name: &str) -> Self {
        let whole: String = name.chars().take(MOST_CHARS).flat_map(char::to_lowercase).collect();
        let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect();
        let without_vendor = whole.rsplit('/').next().unwrap_or_default();
        Self { letters: letters(&whole), without_vendor: letters(without_vendor), whole }
    }

    /// Compares with a name; `None` if it is not near.
    fn likeness(&self, other: &Self) -> Option<Likeness> {
        let of_letters = jaro_winkler(&self.letters, &other.letters);
        let without_vendor = jaro_winkler(&self.without_vendor, &other.without_vendor);
        let of_letters = of_letters.max(without_vendor);
        let is_word = self.is_word_of(other);
        (is_word || of_letters >= NEAR).then(|| Likeness {
            is_word,
            of_letters,
            of_whole: jaro_winkler(&self.whole, &other.whole),
        })
    }

    /// Whether the name is one of the words of another; a single character is none.
    fn is_word_of(&self, other: &Self) -> bool {
        let mut words = other.whole.split(|c: char| !c.is_alphanumeric());
        self.whole.len() > 1 && words.any(|word| word == self.whole)
    }
}

impl Likeness {
    fn compare(&self, other: &Self) -> Ordering {
        let by_letters = self.of_letters.total_cmp(&other.of_letters);
        by_letters.then(self.of_whole.total_cmp(&other.of_whole))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[rustfmt::skip]
    const IDS: [&str; 28] = [
        "gpt-4o", "gpt-4o-mini", "gpt-4-turbo", "gpt-4.1", "gpt-4.1-mini", "gpt-4.1-nano",
        "gpt-3.5-turbo", "o1", "o3", "o3-mini", "o4-mini", "gpt-5", "gpt-5-mini",
        "claude-3-5-haiku-20241022", "claude-3-opus-20240229", "claude-sonnet-4",
        "anthropic/claude-3.5-sonnet", "openai/gpt-4o-mini", "google/gemini-2.0-flash",
        "gemini-1.5-pro", "meta-llama/llama-3.1-70b-instruct", "meta-llama/llama-3.1-8b-instruct",
        "mistral-large-latest", "deepseek-chat", "text-embedding-3-small", "text-embedding-3-large",
        "whisper-1", "dall-e-3",
    ];

    #[test]
    fn what_was_meant_comes_first() {
        #[rustfmt::skip]
        let cases = [
            ("gpt-4o",                      "gpt-4o"),
            ("gpt-4p",                      "gpt-4o"),
            ("gpt4o",                       "gpt-4o"),
            ("GPT-4O",                      "gpt-4o"),
            ("gtp-4o",                      "gpt-4o"),
            ("gpt_4o",                      "gpt-4o"),
            ("openai/gpt-4o",               "gpt-4o"),
            ("gpt-4o-2024-08-06",           "gpt-4o"),
            ("gpt-4o-min",                  "gpt-4o-mini"),
            ("gpt-4o-mnii",                 "gpt-4o-mini"),
            ("openai/gpt-4o-mini",          "openai/gpt-4o-mini"),
            ("gpt-35-turbo",                "gpt-3.5-turbo"),
            ("o3mini",                      "o3-mini"),
            ("03-mini",                     "o3-mini"),
            ("claude-3.5-sonet",            "anthropic/claude-3.5-sonnet"),
            ("claude-3-5-sonnet-latest",    "anthropic/claude-3.5-sonnet"),
            ("claude-3-5-haiku",            "claude-3-5-haiku-20241022"),
            ("gemini-pro-1.5",              "gemini-1.5-pro"),
            ("gemini-2-flash",              "google/gemini-2.0-flash"),
            ("llama-3.1-70b",               "meta-llama/llama-3.1-70b-instruct"),
            ("Meta-Llama-3.1-70B-Instruct", "meta-llama/llama-3.1-70b-instruct"),
            ("mistral-large",               "mistral-large-latest"),
            ("deepseek",                    "deepseek-chat"),
            ("text-embedding-small-3",      "text-embedding-3-small"),
            ("wisper",                      "whisper-1"),
        ];
        for (wanted, want) in cases {
            let got = closest(wanted, IDS.into_iter());
            assert_eq!(got.first(), Some(&want), "{wanted}: {got:?}");
            assert!(got.len() <= MOST, "{wanted}: {got:?}");
        }
    }

    #[test]
    fn words_of_ids_find_those_and_no_others() {
        #[rustfmt::skip]
        let cases: [(&str, &[&str]); 6] = [
            ("sonnet",  &["anthropic/claude-3.5-sonnet", "claude-sonnet-4"]),
            ("Opus",    &["claude-3-opus-20240229"]),
            ("4o",      &["gpt-4o", "gpt-4o-mini", "openai/gpt-4o-mini"]),
            ("gemini",  &["gemini-1.5-pro", "google/gemini-2.0-flash"]),
            ("o3",      &["o3", "o3-mini"]),
            ("flash",   &["google/gemini-2.0-flash"]),
        ];
        for (wanted, want) in cases {
            let mut got = closest(wanted, IDS.into_iter());
            got.sort_unstable();
            assert_eq!(got, want, "{wanted}");
        }
    }

    #[test]
    fn names_beyond_the_most_are_not_looked_at() {
        let names = |others| std::iter::repeat_n("x", others).chain(["gpt-4o"]);
        assert_eq!(closest("gpt-4p", names(MOST_NAMES - 1)), ["gpt-4o"]);
        assert_eq!(closest("gpt-4p", names(MOST_NAMES)), [""; 0]);
    }

    #[test]
    fn nothing_is_near_a_strange_name() {
        for wanted in [
            "",
            "x",
            "/",
            "banana",
            "my-finetune",
            "text-davinci-003",
            "command-r-plus",
            "qwen-2.5-72b",
        ] {
            assert_eq!(closest(wanted, IDS.into_iter()), [""; 0], "{wanted}");
        }
        assert_eq!(closest("gpt-4o", ["", "/", "-"].into_iter()), [""; 0]);
    }

    #[test]
    fn vendors_may_stand_on_either_side() {
        assert_eq!(closest("gpt-4o", ["openai/gpt-4o"].into_iter()), ["openai/gpt-4o"]);
        assert_eq!(closest("openai/gpt-4o", ["gpt-4o"].into_iter()), ["gpt-4o"]);
        let both = ["gpt-4o", "openai/gpt-4o"];
        assert_eq!(closest("openai/gpt-4o", both.into_iter()), ["openai/gpt-4o", "gpt-4o"]);
    }

    proptest! {
        #[test]
        fn prop_name_itself_is_nearest(wanted in "[a-z0-9]\\PC{0,30}", mut names in proptest::collection::vec("\\PC{0,20}", 0..8)) {
            names.push(wanted.clone());
            let got = closest(&wanted, names.iter().map(String::as_str));
            prop_assert_eq!(got.first().map(|name| name.to_lowercase()), Some(wanted.to_lowercase()));
            prop_assert!(got.len() <= MOST);
        }
    }
}
