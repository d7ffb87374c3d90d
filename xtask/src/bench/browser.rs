//! Measurements in a real browser, driven by the scripts in `tests/e2e/bench`.

use super::{CAPACITY, ROUNDS, Replay, compare, median, probe};
use crate::process::{output, say};
use crate::{build, setup};
use anyhow::{Context, Result, bail};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// How often the page is opened.
const OPENINGS: usize = 10;

/// Runs the probe and the worker's replay in turn, and prints the rounds.
pub(super) fn replay(trace: &Path, ids: &[u64]) -> Result<()> {
    let mut script = script("replay.js")?;
    say("Replaying with LRU: the probe and the browser's worker in turn, reading and interning not counted");
    script
        .arg(trace)
        .arg(CAPACITY.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = script.spawn().context("cannot run the browser bench")?;
    let (Some(mut orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("cannot talk to the browser bench");
    };
    let mut answers = BufReader::new(answers).lines();
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        let probe = probe::replay(ids);
        // Each line asks for one round, and is answered by one line: the two never run at once.
        writeln!(orders, "go").context("the browser bench ended early")?;
        let answer = answers.next().context("the browser bench ended early")??;
        let answer: serde_json::Value =
            serde_json::from_str(&answer).context("the browser bench did not answer with JSON")?;
        let misses = answer["misses"].as_u64().context("the worker tells no misses")?;
        let seconds = answer["seconds"]
            .as_f64()
            .context("the worker tells no seconds")?;
        rounds.push((probe, Replay { misses, seconds }));
    }
    drop(orders);
    let status = child.wait().context("the browser bench did not end")?;
    if !status.success() {
        bail!("the browser bench failed ({status})");
    }
    compare("worker in the browser", ids.len(), &rounds);
    Ok(())
}

/// Opens the page again and again with a warm cache, and prints how long the first complete answer took.
pub(super) fn open() -> Result<()> {
    let mut script = script("open.js")?;
    say("Opening the page from a local server with a warm cache, until the first complete answer");
    let answer = output(script.arg(OPENINGS.to_string()))?;
    let times: Vec<f64> =
        serde_json::from_str(&answer).context("the browser bench did not answer with times")?;
    let list: Vec<_> = times.iter().map(|time| format!("{time:.0}")).collect();
    println!("ms: {}; median {:.0}", list.join(" "), median(times));
    Ok(())
}

/// A script of the browser bench, against an up-to-date `dist/`.
fn script(name: &str) -> Result<Command> {
    build::build()?;
    let chromium = setup::browser()?.required()?;
    let mut script = setup::node()?;
    script
        .arg(format!("tests/e2e/bench/{name}"))
        .env("CACHEPLAN_CHROMIUM", chromium);
    Ok(script)
}
