//! The official OpenAI SDK for Node.js as a client of flow-sim.

use std::process::Command;

use super::trial::Classes;
use crate::Result;
use crate::interop::case::Case;
use crate::interop::command::{isolate, printed};
use crate::interop::install::{self, debian};
use crate::interop::place::Place;

const PACKAGE: &str = "openai@7.57.0";
const SCRIPT: &str = include_str!("openai_node.cjs");

/// A connection that is lost within a reply is none of the SDK's errors but that of `fetch`.
const CLASSES: Classes = Classes {
    other: "APIError",
    timeout: "APIConnectionTimeoutError",
    torn: "TypeError",
    id_in_stream: "request id as sent",
};

/// Tries the SDK.
pub(crate) fn run(place: &Place, step: &dyn Fn(&str)) -> Result<Vec<Case>> {
    require(place, "node", "nodejs")?;
    let dir = install::folder(place, "openai-node", PACKAGE, |dir| {
        require(place, "npm", "npm")?;
        step("installing the npm package");
        let mut npm = Command::new("npm");
        npm.args(["install", "--no-package-lock", "--no-audit", "--no-fund", "--prefix"]);
        printed("npm install", npm.arg(dir).arg(PACKAGE)).map(|_| ())
    })?;
    step("the client");
    let mut command = Command::new("node");
    isolate(&mut command, place.path(""));
    command.env("NODE_PATH", dir.join("node_modules"));
    command.arg(place.write("openai_node.cjs", SCRIPT)?);
    super::cases("node", place, command, &CLASSES)
}

/// Makes sure that a command is there.
fn require(place: &Place, command: &str, package: &str) -> Result {
    let is_there = || printed(command, Command::new(command).arg("--version")).map(|_| ());
    is_there().or_else(|error| {
        debian::install(place, package, &error.to_string())?;
        is_there()
    })
}
