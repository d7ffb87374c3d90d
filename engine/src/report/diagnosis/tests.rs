use super::*;
use crate::cost::Bill;
use crate::report::{Latencies, Limit, Sampling, Series, ServerlessSummary, ShardSummary, Summary};
use crate::units::{Bytes, Micros, PerSecond, Share};

/// A report of a calm day: 1 M reads, 5 % first reads, a quarter of the memory in use.
fn calm() -> Report {
    let mut summary = Summary {
        seconds: 100.0,
        ..Summary::default()
    };
    summary.counts.reads = 1_000_000;
    summary.counts.hits = 950_000;
    summary.counts.misses_cold = 50_000;
    summary.memory.maxmemory = Bytes::gib(8);
    summary.memory.peak_used = Bytes::gib(2);
    summary.memory.working_set = Bytes::gib(2);
    summary.database.mean_per_s = PerSecond(500.0);
    summary.database.peak_per_s = PerSecond(600.0);
    summary.database.without_cache_per_s = PerSecond(5_000.0);
    summary.database.peak_utilisation = 0.1;
    summary.hit_latency = Latencies {
        p99: Micros(500),
        ..Latencies::default()
    };
    summary.miss_latency = Latencies {
        p50: Micros(9_000),
        ..Latencies::default()
    };
    Report {
        engine_version: "test".into(),
        progress: Share(1.0),
        sampling: Sampling {
            one_in: 1,
            keys: 1,
            keys_represented: 1,
            requests: 1,
            requests_represented: 1,
            hit_ratio_error: Share(0.0),
        },
        summary,
        shards: vec![shard(1_000.0, 0.2, 0.01), shard(1_000.0, 0.2, 0.01)],
        classes: Vec::new(),
        serverless: None,
        tiering: None,
        secondary: None,
        objectives: Vec::new(),
        alarms: Vec::new(),
        hot: Default::default(),
        findings: Vec::new(),
        log: Vec::new(),
        bill: Bill::default(),
        series: Series::default(),
    }
}

fn shard(operations: f64, cpu: f64, hottest: f64) -> ShardSummary {
    ShardSummary {
        first_slot: 0,
        last_slot: 1,
        counts: Default::default(),
        used: Bytes::gib(1),
        maxmemory: Bytes::gib(4),
        keys: 1,
        operations_per_s: PerSecond(operations),
        engine_cpu: Share(cpu),
        network: Share(0.0),
        binding: None,
        hottest_key_share: Share(hottest),
    }
}

fn ids(report: &Report) -> Vec<String> {
    findings(&Scenario::default(), report)
        .iter()
        .map(|finding| finding.id.clone())
        .collect()
}

fn find(report: &Report, id: &str) -> Finding {
    let found = findings(&Scenario::default(), report);
    found.into_iter().find(|finding| finding.id == id).unwrap()
}

#[test]
fn failing_stores_come_first_with_a_way_out() {
    let mut report = calm();
    report.summary.counts.out_of_memory = 10_000;
    let mut scenario = Scenario::default();
    scenario.cluster.redis.maxmemory_policy = MaxmemoryPolicy::VolatileLru;
    let found = findings(&scenario, &report);
    assert_eq!(
        (found[0].id.as_str(), found[0].tone),
        ("out-of-memory", Tone::Bad)
    );
    assert!(
        found[0].text.contains("Under volatile-lru only keys with a TTL"),
        "{}",
        found[0].text
    );
    found[0].step.as_ref().unwrap().change.apply(&mut scenario);
    assert_eq!(scenario.cluster.eviction(), "allkeys-lru");
}

#[test]
fn a_calm_day_has_nothing_pressing() {
    let found = findings(&Scenario::default(), &calm());
    assert!(
        found.iter().all(|finding| finding.tone == Tone::Plain),
        "{found:?}"
    );
    let misses = find(&calm(), "misses");
    assert_eq!(misses.title, "Most misses are first reads");
    assert!(
        misses.text.starts_with("5.0 % of reads miss: 0 points evicted"),
        "{}",
        misses.text
    );
    let roomy = find(&calm(), "oversized");
    assert_eq!(roomy.step.map(|step| step.change), Some(Change::Shards(2)));
}

#[test]
fn evictions_that_cost_hits_ask_for_a_shard_more() {
    let mut report = calm();
    report.summary.counts.misses_evicted = 30_000;
    report.summary.counts.evictions = 40_000;
    report.summary.memory.evicting_since = Some(Micros(3_600_000_000));
    report.summary.memory.peak_used = report.summary.memory.maxmemory;
    let found = find(&report, "undersized");
    assert_eq!(found.tone, Tone::Warning);
    assert_eq!(found.title, "Evictions cost 3.0 points of hit rate");
    assert!(
        found.text.contains("From 01:00 on 400 keys/s are evicted"),
        "{}",
        found.text
    );
    let mut scenario = Scenario::default();
    let step = found.step.unwrap();
    step.change.apply(&mut scenario);
    assert_eq!(scenario.cluster.shards, Scenario::default().cluster.shards + 1);
    assert!(!ids(&report).contains(&"oversized".to_string()));
}

#[test]
fn a_database_over_its_capacity_comes_first() {
    let mut report = calm();
    report.summary.database.peak_per_s = PerSecond(12_000.0);
    report.summary.database.peak_utilisation = 2.0;
    report.summary.database.without_cache_per_s = PerSecond(60_000.0);
    assert_eq!(ids(&report).first().map(String::as_str), Some("database"));
    let found = find(&report, "database");
    assert_eq!(found.tone, Tone::Bad);
    assert!(
        found.text.contains("10.0 times what it can take"),
        "{}",
        found.text
    );
}

#[test]
fn a_hot_key_is_not_spread_by_shards() {
    let mut report = calm();
    report.shards = vec![shard(1_000.0, 0.2, 0.01), shard(3_000.0, 0.95, 0.6)];
    let hot = find(&report, "hot-shard");
    assert_eq!(hot.title, "Shard 2 gets 1.50 times the mean");
    assert!(hot.text.contains("do not spread a single key"));
    assert_eq!(find(&report, "cpu").tone, Tone::Warning);
}

#[test]
fn the_tail_is_set_by_what_goes_to_the_database() {
    let mut report = calm();
    assert_eq!(find(&report, "tail").title, "Misses set the p99");
    report.summary.counts.writes = 200_000;
    assert_eq!(find(&report, "tail").title, "Writes set the p99");
    report.summary.counts.writes = 0;
    report.summary.counts.misses_cold = 0;
    report.summary.counts.hits = 1_000_000;
    assert_eq!(find(&report, "tail").title, "Hits set the p99");
}

#[test]
fn a_throttled_cache_names_the_limit_that_binds() {
    let mut report = calm();
    report.shards.truncate(1);
    report.serverless = Some(ServerlessSummary {
        ecpu_per_s: PerSecond(30_000.0),
        peak_ecpu_per_s: PerSecond(30_000.0),
        capacity_per_s: PerSecond(60_000.0),
        throttled: 1_000_000,
        busiest_slot: 866,
        busiest_slot_per_s: PerSecond(45_000.0),
        data: Bytes::gib(1),
    });
    for (binding, words) in [
        (Limit::SlotRate, "Hash slot 866 was asked for 45"),
        (Limit::MaximumRate, "It takes 60"),
        (Limit::ScaledRate, "a least number of ECPUs keeps it ready"),
    ] {
        report.shards[0].binding = Some(binding);
        let found = find(&report, "throttled");
        assert!(found.text.contains(words), "{}", found.text);
    }
}
