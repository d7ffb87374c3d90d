//! Golden scenarios: their reports are committed and must come out bit for bit.
//!
//! `tests/golden/NAME.json` is a scenario, `NAME.expected.json` its headline figures, for review, and a hash of
//! the whole report. The end-to-end tests run the same scenarios in a browser worker. After a change that is
//! meant to move figures, `CACHEPLAN_BLESS=1 cargo test --test golden` writes them anew.

#![allow(clippy::unwrap_used)]

use cacheplan_engine::report::{Report, ShardSummary, Summary};
use cacheplan_engine::scenario::Scenario;
use cacheplan_engine::sim::Sim;
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Expected {
    /// FNV-1a of the report as pretty JSON.
    report_fnv1a64: String,
    summary: Summary,
    shards: Vec<ShardSummary>,
}

fn fnv1a64(text: &str) -> u64 {
    text.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

fn run(scenario: &Scenario, slice: u64) -> Report {
    let plan = scenario.plan().unwrap();
    let mut sim = Sim::new(plan, None).unwrap();
    while !sim.advance(slice).complete {}
    Report::of(&sim)
}

fn scenarios() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let name = path.to_string_lossy();
            name.ends_with(".json") && !name.ends_with(".expected.json")
        })
        .collect();
    files.sort();
    files
}

#[test]
fn reports_are_as_committed_however_the_run_is_sliced() {
    let files = scenarios();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let scenario = Scenario::from_json(&fs::read_to_string(&file).unwrap()).unwrap();
        let report = run(&scenario, 1_000_000);
        let text = serde_json::to_string_pretty(&report).unwrap();
        let sliced = serde_json::to_string_pretty(&run(&scenario, 777)).unwrap();
        assert_eq!(
            text,
            sliced,
            "{}: slices of advance change the report",
            file.display()
        );
        let found = Expected {
            report_fnv1a64: format!("{:016x}", fnv1a64(&text)),
            summary: report.summary,
            shards: report.shards,
        };
        let golden = file.with_extension("expected.json");
        if std::env::var_os("CACHEPLAN_BLESS").is_some() {
            fs::write(&golden, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let expected: Expected = serde_json::from_str(&fs::read_to_string(&golden).unwrap()).unwrap();
        assert_eq!(found, expected, "{}", file.display());
    }
}
