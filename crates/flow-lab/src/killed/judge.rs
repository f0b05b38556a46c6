//! What must hold of a batch that was killed and went on.

use std::collections::BTreeSet;

use super::requests::CONCURRENCY;

/// How a run of the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Killed,
    /// By Ctrl-C: it finished what was under way.
    Interrupted,
    /// By itself: everything was done.
    Finished,
}

/// What was seen of a run.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) ending: Ending,
    /// The keys that the service was asked for.
    pub(super) asked: Vec<String>,
    /// The keys in the file after it.
    pub(super) recorded: Vec<String>,
    pub(super) is_torn: bool,
}

/// What came of a batch.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) requests: usize,
    pub(super) asked: usize,
    /// Calls that were made once more, because their run was killed before their reply was written.
    pub(super) repeated: usize,
    pub(super) torn: usize,
    pub(super) problems: Vec<String>,
}

/// Judges the runs of a batch.
pub(super) fn judge(keys: &BTreeSet<String>, rounds: &[Round]) -> Outcome {
    let mut outcome = Outcome { requests: keys.len(), ..Outcome::default() };
    let (mut done, mut asked_before) = (BTreeSet::new(), BTreeSet::new());
    for (number, round) in rounds.iter().enumerate() {
        let mut say = |what: &str, keys: BTreeSet<&String>| {
            if !keys.is_empty() {
                outcome.problems.push(format!("run {number} {:?}: {what}: {keys:?}", round.ending));
            }
        };
        let (asked, asked_twice) = once(&round.asked);
        let (recorded, recorded_twice) = once(&round.recorded);
        let under_way: BTreeSet<_> = asked.difference(&recorded).copied().collect();
        say("asked for twice in one run", asked_twice);
        say("twice in the file", recorded_twice);
        say("asked for although it was in the file", asked.intersection(&done).copied().collect());
        say("lost from the file", done.difference(&recorded).copied().collect());
        match round.ending {
            // What was under way is what may be asked for again.
            Ending::Killed if under_way.len() > CONCURRENCY => say("too many under way", under_way),
            Ending::Killed => {}
            Ending::Interrupted | Ending::Finished => {
                say("asked for and not in the file", under_way);
            }
        }
        if round.ending == Ending::Finished {
            say("never done", keys.iter().filter(|key| !recorded.contains(key)).collect());
        }
        outcome.asked = outcome.asked.saturating_add(round.asked.len());
        let repeated = asked.intersection(&asked_before).count();
        outcome.repeated = outcome.repeated.saturating_add(repeated);
        outcome.torn = outcome.torn.saturating_add(usize::from(round.is_torn));
        asked_before.extend(asked);
        done = recorded;
    }
    outcome
}

/// Returns the keys, and those that are there more than once.
fn once(keys: &[String]) -> (BTreeSet<&String>, BTreeSet<&String>) {
    let mut all = BTreeSet::new();
    let twice = keys.iter().filter(|key| !all.insert(*key)).collect();
    (all, twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ending, what was asked for and what is in the file after it; a key is a letter.
    type Seen<'a> = (Ending, &'a str, &'a str);

    fn problems(rounds: &[Seen<'_>]) -> String {
        let keys = |text: &str| text.chars().map(String::from).collect();
        let round = |&(ending, asked, recorded): &Seen<'_>| {
            let (asked, recorded) = (keys(asked), keys(recorded));
            Round { ending, asked, recorded, is_torn: false }
        };
        let rounds: Vec<_> = rounds.iter().map(round).collect();
        let all = "abcd".chars().map(String::from).collect();
        judge(&all, &rounds).problems.join("\n")
    }

    #[test]
    fn call_that_was_under_way_may_be_repeated_and_no_other() {
        use Ending::{Finished, Interrupted, Killed};
        #[rustfmt::skip]
        let cases: [(&[Seen<'_>], &str); 9] = [
            (&[(Finished, "abcd", "dcba")],                                ""),
            (&[(Killed, "abc", "b"), (Finished, "acd", "bacd")],           ""),
            (&[(Killed, "abc", "b"), (Finished, "abcd", "bacd")],          "run 1 Finished: asked for although"),
            (&[(Killed, "abc", "b"), (Finished, "acd", "acd")],            "run 1 Finished: lost from the file"),
            (&[(Killed, "aba", "b"), (Finished, "acd", "bacd")],           "run 0 Killed: asked for twice"),
            (&[(Killed, "abc", "bb"), (Finished, "acd", "bbacd")],         "run 0 Killed: twice in the file"),
            (&[(Killed, "abc", "b"), (Finished, "ac", "bac")],             "run 1 Finished: never done"),
            (&[(Interrupted, "abc", "bac"), (Finished, "d", "bacd")],      ""),
            (&[(Interrupted, "abc", "ba"), (Finished, "cd", "bacd")],      "run 0 Interrupted: asked for and not"),
        ];
        for (rounds, want) in cases {
            let problems = problems(rounds);
            assert!(problems.starts_with(want), "{rounds:?}: {problems}");
            assert_eq!(problems.is_empty(), want.is_empty(), "{rounds:?}: {problems}");
        }
        let many: String = ('A'..='Z').collect();
        let found = problems(&[(Killed, &many, "")]);
        assert!(found.contains("too many under way"), "{found}");
    }
}
