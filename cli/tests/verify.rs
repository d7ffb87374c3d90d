//! `cacheplan verify` from outside: tables, JSON, bounds and broken recordings.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail as tests do"
)]

use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder(test: &str, files: &[(&str, &str)]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("verify_{test}"));
    fs::create_dir_all(&path).unwrap();
    for (name, text) in files {
        fs::write(path.join(name), text).unwrap();
    }
    path
}

fn verify(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cacheplan"))
        .arg("verify")
        .arg(folder)
        .args(args)
        .output()
        .unwrap()
}

/// A load of 100,000 keys of 16 bytes with values of 100 bytes: Valkey 8.1, measured.
fn memory_row(bytes_per_key: f64) -> String {
    format!(
        "{{\"server\":\"valkey-8.1.1\",\"n\":100000,\"key_len\":16,\"value_size\":100,\"ttl\":\"none\",\
         \"bytes_per_key\":{bytes_per_key},\"more\":1}}\n"
    )
}

const SLOTS: &str = r#"{"server":"any","keys":[["foo",12182],["{user1000}.following",3443]]}"#;

#[test]
fn what_holds_holds_and_what_is_missing_is_said() {
    let folder = folder(
        "holds",
        &[("b_memory.jsonl", &memory_row(165.8)), ("e_keyslots.json", SLOTS)],
    );
    let output = verify(&folder, &[]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{table}");
    assert!(
        table.contains("bytes per key") && table.contains("key slots"),
        "{table}"
    );
    assert!(
        table.contains("not there") && table.contains("a_policies.jsonl"),
        "{table}"
    );
    let json: Value = serde_json::from_slice(&verify(&folder, &["--json"]).stdout).unwrap();
    assert_eq!(json["passed"], true);
    let point = &json["checks"][0]["points"][0];
    assert_eq!(point["server"], "valkey-8.1.1");
    assert_eq!(point["measured"], 165.8);
    assert!((point["projected"].as_f64().unwrap() / 165.8 - 1.0).abs() < 0.03);
}

#[test]
fn past_a_bound_the_exit_code_is_1() {
    let folder = folder("past", &[("b_memory.jsonl", &memory_row(150.0))]);
    let output = verify(&folder, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stdout).unwrap().contains("PAST BOUND"));
}

#[test]
fn broken_recordings_are_named() {
    let text = memory_row(165.8) + "{\"server\":\"valkey-8.1.1\"}\n";
    let broken = folder("broken", &[("b_memory.jsonl", &text)]);
    let output = verify(&broken, &[]);
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("b_memory.jsonl: line 2: missing field"),
        "{message}"
    );
    let empty = folder("empty", &[("unknown.txt", "")]);
    let output = verify(&empty, &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        String::from_utf8(output.stderr)
            .unwrap()
            .contains("no recording to verify")
    );
    assert_eq!(verify(Path::new("/nowhere"), &[]).status.code(), Some(2));
}

/// One row of each kind of run, from the recordings where they are at hand.
#[test]
fn recorded_runs_are_re_created() {
    let truth = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/truth");
    let first = |file: &str, wanted: &str| {
        let text = fs::read_to_string(truth.join(file)).ok()?;
        let row = text.lines().find(|line| line.contains(wanted))?;
        Some(row.to_owned() + "\n")
    };
    let Some((policy, ttl)) =
        first("a_policies.jsonl", "\"allkeys-lfu\"").zip(first("a_ttl.jsonl", "volatile-ttl"))
    else {
        eprintln!("skipped: {} is not there", truth.display());
        return;
    };
    let folder = folder("truth", &[("a_policies.jsonl", &policy), ("a_ttl.jsonl", &ttl)]);
    let run = || String::from_utf8(verify(&folder, &["--json"]).stdout).unwrap();
    let answer = run();
    let json: Value = serde_json::from_str(&answer).unwrap();
    let hits = &json["checks"][0];
    assert_eq!(hits["rows"], 2);
    assert!(hits["worst_error"].as_f64().unwrap() < 0.6, "{hits}");
    assert_eq!(answer, run(), "threads change nothing");
}
