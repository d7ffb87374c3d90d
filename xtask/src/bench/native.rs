//! The command line's replay against the probe.

use super::{CAPACITY, ROUNDS, Replay, compare, probe};
use crate::paths;
use crate::process::{at_root, cargo, output, run, say};
use anyhow::{Context, Result};
use std::env;
use std::path::Path;

/// Runs probe and `cacheplan replay` in turn, and prints the rounds.
pub(super) fn bench(trace: &Path, ids: &[u64]) -> Result<()> {
    run(cargo().args(["build", "--quiet", "--release", "--package", "cacheplan-cli"]))?;
    let cacheplan = paths::target()?
        .join("release")
        .join(format!("cacheplan{}", env::consts::EXE_SUFFIX));
    say("Replaying with LRU: the probe and `cacheplan replay` in turn, reading and interning not counted");
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((probe::replay(ids), replay(&cacheplan, trace)?));
    }
    compare("cacheplan replay", ids.len(), &rounds);
    Ok(())
}

fn replay(cacheplan: &Path, trace: &Path) -> Result<Replay> {
    let mut command = at_root(cacheplan);
    command
        .arg("replay")
        .arg(trace)
        .args(["--policy", "lru", "--capacity"])
        .arg(CAPACITY.to_string())
        .arg("--json");
    let answer: serde_json::Value = serde_json::from_str(&output(&mut command)?)
        .context("`cacheplan replay` did not answer with JSON")?;
    let misses = answer["misses"]
        .as_u64()
        .context("`cacheplan replay` tells no misses")?;
    let seconds = answer["simulate_seconds"]
        .as_f64()
        .context("`cacheplan replay` tells no simulate_seconds")?;
    Ok(Replay { misses, seconds })
}
