//! How like two texts are, by the measure of Jaro and Winkler.
//!
//! By hand, because nothing else of the crates that have it is needed.

/// Returns how like two texts are: 1 for equal ones, 0 for those without a letter in common.
pub(crate) fn jaro_winkler(one: &str, other: &str) -> f64 {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let likeness = jaro(&one, &other);
    // Winkler: those that begin alike are more so.
    if likeness <= 0.7 {
        return likeness;
    }
    let same = one.iter().zip(&other).take(4).take_while(|(one, other)| one == other).count();
    likeness + 0.1 * float(same) * (1.0 - likeness)
}

fn jaro(one: &[char], other: &[char]) -> f64 {
    if one.is_empty() || other.is_empty() {
        return if one.len() == other.len() { 1.0 } else { 0.0 };
    }
    // Letters match if they are at most so far apart, each one once.
    let reach = (one.len().max(other.len()) / 2).saturating_sub(1);
    let mut is_matched = vec![false; other.len()];
    let mut matches = Vec::new();
    for (place, letter) in one.iter().enumerate() {
        let first = place.saturating_sub(reach);
        let last = place.saturating_add(reach);
        let near = other.iter().zip(&mut is_matched).enumerate().skip(first);
        let mut near = near.take_while(|(at, _)| *at <= last).map(|(_, letter)| letter);
        if let Some((_, is_matched)) = near.find(|(it, is_matched)| *it == letter && !**is_matched)
        {
            *is_matched = true;
            matches.push(letter);
        }
    }
    if matches.is_empty() {
        return 0.0;
    }
    let matched = other.iter().zip(&is_matched).filter(|(_, is_matched)| **is_matched);
    let displaced = matches.iter().zip(matched).filter(|(one, (other, _))| *one != other).count();
    let count = float(matches.len());
    let in_order = float(matches.len().saturating_sub(displaced / 2));
    (count / float(one.len()) + count / float(other.len()) + in_order / count) / 3.0
}

/// Exact for every text that fits into memory in practice.
fn float(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn likeness_is_as_published() {
        let cases = [
            ("", "", 1.0),
            ("a", "", 0.0),
            ("MARTHA", "MARHTA", 0.9611),
            ("DIXON", "DICKSONX", 0.8133),
        ];
        for (one, other, want) in cases {
            let got = jaro_winkler(one, other);
            assert!((got - want).abs() < 0.0001, "{one} and {other}: {got}");
        }
    }

    proptest! {
        #[test]
        fn prop_likeness_is_as_another_crate_has_it(one in "[a-e]{0,12}", other in "[a-eé]{0,12}") {
            let (got, want) = (jaro_winkler(&one, &other), strsim::jaro_winkler(&one, &other));
            prop_assert!((got - want).abs() < 1e-12, "{} instead of {}", got, want);
        }
    }
}
