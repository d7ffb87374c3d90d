//! Measurements in a real browser, driven by the scripts in `tests/e2e/bench`.

use super::{CAPACITY, ROUNDS, median, native};
use crate::process::{output, say};
use crate::{build, paths, setup};
use anyhow::{Context, Result, bail};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

/// How often the page is opened.
const OPENINGS: usize = 10;

/// The measurements of one policy.
#[derive(Default)]
struct Row {
    misses: u64,
    seconds: Vec<f64>,
    /// Speed over that of the probe, which runs natively.
    probes: Vec<f64>,
    /// Speed over that of the native policy.
    shares: Vec<f64>,
}

/// What the worker answers.
#[derive(Deserialize)]
struct Answer {
    misses: u64,
    seconds: f64,
}

/// Replays through every policy natively and in the worker in turn, and prints a table.
pub(super) fn replay(trace: &Path) -> Result<()> {
    let cli = native::cli()?;
    let folder = build::for_bench()?;
    let mut script = script("replay.js")?;
    say(
        "Replaying in the browser's worker, in turn with the native replay, reading and interning not counted",
    );
    script
        .arg(folder)
        .arg(trace)
        .arg(CAPACITY.to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut child = script.spawn().context("cannot run the browser bench")?;
    let (Some(mut orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
        bail!("cannot talk to the browser bench");
    };
    let mut answers = BufReader::new(answers).lines();
    let policies = native::policies(&cli)?;
    let mut rows: Vec<Row> = policies.iter().map(|_| Row::default()).collect();
    let mut requests = 0;
    for _ in 0..ROUNDS {
        for (policy, row) in policies.iter().zip(&mut rows) {
            let (count, probe, native) = native::round(&cli, trace, CAPACITY, policy)?;
            requests = count;
            // Each line asks for one replay, and is answered by one line: the two never run at once.
            writeln!(orders, "{policy}").context("the browser bench ended early")?;
            let answer = answers.next().context("the browser bench ended early")??;
            let answer: Answer =
                serde_json::from_str(&answer).context("the browser bench told something else")?;
            row.misses = answer.misses;
            row.seconds.push(answer.seconds);
            row.probes.push(probe / answer.seconds);
            row.shares.push(native / answer.seconds);
        }
    }
    drop(orders);
    let status = child.wait().context("the browser bench did not end")?;
    if !status.success() {
        bail!("the browser bench failed ({status})");
    }
    println!(
        "{:12} {:>12} {:>10} {:>10} {:>7} {:>10}",
        "policy", "M requests/s", "ns/request", "misses", "probes", "of native"
    );
    for (policy, row) in policies.iter().zip(rows) {
        let seconds = median(row.seconds);
        println!(
            "{policy:12} {:>12.1} {:>10.1} {:>10} {:>7.2} {:>8.0} %",
            requests as f64 / seconds / 1e6,
            seconds * 1e9 / requests as f64,
            row.misses,
            median(row.probes),
            100.0 * median(row.shares)
        );
    }
    Ok(())
}

/// What became of one scenario.
#[derive(Deserialize)]
struct Run {
    title: String,
    requests: u64,
    hit_ratio: f64,
    /// By how much the hit ratio may be off, as the run states.
    error: f64,
    /// Keys evicted per request.
    evictions: f64,
    /// Seconds of each round.
    native: Vec<f64>,
    browser: Vec<f64>,
}

/// Simulates whole clusters natively and in the worker in turn, and prints a table.
pub(super) fn cluster() -> Result<()> {
    let cli = native::cli()?;
    let wire = native::wire()?;
    build::build()?;
    let mut script = script("cluster.js")?;
    say("Simulating clusters in the browser's worker, in turn with the native program");
    script
        .arg(paths::dist())
        .arg(ROUNDS.to_string())
        .env("CACHEPLAN_CLI", cli)
        .env("CACHEPLAN_WIRE", wire);
    let answer = output(&mut script)?;
    let runs: Vec<Run> =
        serde_json::from_str(&answer).context("the browser bench did not answer with runs")?;
    println!(
        "{:30} {:>10} {:>20} {:>9} {:>9} {:>9} {:>14} {:>14}",
        "scenario",
        "requests",
        "hit ratio",
        "evictions",
        "native s",
        "browser s",
        "native M/s",
        "browser M/s"
    );
    for run in runs {
        let (native, browser) = (median(run.native), median(run.browser));
        let speed = |seconds: f64| run.requests as f64 / seconds / 1e6;
        println!(
            "{:30} {:>10} {:>9.2} % ± {:>4.2} {:>7.2} % {:>9.3} {:>9.3} {:>14.2} {:>14.2}",
            run.title,
            run.requests,
            run.hit_ratio * 100.0,
            run.error * 100.0,
            run.evictions * 100.0,
            native,
            browser,
            speed(native),
            speed(browser)
        );
    }
    Ok(())
}

/// Opens the page again and again with a warm cache, and prints how long the first complete answer took.
pub(super) fn open() -> Result<()> {
    build::build()?;
    let mut script = script("open.js")?;
    say("Opening the page from a local server with a warm cache, until the first complete answer");
    let answer = output(script.arg(OPENINGS.to_string()))?;
    let times: Vec<f64> =
        serde_json::from_str(&answer).context("the browser bench did not answer with times")?;
    let list: Vec<_> = times.iter().map(|time| format!("{time:.0}")).collect();
    println!("ms: {}; median {:.0}", list.join(" "), median(times));
    Ok(())
}

/// A script of the browser bench.
fn script(name: &str) -> Result<Command> {
    let chromium = setup::browser()?.required()?;
    let mut script = setup::node()?;
    script
        .arg(format!("tests/e2e/bench/{name}"))
        .env("CACHEPLAN_CHROMIUM", chromium);
    Ok(script)
}
