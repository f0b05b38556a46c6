//! Holds each row to its word: every difference has a reason, and no agreement has one.

use std::fmt::Debug;

/// Whose fact it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Peer {
    OpenAiPython,
    AnthropicPython,
    OpenAiNode,
    AsyncOpenAi,
    /// rig and genai, which retry nothing.
    RigAndGenai,
}

/// From whom we differ, and why.
#[derive(Debug)]
pub(super) struct Why {
    pub(super) from: &'static [Peer],
    pub(super) because: &'static str,
}

/// Checks that the reasons name exactly those peers that answer otherwise.
pub(super) fn check<T: PartialEq + Debug>(
    name: &str,
    theirs: &[(Peer, T)],
    ours: &T,
    whys: &[&Why],
) {
    let others = theirs.iter().filter(|(_, answer)| answer != ours).map(|(peer, _)| *peer);
    let mut explained: Vec<Peer> = whys.iter().flat_map(|why| why.from).copied().collect();
    explained.sort();
    let mut others: Vec<Peer> = others.collect();
    others.sort();
    assert_eq!(explained, others, "{name}: whom the reasons explain, and who differs");
    assert!(whys.iter().all(|why| why.because.len() > 20), "{name}: {whys:?}");
}

/// The same for a fact that has one answer.
pub(super) fn check_one<T: PartialEq + Debug>(name: &str, theirs: &T, ours: &T, why: &str) {
    if theirs == ours {
        assert_eq!(why, "", "{name}: a reason without a difference from {theirs:?}");
    } else {
        assert!(why.len() > 20, "{name}: {theirs:?} and {ours:?} differ without a reason");
    }
}

#[test]
fn every_difference_needs_a_reason_and_agreement_has_none() {
    use std::panic::catch_unwind;
    const WHY: &str = "a reason that is long enough";
    static NODE: Why = Why { from: &[Peer::OpenAiNode], because: WHY };
    let theirs = || [(Peer::OpenAiNode, 1), (Peer::AsyncOpenAi, 2)];
    check("explained", &theirs(), &2, &[&NODE]);
    check_one("agreed", &1, &1, "");
    check_one("explained", &1, &2, WHY);
    for wrong in [
        catch_unwind(|| check("for another", &theirs(), &1, &[&NODE])),
        catch_unwind(|| check("for one of two", &theirs(), &3, &[&NODE])),
        catch_unwind(|| check("missing", &theirs(), &2, &[])),
        catch_unwind(|| check_one("missing", &1, &2, "")),
        catch_unwind(|| check_one("needless", &1, &1, WHY)),
    ] {
        assert!(wrong.is_err());
    }
}
