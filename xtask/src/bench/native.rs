//! `cacheplan bench`, built for release.

use crate::paths;
use crate::process::{at_root, cargo, output, run, say};
use anyhow::{Context, Result};
use serde::Deserialize;
use std::env;
use std::path::{Path, PathBuf};

/// What `cacheplan bench --json` tells of one policy, as far as it is needed here.
#[derive(Deserialize)]
struct Outcome {
    requests: u64,
    probe: Speed,
    policies: [Speed; 1],
}

#[derive(Deserialize)]
struct Speed {
    seconds: f64,
}

/// Builds `cacheplan` and gives its path.
pub(super) fn cli() -> Result<PathBuf> {
    run(cargo().args(["build", "--quiet", "--release", "--package", "cacheplan-cli"]))?;
    program("cacheplan")
}

/// Builds what translates the messages of workers and gives its path.
pub(super) fn wire() -> Result<PathBuf> {
    let engine = ["--package", "cacheplan-engine", "--example", "wire"];
    run(cargo().args(["build", "--quiet", "--release"]).args(engine))?;
    program("examples/wire")
}

fn program(name: &str) -> Result<PathBuf> {
    Ok(paths::target()?
        .join("release")
        .join(format!("{name}{}", env::consts::EXE_SUFFIX)))
}

/// Measures all policies and prints the table.
pub(super) fn bench() -> Result<()> {
    let cli = cli()?;
    say("Replaying natively: each policy in turn with the probe, generating requests not counted");
    run(at_root(cli).arg("bench"))
}

/// The names of all policies.
pub(super) fn policies(cli: &Path) -> Result<Vec<String>> {
    let list = output(at_root(cli).arg("policies"))?;
    let names = list.lines().filter_map(|line| line.split_whitespace().next());
    Ok(names.map(str::to_owned).collect())
}

/// One round of a policy: the number of requests, the seconds of the probe and those of the policy.
pub(super) fn round(cli: &Path, trace: &Path, capacity: u32, policy: &str) -> Result<(u64, f64, f64)> {
    let mut command = at_root(cli);
    command.args([
        "bench",
        "--rounds",
        "1",
        "--json",
        "--policy",
        policy,
        "--capacity",
    ]);
    command.arg(capacity.to_string()).arg("--trace").arg(trace);
    let outcome: Outcome =
        serde_json::from_str(&output(&mut command)?).context("`cacheplan bench` told something else")?;
    let [row] = outcome.policies;
    Ok((outcome.requests, outcome.probe.seconds, row.seconds))
}
