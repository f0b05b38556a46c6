//! Laws 1 to 10: the delays between attempts.

use std::time::Duration;

use flow_errors::{Backoff, InvalidPolicy, Jitter, RetryPolicy};
use proptest::prelude::*;

/// Any valid schedule, with its ends in nanoseconds.
fn schedules() -> impl Strategy<Value = (u64, u64, Jitter)> {
    let ends = prop_oneof![
        (1..=u64::MAX, 1..=u64::MAX),
        (1..=10_u64, 1..=20_u64),
        (1..=60_000_000_000_u64, 1..=600_000_000_000_u64),
    ];
    (ends, jitters()).prop_map(|((a, b), jitter)| (a.min(b), a.max(b), jitter))
}

/// The modes without memory.
fn jitters() -> impl Strategy<Value = Jitter> {
    prop_oneof![
        Just(Jitter::None),
        Just(Jitter::Full),
        Just(Jitter::Equal),
        (0..=100_u8).prop_map(|percent| Jitter::Proportional { percent }),
    ]
}

fn retries() -> impl Strategy<Value = u32> {
    prop_oneof![1..=70_u32, 1..=u32::MAX, Just(u32::MAX)]
}

fn backoff((base, cap, jitter): (u64, u64, Jitter)) -> Backoff {
    Backoff::new(Duration::from_nanos(base), Duration::from_nanos(cap), jitter).unwrap()
}

fn delay(schedule: (u64, u64, Jitter), retry: u32, entropy: u64) -> u64 {
    nanos(backoff(schedule).delay(retry, None, entropy))
}

fn nanos(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap()
}

/// E(n), by doubling in wide arithmetic instead of shifting.
fn exponential(base: u64, cap: u64, retry: u32) -> u64 {
    let mut value = u128::from(base);
    for _ in 1..retry.min(200) {
        value = (value * 2).min(u128::from(cap));
    }
    u64::try_from(value.min(u128::from(cap))).unwrap()
}

fn interval((base, cap, jitter): (u64, u64, Jitter), retry: u32) -> (u64, u64) {
    let e = exponential(base, cap, retry);
    match jitter {
        Jitter::None => (e, e),
        Jitter::Full => (0, e),
        Jitter::Equal => (e - e / 2, e),
        Jitter::Proportional { percent } => {
            let kept = u128::from(e) * u128::from(100 - percent) / 100;
            (u64::try_from(kept).unwrap(), e)
        }
        other => panic!("no law for {other:?}"),
    }
}

proptest! {
    #[test]
    fn prop_01_delay_is_at_most_the_cap(s in schedules(), retry in 0..=u32::MAX, entropy: u64) {
        prop_assert!(delay(s, retry, entropy) <= s.1);
    }

    #[test]
    fn prop_02_delay_lies_in_the_interval_of_its_mode(s in schedules(), retry in retries(), entropy: u64) {
        let (low, high) = interval(s, retry);
        let got = delay(s, retry, entropy);
        prop_assert!((low..=high).contains(&got), "{got} not in {low}..={high}");
    }

    #[test]
    fn prop_03_ceiling_doubles_up_to_the_cap(s in schedules(), retry in 1..u32::MAX) {
        let (base, cap, _) = s;
        let ceiling = |retry| delay((base, cap, Jitter::None), retry, 0);
        prop_assert!(ceiling(retry) <= ceiling(retry + 1));
        let doubled = (u128::from(ceiling(retry)) * 2).min(u128::from(cap));
        prop_assert_eq!(u128::from(ceiling(retry + 1)), doubled);
    }

    #[test]
    fn prop_04_delay_is_monotone_in_the_random_word(s in schedules(), retry in retries(), a: u64, b: u64) {
        prop_assert!(delay(s, retry, a.min(b)) <= delay(s, retry, a.max(b)));
    }

    #[test]
    fn prop_05_both_ends_are_attained(s in schedules(), retry in retries()) {
        prop_assert_eq!((delay(s, retry, 0), delay(s, retry, u64::MAX)), interval(s, retry));
    }

    #[test]
    fn prop_06_jitter_keeps_its_width_at_the_cap(s in schedules()) {
        prop_assume!(!matches!(s.2, Jitter::None | Jitter::Proportional { percent: 0 }));
        let jitter = s.2;
        let base = s.0.clamp(2, u64::MAX - 1);
        let s = (base, s.1.max(base + 1), jitter);
        prop_assert!(delay(s, u32::MAX, 0) < delay(s, u32::MAX, u64::MAX));
    }

    #[test]
    fn prop_07_decorrelated_delay_is_at_most_thrice_the_one_before(s in schedules(), entropies: Vec<u64>) {
        let (base, cap, _) = s;
        let backoff = backoff((base, cap, Jitter::Decorrelated));
        let mut previous = None;
        for (retry, entropy) in (1..).zip(entropies) {
            let delay = backoff.delay(retry, previous, entropy);
            let thrice = previous.map_or(base, nanos).saturating_mul(3).min(cap);
            prop_assert!((base..=thrice).contains(&nanos(delay)));
            prop_assert_eq!(nanos(backoff.delay(retry, previous, 0)), base);
            prop_assert_eq!(nanos(backoff.delay(retry, previous, u64::MAX)), thrice);
            previous = Some(delay);
        }
    }

    #[test]
    fn prop_08_delays_together_stay_below_the_closed_form(s in schedules(), k in 0..100_u32, entropy: u64) {
        let (base, cap, _) = s;
        let total: u128 = (1..=k).map(|n| u128::from(delay(s, n, entropy))).sum();
        let below = (0..k).take_while(|i| *i < 64 && u128::from(base) << i < u128::from(cap)).count();
        let below = u32::try_from(below).unwrap();
        let bound = u128::from(base) * ((1_u128 << below) - 1) + u128::from(k - below) * u128::from(cap);
        prop_assert!(total <= bound, "{total} > {bound}");
    }

    #[test]
    fn prop_09_nothing_panics_and_bad_settings_are_refused(
        initial: Duration, max: Duration, percent: u8, decorrelated: bool,
        attempts: u32, retry: u32, previous: Option<Duration>, entropy: u64,
    ) {
        let jitter = Jitter::Proportional { percent };
        let jitter = if decorrelated { Jitter::Decorrelated } else { jitter };
        match Backoff::new(initial, max, jitter) {
            Ok(backoff) => prop_assert!(backoff.delay(retry, previous, entropy) <= max),
            Err(InvalidPolicy::JitterAboveWhole(_)) => prop_assert!(percent > 100),
            Err(InvalidPolicy::ZeroInitialDelay) => prop_assert!(initial.is_zero()),
            Err(InvalidPolicy::InitialAboveMax { .. }) => prop_assert!(initial > max),
            Err(other) => prop_assert!(false, "{other}"),
        }
        let policy = RetryPolicy::builder().max_attempts(attempts).build();
        prop_assert_eq!(policy.is_ok(), (1..=RetryPolicy::MAX_ATTEMPTS).contains(&attempts));
    }

    #[test]
    fn prop_10_delay_is_uniform(seed: u64, cells in 2..20_u64) {
        // A Weyl sequence: evenly spread random words, so chi-square must come out tiny.
        let backoff = Backoff::new(
            Duration::from_nanos(cells - 1), Duration::from_nanos(cells - 1), Jitter::Full,
        ).unwrap();
        let draws = 1_000 * cells;
        let mut counts = vec![0_u64; usize::try_from(cells).unwrap()];
        let mut word = seed;
        for _ in 0..draws {
            word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let cell = usize::try_from(backoff.delay(1, None, word).as_nanos()).unwrap();
            counts[cell] += 1;
        }
        let expected = i64::try_from(draws / cells).unwrap();
        let chi_square: i64 = counts
            .iter()
            .map(|count| (i64::try_from(*count).unwrap() - expected).pow(2) / expected)
            .sum();
        // 99.9 % of truly random draws stay below 43.8 with 19 degrees of freedom.
        prop_assert!(chi_square < 44, "{counts:?}");
    }
}

#[test]
fn shift_by_exactly_the_leading_zeros_still_fits() {
    let s = (1, u64::MAX, Jitter::None);
    assert_eq!(delay(s, 64, 0), 1 << 63);
    assert_eq!(delay(s, 65, 0), u64::MAX);
}

#[test]
fn presets_are_what_the_page_and_the_docs_say() {
    let waits = |policy: RetryPolicy, entropy| {
        (1..policy.max_attempts())
            .map(|retry| policy.backoff().delay(retry, None, entropy).as_secs_f64())
            .collect::<Vec<_>>()
    };
    assert_eq!(waits(RetryPolicy::documented(), 0), [1.0, 2.0]);
    assert_eq!(waits(RetryPolicy::documented(), u64::MAX), [1.0, 2.0]);
    assert_eq!(waits(RetryPolicy::default(), 0), [0.5, 1.0]);
    assert_eq!(waits(RetryPolicy::default(), u64::MAX), [1.0, 2.0]);
    assert_eq!(waits(RetryPolicy::none(), 0), [0.0; 0]);
    assert_eq!(RetryPolicy::batch().max_attempts(), 10);
    assert_eq!(RetryPolicy::batch().max_turn_wait(), Duration::from_secs(24 * 3_600));
    assert_eq!(RetryPolicy::batch().backoff().delay(9, None, u64::MAX), Duration::from_secs(60));
}
