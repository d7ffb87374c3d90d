use super::*;
use crate::cost::Bill;
use crate::report::{
    Event, HotKey, Latencies, Limit, Logged, Metric, Sampling, Series, SeriesKey, ServerlessSummary,
    ShardSummary, Summary,
};
use crate::scenario::{Happening, ValueSize, What};
use crate::units::{Bytes, Micros, PerSecond};

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
        connections: Share(0.1),
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

    // Where every key may go, none is left.
    let found = findings(&scenario, &report);
    assert!(found[0].text.contains("No key is left"), "{}", found[0].text);
    assert_eq!(found[0].step, None);
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

fn find_in(scenario: &Scenario, report: &Report, id: &str) -> Finding {
    let found = findings(scenario, report);
    let names: Vec<&String> = found.iter().map(|finding| &finding.id).collect();
    let one = found.iter().find(|finding| finding.id == id);
    one.unwrap_or_else(|| panic!("{id} is none of {names:?}")).clone()
}

/// The finding after some changes of a calm day with one class of 100,000 keys, and what its step makes of the scenario.
fn found(id: &str, change: impl FnOnce(&mut Scenario, &mut KeyClass, &mut Report)) -> (Finding, Scenario) {
    let (mut scenario, mut report) = (Scenario::default(), calm());
    let mut class = KeyClass {
        name: "objects".into(),
        keys: 100_000,
        ..KeyClass::default()
    };
    report.classes = vec![ClassSummary {
        name: class.name.clone(),
        counts: report.summary.counts,
    }];
    change(&mut scenario, &mut class, &mut report);
    scenario.workload = Workload::Synthetic { classes: vec![class] };
    let finding = find_in(&scenario, &report, id);
    let mut after = scenario.clone();
    if let Some(step) = &finding.step {
        step.change.apply(&mut after);
        assert_ne!(after, scenario, "{id}");
        assert!(after.issues().is_empty(), "{id}: {:?}", after.issues());
    }
    (finding, after)
}

/// A metric and its value by minute.
type Column = (Metric, fn(usize) -> f64);

/// Columns of the cluster after an hour of minutes.
fn columns(report: &mut Report, columns: &[Column]) {
    report.series = Series {
        interval: Micros(60_000_000),
        keys: Vec::new(),
        columns: Vec::new(),
    };
    for (metric, value) in columns {
        report.series.keys.push(SeriesKey {
            metric: *metric,
            shard: None,
        });
        report.series.columns.push((0..60).map(value).collect());
    }
}

const fn ttl(seconds: u64, jitter: f64) -> Ttl {
    Ttl::Fixed {
        seconds: Seconds(seconds),
        jitter: Share(jitter),
    }
}

fn class_of(scenario: &Scenario) -> &KeyClass {
    match &scenario.workload {
        Workload::Synthetic { classes } => &classes[0],
        Workload::Trace(_) => panic!("synthetic"),
    }
}

#[test]
fn a_ttl_that_ends_too_soon_may_be_longer() {
    let (finding, after) = found("short-ttl", |_, class, report| {
        class.ttl = ttl(600, 0.1);
        report.classes[0].counts.misses_expired = 200_000;
    });
    assert_eq!(finding.tone, Tone::Warning);
    assert_eq!(finding.title, "A TTL of 10 min costs 20.0 points of hit rate");
    assert_eq!(class_of(&after).ttl, ttl(2_400, 0.1));
    let sliding = |seconds| Ttl::Sliding {
        seconds: Seconds(seconds),
    };
    let (_, after) = found("short-ttl", |_, class, report| {
        class.ttl = sliding(600);
        report.classes[0].counts.misses_expired = 200_000;
    });
    assert_eq!(class_of(&after).ttl, sliding(2_400));
}

#[test]
fn expiries_that_come_together_want_jitter() {
    let burst = |report: &mut Report| {
        report.classes[0].counts.misses_expired = 200_000;
        columns(
            report,
            &[
                (Metric::RequestsPerS, |_| 1_000.0),
                (
                    Metric::ExpirationsPerS,
                    |at| if at % 10 == 0 { 500.0 } else { 0.0 },
                ),
                (Metric::DatabasePerS, |at| if at % 10 == 0 { 400.0 } else { 20.0 }),
            ],
        );
    };
    let (finding, after) = found("aligned", |scenario, class, report| {
        scenario.run.warm_up_s = Seconds(0);
        class.ttl = ttl(600, 0.0);
        burst(report);
    });
    assert!(
        finding
            .text
            .starts_with("At the worst 500 keys/s expire, 10 times the mean"),
        "{}",
        finding.text
    );
    assert_eq!(class_of(&after).ttl, ttl(600, 0.2));
    // One that reads renew has no jitter that could be set.
    let (finding, _) = found("aligned", |scenario, class, report| {
        scenario.run.warm_up_s = Seconds(0);
        class.ttl = Ttl::Sliding {
            seconds: Seconds(600),
        };
        burst(report);
    });
    assert_eq!(finding.step, None);
    // What happened in the run may be the cause as well.
    let mut report = calm();
    burst_of(&mut report, burst);
    let mut scenario = Scenario::default();
    scenario.timeline.push(Happening {
        at_s: Seconds(1),
        duration_s: Seconds(0),
        what: What::Flush { shard: None },
    });
    let ids: Vec<String> = findings(&scenario, &report).into_iter().map(|f| f.id).collect();
    assert!(!ids.contains(&"aligned".to_string()));
}

fn burst_of(report: &mut Report, burst: impl Fn(&mut Report)) {
    report.classes = vec![ClassSummary {
        name: "objects".into(),
        counts: report.summary.counts,
    }];
    burst(report);
}

#[test]
fn data_that_is_not_asked_for_twice_is_told_apart() {
    let (finding, _) = found("low-reuse", |_, class, report| {
        class.keys = 1_000_000;
        let counts = &mut report.classes[0].counts;
        (counts.hits, counts.misses_cold) = (200_000, 800_000);
    });
    assert_eq!(finding.title, "objects is hardly asked for twice");
}

#[test]
fn values_written_for_nobody_are_counted() {
    let (finding, after) = found("unread-writes", |scenario, _, report| {
        scenario.client.writes = Writes::Through;
        report.classes[0].counts.writes = 9_500_000;
    });
    assert_eq!(finding.title, "10 writes of objects for each hit");
    assert_eq!(after.client.writes, Writes::Invalidate);
}

#[test]
fn a_hot_key_is_named_with_its_shard() {
    let (finding, after) = found("hot-key", |_, _, report| {
        report.shards[1].engine_cpu = Share(0.9);
        report.hot.keys.push(HotKey {
            class: "objects".into(),
            number: 1,
            shard: 1,
            of_all: Share(0.2),
            of_shard: Share(0.4),
        });
    });
    assert_eq!(
        (finding.tone, finding.title.as_str()),
        (Tone::Warning, "One key takes 40.0 % of shard 2")
    );
    assert!(after.client.near.is_some());
}

#[test]
fn network_and_connections_close_to_their_limits_are_told() {
    let (network, after) = found("network", |_, _, report| {
        report.shards[1].network = Share(1.1);
        report.shards[1].binding = Some(crate::report::Limit::NetworkOut);
    });
    assert_eq!(
        (network.tone, network.title.as_str()),
        (Tone::Bad, "Shard 2 asks for 110.0 % of its network")
    );
    assert_eq!(after.cluster.shards, 4);
    let (connections, _) = found("connections", |scenario, _, report| {
        scenario.client.connections = 58_500;
        report.shards[0].connections = Share(0.9);
    });
    assert_eq!(connections.tone, Tone::Warning);
    assert!(connections.text.contains("58.5 k open"), "{}", connections.text);
}

#[test]
fn replicas_that_are_read_and_behind_are_told() {
    let (finding, after) = found("replica-lag", |scenario, _, report| {
        scenario.client.read_from = ReadFrom::Replicas;
        report.summary.replication_lag = Micros(250_000);
        report.summary.counts.stale = 10_000;
    });
    assert_eq!(finding.tone, Tone::Warning);
    assert_eq!(finding.title, "Reads from replicas up to 250 ms behind");
    assert_eq!(after.client.read_from, ReadFrom::Primaries);
}

#[test]
fn what_a_failure_would_cost_is_told_before_it_happens() {
    let (finding, after) = found("no-replica", |scenario, _, report| {
        scenario.cluster.replicas = 0;
        scenario.database.capacity_per_s = PerSecond(2_000.0);
        report.shards[0].counts.hits = 475_000;
    });
    assert_eq!((finding.tone, finding.id.as_str()), (Tone::Warning, "no-replica"));
    assert!(
        finding.text.contains("gets 5.25 k/s of the 2 k/s"),
        "{}",
        finding.text
    );
    assert_eq!(after.cluster.replicas, 1);
    let (zone, after) = found("one-zone", |scenario, _, _| scenario.cluster.zones = 1);
    assert_eq!(zone.title, "All 6 nodes lie in one zone");
    assert_eq!(after.cluster.zones, 2);
}

#[test]
fn a_policy_without_candidates_is_told_before_stores_fail() {
    let (finding, after) = found("cannot-evict", |scenario, class, report| {
        scenario.cluster.redis.maxmemory_policy = MaxmemoryPolicy::VolatileLru;
        class.ttl = Ttl::None;
        report.summary.memory.peak_used = report.summary.memory.maxmemory;
    });
    assert_eq!(finding.tone, Tone::Warning);
    assert_eq!(after.cluster.eviction(), "allkeys-lru");
}

#[test]
fn a_snapshot_at_the_peak_is_told() {
    let (finding, _) = found("snapshot-at-peak", |scenario, _, report| {
        scenario.cluster.replicas = 0;
        columns(
            report,
            &[(
                Metric::RequestsPerS,
                |at| if at == 30 { 3_000.0 } else { 1_000.0 },
            )],
        );
        report.log.push(Logged {
            at: Micros(1_800_000_000),
            event: Event::Snapshot,
        });
    });
    assert_eq!(finding.tone, Tone::Warning);
    assert!(
        finding.text.starts_with("At 00:30 there are 3 k/s"),
        "{}",
        finding.text
    );
}

#[test]
fn large_values_and_stale_near_caches_are_told() {
    let (large, _) = found("large-values", |_, class, _| {
        class.value_size = ValueSize::Fixed { bytes: Bytes::mib(1) };
    });
    assert_eq!(large.title, "Values of objects take 1 MiB on average");
    let (near, after) = found("near-stale", |scenario, _, report| {
        scenario.client.near = Some(Near {
            ttl_ms: 60_000,
            ..Near::default()
        });
        scenario.objectives.stale_age_ms = Some(5_000.0);
        report.summary.counts.stale_near = 1_000;
        report.summary.counts.stale = 1_000;
        report.summary.stale_age = Micros(30_000_000);
    });
    assert_eq!(near.title, "Near caches are staler than 5 s");
    assert_eq!(after.client.near.map(|near| near.ttl_ms), Some(5_000));
}

#[test]
fn what_a_mean_hides_is_told() {
    let (shard, _) = found("hidden-shard", |_, _, report| {
        for (shard, hits) in report.shards.iter_mut().zip([990_000, 400_000]) {
            (shard.counts.hits, shard.counts.misses_evicted) = (hits, 1_000_000 - hits);
        }
    });
    assert_eq!(shard.title, "The mean hides shard 2: 40.0 % hits");
    let (class, _) = found("hidden-class", |_, _, report| {
        let counts = &mut report.classes[0].counts;
        (counts.hits, counts.misses_cold) = (30_000, 20_000);
    });
    assert_eq!(class.title, "The mean hides objects: 60.0 % hits");
}
