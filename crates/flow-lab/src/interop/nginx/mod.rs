//! nginx between our clients and flow-sim: what it says and does itself, its own pages and limits.
//!
//! Everything that is tried is one [`Trial`]: a location of nginx's, a call, and what must be
//! seen. One nginx serves them all; where nginx itself is restarted, there is a second one.

mod binary;
mod caller;
mod config;
mod limits;
mod pages;
mod pooled;
mod server;
mod site;
mod stage;
mod trial;
mod visit;
mod wire;
mod words;

use self::binary::Binary;
use self::caller::Which;
use self::stage::Stage;
use self::trial::Trial;
use self::visit::Visit;
use super::case::Case;
use super::place::Place;
use crate::Result;

/// Tries everything with both clients.
pub(super) fn run(place: &Place, step: &dyn Fn(&str)) -> Result<Vec<Case>> {
    let trials = trials();
    step("looking for nginx");
    let binary = Binary::find(place)?;
    let sites: Vec<_> = trials.iter().map(|trial| trial.site()).collect();
    let stage = Stage::new(place, &binary, &sites)?;
    let mut cases = Vec::new();
    for (number, trial) in trials.iter().enumerate() {
        for which in Which::EACH {
            step(&format!("{}/{} {} ({which})", cases.len() / 2 + 1, trials.len(), trial.name));
            cases.push(case(&stage, trial, which, &config::id(number, which)));
        }
    }
    Ok(cases)
}

/// Everything that is tried.
fn trials() -> Vec<&'static Trial> {
    let parts = [wire::TRIALS, pages::TRIALS, limits::TRIALS, pooled::TRIALS];
    parts.into_iter().flatten().collect()
}

/// Makes one visit, and holds what was seen against what must be seen.
fn case(stage: &Stage<'_>, trial: &Trial, which: Which, id: &str) -> Case {
    let visit = Visit::new(stage, trial.site(), which, id);
    let seen = visit.and_then(|visit| {
        let seen = (trial.go)(&visit)?;
        Ok(seen + &visit.logged()?)
    });
    Case {
        program: stage.version().to_owned(),
        client: which.to_string(),
        name: trial.name.to_owned(),
        expected: trial.expected.to_owned(),
        seen: seen.unwrap_or_else(|error| format!("could not be tried: {error}")),
    }
}
