//! `cargo xtask killed`: batches that are killed at random moments, and what is done twice or lost.
//!
//! The program is the example `batch_file` of either client, the service a flow-sim in this process,
//! which notes what it was asked for. Each run has a key of its own, so the log tells them apart.

mod batch;
mod judge;
mod requests;
mod run;
mod show;

use std::hash::{BuildHasher as _, RandomState};

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng as _;

use self::batch::Batch;
use self::judge::judge;
use crate::Result;
use crate::program::build;
use crate::progress::Progress;

/// How often to kill, and how to print what came of it.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// How often each batch is killed.
    #[arg(long, default_value_t = 20)]
    kills: usize,
    /// What the moments follow from; by default another one each time.
    #[arg(long)]
    seed: Option<u64>,
    /// Print one JSON object a line instead of a table.
    #[arg(long)]
    json: bool,
}

/// Kills the batches of both clients, prints what came of it, and fails where it is not what it must
/// be.
pub(crate) fn run(arguments: &Arguments) -> Result {
    let seed = arguments.seed.unwrap_or_else(|| RandomState::new().hash_one(0_u8));
    let folder = tempfile::tempdir()?;
    let progress = Progress::new();
    let mut rows = Vec::new();
    for client in ["flow-async", "flow-blocking"] {
        let built =
            build(client, &["--example", "batch_file"], folder.path())?.into_values().next();
        let program = built.ok_or("cargo built no example")?;
        let batch = Batch::new(client, program, arguments.kills)?;
        let tell = progress.of(client);
        let rounds = batch.run(&mut ChaCha8Rng::seed_from_u64(seed), tell)?;
        rows.push(show::Row::new(client, seed, arguments.kills, judge(&batch.keys(), &rounds)));
    }
    drop(progress);
    show::rows(&rows, arguments.json)?;
    let problems: Vec<_> = rows.iter().flat_map(show::Row::problems).collect();
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n").into()) }
}
