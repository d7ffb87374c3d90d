//! Scenarios as JSON files: what is read, and how errors are told.

use cacheplan_engine::scenario::{JsonError, Scenario, presets};

/// The sentence about a text that is no scenario.
fn refusal(text: &str) -> String {
    match Scenario::from_json(text) {
        Ok(scenario) => format!("accepted as {scenario:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn presets_survive_a_file() {
    for preset in presets() {
        let text = preset.scenario.to_json();
        assert!(text.ends_with("}\n"));
        assert_eq!(Scenario::from_json(&text), Ok(preset.scenario));
    }
}

#[test]
fn what_is_left_out_takes_its_default() {
    assert_eq!(Scenario::from_json("{}"), Ok(Scenario::default()));
    let scenario = Scenario::from_json(r#"{ "cluster": { "shards": 7 } }"#).unwrap();
    assert_eq!(scenario.cluster.shards, 7);
    assert_eq!(scenario.cluster.node_type, Scenario::default().cluster.node_type);
    assert_eq!(scenario.version, 1);
}

#[test]
fn errors_name_field_line_and_column() {
    let cases = [
        (
            "{\n  \"cluster\": { \"shards\": \"three\" }\n}",
            "line 2, column 32, cluster.shards: invalid type: string \"three\", expected u32",
        ),
        (
            "{\n  \"cluster\": { \"shrads\": 3 }\n}",
            "line 2, column 23, cluster.shrads: unknown field `shrads`, expected one of `engine`, `serverless`, `node_type`, `shards`, `replicas`, `cluster_mode`, \
             `distribution`, `slots`, `zones`, `tls`, `node_timeout_ms`, `require_full_coverage`, \
             `service_failover_s`, `replication`, `global`, `persistence`, `policy`, `reserved_memory`, \
             `maxmemory_bytes`, `redis`, `memcached`, `auto_scaling`",
        ),
        (
            r#"{ "workload": { "synthetic": { "classes": [ { "keys": 10 }, { "keys": -1 } ] } } }"#,
            "line 1, column 72, workload.classes[1].keys: invalid value: integer `-1`, expected u64",
        ),
        (
            r#"{ "workload": { "synthetic": { "classes": [ { "ttl": { "fixed": { "seconds": 60 } } } ] } } }"#,
            "line 1, column 81, workload.classes[0].ttl: missing field `jitter`",
        ),
        (
            r#"{ "workload": { "imagined": {} } }"#,
            "line 1, column 26, workload: unknown variant `imagined`, expected `synthetic` or `trace`",
        ),
        (
            r#"{ "database": { "capacity_per_s": null } }"#,
            "line 1, column 38, database.capacity_per_s: invalid type: null, expected f64",
        ),
        (
            "[]",
            "line 1, column 1: invalid type: sequence, expected a scenario",
        ),
        (
            "{\n  \"seed\": 1,\n}",
            "line 3, column 1: not valid JSON: trailing comma",
        ),
        (
            "{ \"seed\": 1",
            "line 1, column 11: not valid JSON: EOF while parsing an object",
        ),
        ("{} {}", "line 1, column 4: not valid JSON: trailing characters"),
    ];
    for (text, expected) in cases {
        assert_eq!(refusal(text), expected, "{text}");
    }
}

#[test]
fn a_newer_file_says_so_whatever_else_is_in_it() {
    let text = r#"{ "version": 2, "quantum": { "qubits": 5 } }"#;
    assert_eq!(Scenario::from_json(text), Err(JsonError::Newer(2)));
    assert_eq!(
        refusal(text),
        "the file was made by a newer version of Cacheplan (its format is 2, this version reads up to 1)"
    );
    assert_eq!(
        Scenario::from_json(r#"{ "version": 99999999999 }"#),
        Err(JsonError::Newer(99_999_999_999))
    );
}
