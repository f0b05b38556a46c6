//! `Retry-After`: how long the peers wait, and how long we do.

use std::time::Duration;

use flow_tests::{Fake, TestClient, VirtualClock, both};

use super::answers::Wait::{self, After, Backoff as B, Raise, Stop as X};
use super::answers::{Failure, Wall};
use super::differences::Peer::{AnthropicPython, AsyncOpenAi, OpenAiNode, OpenAiPython};
use super::differences::{Why, check, check_one};
use super::{Headers, attempts, reply};

both! {
    waits_are_those_of_the_table
    waits_of_the_python_table_are_kept
    limit_of_waits_is_pythons
    overloaded_service_gets_at_least_the_backoff
    backoff_is_the_pages
}

/// Headers; what openai-python, anthropic, openai-node and async-openai make of them; and we.
struct Row(Headers, [Wait; 4], Wait, &'static [&'static Why]);

static EARLY: Why = Why {
    from: &[AnthropicPython, OpenAiNode],
    because: "above 60 s they come back early, into a certain refusal; we wait as we are asked up \
              to 120 s, and above that we stop and say so",
};
static ENDLESS: Why = Why {
    from: &[AsyncOpenAi],
    because: "it waits for whatever it is told; above 120 s the caller should decide",
};
static OVERFLOW: Why = Why {
    from: &[AsyncOpenAi],
    because: "a number too large for its type is no number to it; to us it is a very long wait",
};
static HOT: Why = Why {
    from: &[OpenAiNode],
    because: "a wait of nothing is a hot loop; zero means that a retry is fine, not when",
};
static HOT_RUST: Why = Why { from: &[AsyncOpenAi], because: HOT.because };
static WHOLE: Why = Why {
    from: &[AsyncOpenAi],
    because: "it reads unsigned integers only; half a second is a plain statement",
};
static NO_DATES: Why = Why {
    from: &[AsyncOpenAi],
    because: "it reads no dates; RFC 9110 obliges recipients to read all three forms",
};
static NO_MS: Why = Why {
    from: &[AsyncOpenAi],
    because: "it does not know retry-after-ms, which is the more exact of the two",
};
static GRAMMAR: Why = Why {
    from: &[OpenAiPython, AnthropicPython, OpenAiNode],
    because: "no digits of RFC 9110, and two of the peers read different waits out of such text",
};
static SIGN: Why = Why {
    from: &[OpenAiPython, AnthropicPython, OpenAiNode, AsyncOpenAi],
    because: "a sign is outside RFC 9110's grammar, and no service is known to send one",
};
static PREFIX: Why = Why {
    from: &[OpenAiNode],
    because: "it reads the digits that a text begins with and drops the rest, unit and all",
};
static WEEKDAY: Why = Why {
    from: &[OpenAiPython, AnthropicPython, OpenAiNode],
    because: "a weekday that there is not makes no date; who sends it may have the rest wrong too",
};
static ZONE: Why = Why {
    from: &[OpenAiPython, AnthropicPython, OpenAiNode],
    because: "dates in HTTP end in GMT; no service is known to send another zone",
};
static RAISES: Why = Why {
    from: &[AnthropicPython],
    because: "a bad date must not take the place of the service's own error",
};
static HIDDEN: Why = Why {
    from: &[OpenAiPython, AnthropicPython, OpenAiNode],
    because: "a bad value must not hide a good one below it",
};
static HIDDEN_PYTHON: Why = Why { from: &[OpenAiPython, AnthropicPython], because: HIDDEN.because };

const fn s(seconds: u64) -> Wait {
    After(seconds * 1_000)
}

const HALF: Wait = After(500);
const EXACT: Wait = After(1_500);
const ENORMOUS: &str = "99999999999999999999999999999999999";

#[rustfmt::skip]
const TABLE: &[Row] = &[
    //   headers                                             python anthropic  node   async-openai  ours
    Row(&[("retry-after", "20")],                            [s(20),  s(20),  s(20),  s(20)],   s(20),  &[]),
    Row(&[("retry-after", "0")],                             [B,      B,      s(0),   s(0)],    B,      &[&HOT, &HOT_RUST]),
    Row(&[("retry-after", "-10")],                           [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", "60")],                            [s(60),  s(60),  s(60),  s(60)],   s(60),  &[]),
    Row(&[("retry-after", "61")],                            [s(61),  B,      B,      s(61)],   s(61),  &[&EARLY]),
    Row(&[("retry-after", "120")],                           [s(120), B,      B,      s(120)],  s(120), &[&EARLY]),
    Row(&[("retry-after", "121")],                           [X,      B,      B,      s(121)],  X,      &[&EARLY, &ENDLESS]),
    Row(&[("retry-after", "0.5")],                           [HALF,   HALF,   HALF,   B],       HALF,   &[&WHOLE]),
    Row(&[("retry-after", "1e1")],                           [s(10),  s(10),  s(10),  B],       B,      &[&GRAMMAR]),
    Row(&[("retry-after", "1_0")],                           [s(10),  s(10),  s(1),   B],       B,      &[&GRAMMAR]),
    Row(&[("retry-after", "+5")],                            [s(5),   s(5),   s(5),   s(5)],    B,      &[&SIGN]),
    Row(&[("retry-after", " 5 ")],                           [s(5),   s(5),   s(5),   s(5)],    s(5),   &[]),
    Row(&[("retry-after", "5s")],                            [B,      B,      s(5),   B],       B,      &[&PREFIX]),
    Row(&[("retry-after", "5, 10")],                         [B,      B,      s(5),   B],       B,      &[&PREFIX]),
    Row(&[("retry-after", "0x10")],                          [B,      B,      s(0),   B],       B,      &[&PREFIX]),
    Row(&[("retry-after", "inf")],                           [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", "Infinity")],                      [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", "nan")],                           [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", "")],                              [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", ENORMOUS)],                        [X,      B,      B,      B],       X,      &[&EARLY, &OVERFLOW]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 16:26:57 GMT")], [s(20),  s(20),  s(20),  B],       s(20),  &[&NO_DATES]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 16:26:37 GMT")], [B,      B,      s(0),   B],       B,      &[&HOT]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 16:26:27 GMT")], [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 16:27:37 GMT")], [s(60),  s(60),  s(60),  B],       s(60),  &[&NO_DATES]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 16:27:38 GMT")], [s(61),  B,      B,      B],       s(61),  &[&EARLY, &NO_DATES]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 16:28:38 GMT")], [X,      B,      B,      B],       X,      &[&EARLY, &NO_DATES]),
    Row(&[("retry-after", "Zun, 29 Sep 2023 16:26:57 GMT")], [s(20),  s(20),  s(20),  B],       B,      &[&WEEKDAY]),
    Row(&[("retry-after", "Friday, 29-Sep-23 16:26:57 GMT")], [s(20), s(20),  s(20),  B],       s(20),  &[&NO_DATES]),
    Row(&[("retry-after", "Fri Sep 29 16:26:57 2023")],      [s(20),  s(20),  s(20),  B],       s(20),  &[&NO_DATES]),
    Row(&[("retry-after", "2023-09-29T16:26:57Z")],          [B,      B,      B,      B],       B,      &[]),
    Row(&[("retry-after", "Fri, 29 Sep 2023 18:26:57 +0200")], [s(20), s(20), s(20),  B],       B,      &[&ZONE]),
    Row(&[("retry-after", "Fri, 29 Sep 100000 16:26:57 GMT")], [B,    Raise,  B,      B],       B,      &[&RAISES]),
    Row(&[("retry-after-ms", "1500")],                       [EXACT,  EXACT,  EXACT,  B],       EXACT,  &[&NO_MS]),
    Row(&[("retry-after-ms", "0")],                          [B,      B,      s(0),   B],       B,      &[&HOT]),
    Row(&[("retry-after-ms", "-5"), ("retry-after", "20")],  [B,      B,      B,      s(20)],   s(20),  &[&HIDDEN]),
    Row(&[("retry-after-ms", "abc"), ("retry-after", "20")], [s(20),  s(20),  s(20),  s(20)],   s(20),  &[]),
    Row(&[("retry-after-ms", "nan"), ("retry-after", "20")], [B,      B,      s(20),  s(20)],   s(20),  &[&HIDDEN_PYTHON]),
    Row(&[("retry-after-ms", "0"), ("retry-after", "20")],   [B,      B,      s(0),   s(20)],   B,      &[&HOT, &NO_MS]),
    Row(&[("retry-after-ms", "500"), ("retry-after", "20")], [HALF,   HALF,   HALF,   s(20)],   HALF,   &[&NO_MS]),
    Row(&[("retry-after-ms", "120000")],                     [s(120), B,      B,      B],       s(120), &[&EARLY, &NO_MS]),
    Row(&[("retry-after-ms", "120001")],                     [X,      B,      B,      B],       X,      &[&EARLY, &NO_MS]),
    Row(&[],                                                 [B,      B,      B,      B],       B,      &[]),
];

#[test]
fn every_difference_of_the_table_has_a_reason() {
    let peers = [OpenAiPython, AnthropicPython, OpenAiNode, AsyncOpenAi];
    for Row(headers, theirs, ours, whys) in TABLE {
        let theirs: Vec<_> = peers.into_iter().zip(*theirs).collect();
        check(&format!("{headers:?}"), &theirs, ours, whys);
    }
}

fn waits_are_those_of_the_table<C: TestClient>() {
    for Row(headers, _, ours, _) in TABLE {
        every_wait::<C>(headers, *ours);
    }
}

/// Under both statuses that a hint is commonly sent with, whichever clock counts, over some of
/// the randomness.
fn every_wait<C: TestClient>(headers: &[(&str, &str)], ours: Wait) {
    for status in [429, 500] {
        for wall in [Wall::Right, Wall::InReply] {
            for seed in 0..4 {
                let failure = Failure { status, headers, wall, seed };
                ours.check(&format!("{failure:?}"), failure.wait::<C>());
            }
        }
    }
}

const DELAY_ONLY: &str = "the table tells the delay, not whether there is a retry: by the one below \
                          it there is none";

/// `test_parse_retry_after_header` of openai-python: the value, its wait, ours and the reason.
#[rustfmt::skip]
const PYTHON: &[(&str, Wait, Wait, &str)] = &[
    ("20",                              s(20),  s(20),  ""),
    ("0",                               B,      B,      ""),
    ("-10",                             B,      B,      ""),
    ("60",                              s(60),  s(60),  ""),
    ("61",                              s(61),  s(61),  ""),
    ("120",                             s(120), s(120), ""),
    ("121",                             B,      X,      DELAY_ONLY),
    ("Fri, 29 Sep 2023 16:26:57 GMT",   s(20),  s(20),  ""),
    ("Fri, 29 Sep 2023 16:26:37 GMT",   B,      B,      ""),
    ("Fri, 29 Sep 2023 16:26:27 GMT",   B,      B,      ""),
    ("Fri, 29 Sep 2023 16:27:37 GMT",   s(60),  s(60),  ""),
    ("Fri, 29 Sep 2023 16:27:38 GMT",   s(61),  s(61),  ""),
    ("Fri, 29 Sep 2023 16:28:37 GMT",   s(120), s(120), ""),
    ("Fri, 29 Sep 2023 16:28:38 GMT",   B,      X,      DELAY_ONLY),
    (ENORMOUS,                          B,      X,      DELAY_ONLY),
    ("inf",                             B,      B,      ""),
    ("nan",                             B,      B,      ""),
    ("Zun, 29 Sep 2023 16:26:27 GMT",   B,      B,      ""),
    ("Fri, 29 Sep 100000 16:26:57 GMT", B,      B,      ""),
    ("",                                B,      B,      ""),
];

fn waits_of_the_python_table_are_kept<C: TestClient>() {
    for (value, theirs, ours, why) in PYTHON {
        check_one(value, theirs, ours, why);
        every_wait::<C>(&[("retry-after", value)], *ours);
    }
}

/// `test_retry_after_max_delay` of openai-python: the header, and whether a 429 is retried.
#[rustfmt::skip]
const LIMIT: &[(&str, &str, bool)] = &[
    ("retry-after",    "120",                           true),
    ("retry-after",    "121",                           false),
    ("retry-after-ms", "120000",                        true),
    ("retry-after-ms", "120001",                        false),
    ("retry-after",    "Fri, 29 Sep 2023 16:28:37 GMT", true),
    ("retry-after",    "Fri, 29 Sep 2023 16:28:38 GMT", false),
];

fn limit_of_waits_is_pythons<C: TestClient>() {
    for (name, value, is_retried) in LIMIT {
        for wall in [Wall::Right, Wall::InReply] {
            let headers = &[(*name, *value)];
            let failure = Failure { status: 429, headers, wall, seed: 1 };
            assert_eq!(failure.wait::<C>().is_some(), *is_retried, "{name}: {value}");
        }
    }
}

/// What an overloaded service hopes for is no reason to come back before the backoff is over.
fn overloaded_service_gets_at_least_the_backoff<C: TestClient>() {
    for (value, low, high) in [("0.1", 500, 1_000), ("0.7", 700, 1_000), ("20", 20_000, 24_000)] {
        for (status, seed) in [(503, 0), (529, 1), (503, 2), (529, 3)] {
            let headers = &[("retry-after", value)];
            let wait = Failure { status, headers, wall: Wall::Right, seed }.wait::<C>().unwrap();
            let range = Duration::from_millis(low)..=Duration::from_millis(high);
            assert!(range.contains(&wait), "{status}, {value}: {wait:?}");
        }
    }
}

const PAGE: &str = "the service's page asks for 1 s, 2 s and so on; half of it at the least keeps \
                    the callers apart";

type Range = (u64, u64);

/// The backoff before each retry in milliseconds: the official SDKs' range, ours and the reason.
#[rustfmt::skip]
const BACKOFF: &[(usize, Range, Range, &str)] = &[
    (1, (  375,   500), (  500, 1_000), PAGE),
    (2, (  750, 1_000), (1_000, 2_000), PAGE),
    (3, (1_500, 2_000), (2_000, 4_000), PAGE),
    (4, (3_000, 4_000), (4_000, 8_000), PAGE),
    (5, (6_000, 8_000), (4_000, 8_000), PAGE),
    (6, (6_000, 8_000), (4_000, 8_000), PAGE),
];

fn backoff_is_the_pages<C: TestClient>() {
    for seed in 0..8 {
        let clock = VirtualClock::new(seed);
        let failures = std::iter::repeat_n(reply(500, &[], ""), 7);
        let fake = Fake::new(clock.clone(), failures);
        let client = C::faked(fake.clone()).retry(attempts(7)).build().unwrap();
        let result = C::wait(client.on_clock(clock).hello("gpt-4o").send());
        assert!(result.is_err(), "{result:?}");
        let seen = fake.seen();
        for (retry, theirs, ours, why) in BACKOFF {
            check_one(&format!("retry {retry}"), theirs, ours, why);
            let wait = seen[*retry].at.since(seen[*retry - 1].at);
            let range = Duration::from_millis(ours.0)..=Duration::from_millis(ours.1);
            assert!(range.contains(&wait), "retry {retry}: {wait:?}");
        }
    }
}
