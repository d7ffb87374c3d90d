//! The command line from outside: answers, errors and exit codes.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

use cacheplan_engine::policy::REGISTRY;
use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::{Scenario, link, presets};
use cacheplan_engine::sim::Sim;
use serde_json::Value;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// 100 requests to 20 objects in turn, each of 10 bytes and with a key of 2.
const TRACE: &str = "cycle.csv";

struct Folder(PathBuf);

impl Folder {
    /// A folder with a trace in it, for the test of this name.
    fn new(test: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        fs::create_dir_all(&path).unwrap();
        let lines = (0..100).map(|i| format!("{},k{:02},10,2\n", i / 10, i % 20));
        let text = "time,key,size,key_size\n".to_owned() + &lines.collect::<String>();
        fs::write(path.join(TRACE), text).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) {
        fs::write(self.0.join(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cacheplan"));
        command.current_dir(&self.0).args(args);
        command
    }

    fn output(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    /// Standard output of a command that must succeed.
    fn answer(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert!(
            output.status.success(),
            "{args:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.answer(args)).unwrap()
    }

    /// Standard error of a command that must fail with exit code 2 and say nothing else.
    fn refusal(&self, args: &[&str]) -> String {
        let output = self.output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty(), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

fn small_scenario() -> Scenario {
    let mut scenario = presets().remove(0).scenario;
    scenario.run.request_budget = 20_000;
    scenario
}

#[test]
fn replay_answers_in_json() {
    let folder = Folder::new("replay_json");
    let answer = folder.json(&["replay", TRACE, "--policy", "lru", "--capacity", "5", "--json"]);
    assert_eq!(answer["requests"], 100);
    assert_eq!(answer["objects"], 20);
    assert_eq!(
        answer["misses"], 100,
        "LRU never hits in a cycle that is longer than the cache"
    );
    assert_eq!(answer["miss_ratio"], 1.0);
    assert_eq!(answer["policy"], "lru");
    assert_eq!(answer["mode"], "objects");
    assert_eq!(answer["capacity"], 5);
    assert!(answer["read_seconds"].as_f64().unwrap() > 0.0);
    assert!(answer["simulate_seconds"].as_f64().unwrap() > 0.0);
}

#[test]
fn capacities_are_numbers_sizes_or_percentages() {
    let folder = Folder::new("capacities");
    let capacity = |args: &[&str]| {
        let all = [
            &["replay", TRACE, "--policy", "lru", "--json", "--capacity"],
            args,
        ]
        .concat();
        let answer = folder.json(&all);
        (
            answer["capacity"].as_u64().unwrap(),
            answer["misses"].as_u64().unwrap(),
        )
    };
    assert_eq!(capacity(&["100%"]), (20, 20));
    assert_eq!(capacity(&["99.9%"]), (19, 100));
    assert_eq!(capacity(&["0"]), (0, 100));
    assert_eq!(
        capacity(&["100%", "--bytes"]),
        (240, 20),
        "20 objects of 10 bytes with keys of 2"
    );
    assert_eq!(capacity(&["239", "--bytes"]), (239, 100));
    assert_eq!(capacity(&["1KiB", "--bytes"]), (1_024, 20));
}

#[test]
fn repeating_changes_nothing_but_the_times() {
    let folder = Folder::new("repeat");
    let args = [
        "replay",
        TRACE,
        "--policy",
        "random",
        "--capacity",
        "50%",
        "--json",
        "--repeat",
    ];
    let misses = |n| folder.json(&[&args[..], &[n]].concat())["misses"].clone();
    assert_eq!(misses("1"), misses("7"));
}

#[test]
fn bad_lines_are_told_or_refused() {
    let folder = Folder::new("bad_lines");
    folder.file("bad.csv", "time,key,size\n0,a,1\nx,b,1\n1,a,1\n");
    let output = folder.output(&[
        "replay",
        "bad.csv",
        "--policy",
        "lru",
        "--capacity",
        "1",
        "--json",
    ]);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(
        (&answer["requests"], &answer["misses"], &answer["skipped_lines"]),
        (&2.into(), &1.into(), &1.into())
    );
    let told = String::from_utf8(output.stderr).unwrap();
    assert!(
        told.contains("1 line could not be read") && told.contains("line 3: “x” is no time"),
        "{told}"
    );
    let refused = folder.refusal(&[
        "replay",
        "bad.csv",
        "--policy",
        "lru",
        "--capacity",
        "1",
        "--bad-lines",
        "refuse",
    ]);
    assert_eq!(refused, "error: bad.csv: line 3: “x” is no time\n");
}

#[test]
fn what_cannot_be_used_is_refused_with_a_reason() {
    let folder = Folder::new("refusals");
    folder.file("empty.csv", "");
    folder.file("noise.bin", "\u{1}\u{2}\u{3}");
    folder.file("unsized.csv", "time,key\n0,a\n");
    folder.file("typo.json", r#"{"cluster": {"shard": 3}}"#);
    folder.file("wrong.json", r#"{"cluster": {"shards": 0}}"#);
    let replay = |file: &str, more: &[&str]| {
        folder.refusal(&[&["replay", file, "--policy", "lru", "--capacity", "10%"], more].concat())
    };
    assert_eq!(replay("empty.csv", &[]), "error: empty.csv: the file is empty\n");
    assert!(replay("noise.bin", &[]).contains("in none of the known formats"));
    assert!(replay("unsized.csv", &["--bytes"]).contains("the trace tells no sizes"));
    assert!(replay("absent.csv", &[]).starts_with("error: absent.csv: "));
    assert!(replay(".", &[]).contains("directory"));
    assert!(replay(TRACE, &["--format", "parquet"]).contains("oracleGeneral"));
    let policy = folder.refusal(&["replay", TRACE, "--policy", "fifa", "--capacity", "1"]);
    assert!(
        REGISTRY.iter().all(|entry| policy.contains(entry.name)),
        "{policy}"
    );
    let capacity = |text| folder.refusal(&["replay", TRACE, "--policy", "lru", "--capacity", text]);
    assert!(capacity("many").contains("expected a number such as 5000, 64MiB or 10%"));
    assert!(capacity("1KiB").contains("needs --bytes"));
    let run = |scenario| folder.refusal(&["run", scenario]);
    assert!(run("typo.json").contains("cluster.shard"), "{}", run("typo.json"));
    assert!(
        run("wrong.json").contains("cluster.shards"),
        "{}",
        run("wrong.json")
    );
    assert!(run("nothing").contains(presets()[0].id));
    assert!(run("s1.AAAA").starts_with("error: "));
}

#[test]
fn run_prints_the_report_of_the_engine_byte_for_byte() {
    let folder = Folder::new("run_json");
    let scenario = small_scenario();
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(777).complete {}
    let expected = serde_json::to_string_pretty(&Report::of(&sim)).unwrap() + "\n";
    folder.file("scenario.json", &scenario.to_json());
    assert!(folder.answer(&["run", "scenario.json", "--json"]) == expected);
    let fragment = link::encode(&scenario);
    for link in [
        fragment.clone(),
        format!("#{fragment}"),
        format!("https://cacheplan.example/#{fragment}"),
    ] {
        assert!(folder.answer(&["run", &link, "--json"]) == expected, "{link}");
    }
    let budget = folder.answer(&["run", presets()[0].id, "--budget", "20000", "--json"]);
    assert!(budget == expected);
    assert!(folder.answer(&["run", "scenario.json", "--seed", "99", "--json"]) != expected);
}

#[test]
fn run_prints_tables_for_people() {
    let folder = Folder::new("run_text");
    let scenario = small_scenario();
    folder.file("scenario.json", &scenario.to_json());
    let text = folder.answer(&["run", "scenario.json"]);
    for part in [
        &scenario.name,
        "hit rate",
        "database",
        "memory",
        "Objectives",
        "Replication lag",
        "Findings",
        "Hot keys",
        "Per shard",
        "0-5460",
        "Per month",
        "Primaries",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn run_takes_a_trace() {
    let folder = Folder::new("run_trace");
    let report = folder.json(&["run", presets()[0].id, "--trace", TRACE, "--json"]);
    assert_eq!(report["sampling"]["requests"], 100);
    let counts = &report["summary"]["counts"];
    let asked = counts["reads"].as_u64().unwrap() + counts["writes"].as_u64().unwrap();
    assert_eq!(asked, 80, "the first fifth of the ten seconds warms the cache up");

    let mut scenario = small_scenario();
    scenario.workload =
        cacheplan_engine::scenario::Workload::Trace(cacheplan_engine::scenario::TraceWorkload {
            name: "other.csv".into(),
            fingerprint: 1,
            requests: 1,
            objects: 1,
            ..Default::default()
        });
    folder.file("trace.json", &scenario.to_json());
    assert!(folder.refusal(&["run", "trace.json"]).contains("other.csv"));
    assert!(
        folder
            .refusal(&["run", "trace.json", "--trace", TRACE])
            .contains("other.csv")
    );
}

#[test]
fn bench_measures_every_policy_against_the_probe() {
    let folder = Folder::new("bench");
    let small = [
        "bench",
        "--requests",
        "20000",
        "--capacity",
        "500",
        "--rounds",
        "1",
    ];
    let outcome = folder.json(&[&small[..], &["--json"]].concat());
    let rows = outcome["policies"].as_array().expect("rows");
    assert_eq!(rows.len(), REGISTRY.len());
    for (row, entry) in rows.iter().zip(REGISTRY) {
        assert_eq!(row["policy"], entry.name);
        for field in [
            "requests_per_s",
            "ns_per_request",
            "probe_ratio",
            "bytes_per_resident_key",
        ] {
            assert!(row[field].as_f64().expect(field) > 0.0, "{row}");
        }
    }
    assert_eq!(
        rows[0]["misses"], outcome["probe"]["misses"],
        "the probe is an LRU"
    );

    let of_a_trace = [
        "bench",
        "--trace",
        TRACE,
        "--policy",
        "fifo",
        "--capacity",
        "50%",
        "--rounds",
        "2",
    ];
    let text = folder.answer(&of_a_trace);
    assert!(
        text.contains("100 requests for 20 objects, of which 10 fit; medians of 2 rounds"),
        "{text}"
    );
    assert!(text.contains("\nfifo ") && !text.contains("\nlru "), "{text}");
}

#[test]
fn lists_name_every_policy_and_preset() {
    let folder = Folder::new("lists");
    let policies = folder.answer(&["policies"]);
    assert_eq!(policies.lines().count(), REGISTRY.len());
    assert!(
        REGISTRY
            .iter()
            .all(|entry| policies.contains(entry.name) && policies.contains(entry.summary))
    );
    let listed = folder.answer(&["presets"]);
    assert!(presets().iter().all(|preset| listed.contains(preset.id)));
}

/// `cacheplan run … | head`: whoever reads closes the pipe long before the end.
#[test]
fn a_closed_pipe_is_no_error() {
    let folder = Folder::new("pipe");
    let mut command = folder.command(&["run", presets()[0].id, "--budget", "20000", "--json"]);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = [0; 1];
    child.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

/// Rows of the table of recorded miss counts, where it is at hand.
#[test]
fn miss_counts_of_real_traces() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/traces");
    if !shared.exists() {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    }
    let folder = Folder::new("real");
    let misses = |trace: &str, capacity: &str, more: &[&str]| {
        let trace = shared.join(trace);
        let args = [
            "replay",
            trace.to_str().unwrap(),
            "--policy",
            "lru",
            "--json",
            "--capacity",
            capacity,
        ];
        folder.json(&[&args[..], more].concat())["misses"]
            .as_u64()
            .unwrap()
    };
    assert_eq!(misses("cloudPhysicsIO.oracleGeneral.bin", "1%", &[]), 95_420);
    assert_eq!(misses("cloudPhysicsIO.csv.zst", "30%", &["--bytes"]), 81_209);
    assert_eq!(
        misses("twitter_cluster52_1m.oracleGeneral.zst", "430", &[]),
        412_185
    );
    assert_eq!(misses("twitter_cluster52.csv.zst", "0.1%", &["--bytes"]), 500_612);
}
