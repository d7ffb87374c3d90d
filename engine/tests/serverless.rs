//! Serverless caches: what they take over time, what they throttle, and what of a cluster has no effect on them.

#![allow(clippy::unwrap_used, clippy::panic)]

use cacheplan_engine::catalog::Engine;
use cacheplan_engine::report::{Limit, Metric, Report, ServerlessSummary};
use cacheplan_engine::scenario::{
    Cluster, Happening, KeyClass, OnCacheError, Popularity, Rate, ReadFrom, RunSettings, Scenario,
    Serverless, Ttl, ValueSize, What, Workload,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share, Usd};

/// Reads of a few small values at this rate, which fail where the cache refuses them.
fn reads(per_s: f64, seconds: u64, serverless: Serverless) -> Scenario {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(seconds),
            warm_up_s: Seconds(0),
            request_budget: 300_000,
            warm_start: false,
        },
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys: 20_000,
                popularity: Popularity::Uniform,
                value_size: ValueSize::Fixed { bytes: Bytes(400) },
                rate: Rate::Constant {
                    per_s: PerSecond(per_s),
                },
                writes: Share(0.0),
                ttl: Ttl::None,
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.cluster.serverless = Some(serverless);
    scenario.client.on_cache_error = OnCacheError::Fail;
    scenario.database.capacity_per_s = PerSecond(1e6);
    scenario
}

fn class(scenario: &mut Scenario) -> &mut KeyClass {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => &mut classes[0],
        Workload::Trace(_) => panic!("no class"),
    }
}

fn run(scenario: &Scenario) -> (Report, ServerlessSummary) {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(100_000).complete {}
    let report = Report::of(&sim);
    let serverless = report.serverless.unwrap();
    (report, serverless)
}

/// Part of the reads that were throttled.
fn throttled(of: &(Report, ServerlessSummary)) -> f64 {
    of.1.throttled as f64 / of.0.summary.counts.reads as f64
}

fn between(found: f64, least: f64, most: f64) {
    assert!(
        (least..most).contains(&found),
        "{found} is not between {least} and {most}"
    );
}

#[test]
fn capacity_doubles_until_the_load_fits() {
    // 30,000 ECPU/s double every 120 s: after 240 s they are 120,000, of 120,000 asked for. Until then
    // 30,000 x 120 / ln 2 x 3 = 15.6 of 28.8 million get through: 13.2 of 72 million are throttled.
    let run = run(&reads(120_000.0, 600, Serverless::default()));
    let share = throttled(&run);
    assert!((share / 0.1837 - 1.0).abs() < 0.03, "{share}");
    assert_eq!(run.0.summary.counts.failed, run.1.throttled);
    let capacity = run.0.series.cluster(Metric::CapacityPerS).unwrap();
    let at = |seconds: f64| capacity[(seconds / run.0.series.interval.as_secs()) as usize - 1];
    between(at(120.0), 55_000.0, 61_000.0);
    between(at(240.0), 110_000.0, 122_000.0);
    // It keeps twice the load of the busiest moment that was looked at.
    between(at(600.0), 235_000.0, 270_000.0);
    let slow = Scenario {
        cluster: Cluster {
            engine: Engine::RedisOss7,
            ..reads(1.0, 10, Serverless::default()).cluster
        },
        ..reads(120_000.0, 600, Serverless::default())
    };
    assert!(throttled(&self::run(&slow)) > 0.5, "it doubles only every 10 min");
}

#[test]
fn a_maximum_throttles_at_the_limit() {
    let serverless = Serverless {
        max_ecpu_per_s: Some(PerSecond(20_000.0)),
        ..Serverless::default()
    };
    let run = run(&reads(50_000.0, 300, serverless));
    between(throttled(&run), 0.58, 0.62);
    between(run.1.ecpu_per_s.0, 19_500.0, 20_500.0);
    assert_eq!(run.1.capacity_per_s, PerSecond(20_000.0));
    assert_eq!(run.0.shards[0].binding, Some(Limit::MaximumRate));
}

#[test]
fn one_slot_gets_its_own_limit_however_large_the_cache() {
    let serverless = Serverless {
        min_ecpu_per_s: PerSecond(1e6),
        ..Serverless::default()
    };
    let mut scenario = reads(60_000.0, 60, serverless);
    // The cache fills first.
    scenario.run.warm_up_s = Seconds(20);
    assert_eq!(run(&scenario).1.throttled, 0);
    class(&mut scenario).hash_tags = Some(1);
    let one_slot = run(&scenario);
    between(throttled(&one_slot), 0.48, 0.52);
    assert_eq!(one_slot.0.shards[0].binding, Some(Limit::SlotRate));
    between(one_slot.1.busiest_slot_per_s.0, 58_000.0, 62_000.0);
    scenario.client.read_from = ReadFrom::Replicas;
    assert_eq!(run(&scenario).1.throttled, 0, "copies take three times as much");
    scenario.client.read_from = ReadFrom::Primaries;
    class(&mut scenario).hash_tags = None;
    class(&mut scenario).keys = 1;
    between(throttled(&run(&scenario)), 0.48, 0.52);
}

#[test]
fn bytes_and_heavy_commands_cost_more_ecpus() {
    let serverless = Serverless {
        min_ecpu_per_s: PerSecond(1e6),
        ..Serverless::default()
    };
    let mut scenario = reads(1_000.0, 600, serverless);
    class(&mut scenario).value_size = ValueSize::Fixed { bytes: Bytes(3_200) };
    let large = run(&scenario);
    // 600,000 reads of 3.2 ECPUs, but for the first of each key: 1 to find nothing and 3.2 to store the value.
    let expected = (600_000.0 * 3.2 + 20_000.0) / 600.0;
    between(large.1.ecpu_per_s.0, expected * 0.99, expected * 1.01);
    class(&mut scenario).heavy.share = Share(1.0);
    class(&mut scenario).heavy.cost = 10.0;
    between(run(&scenario).1.ecpu_per_s.0, 9_900.0, 10_300.0);
}

#[test]
fn full_storage_evicts_what_has_a_ttl_and_refuses_the_rest() {
    let serverless = Serverless {
        max_bytes: Some(Bytes(1_000_000_000)),
        ..Serverless::default()
    };
    let mut scenario = reads(2_000.0, 600, serverless);
    class(&mut scenario).keys = 2_000_000;
    class(&mut scenario).value_size = ValueSize::Fixed { bytes: Bytes(4_000) };
    let refuses = run(&scenario).0.summary;
    assert!(refuses.counts.out_of_memory > 0 && refuses.counts.evictions == 0);
    class(&mut scenario).ttl = Ttl::Fixed {
        seconds: Seconds(86_400),
        jitter: Share(0.0),
    };
    let (report, serverless) = run(&scenario);
    let counts = report.summary.counts;
    assert!(counts.out_of_memory == 0 && counts.evictions > 0);
    assert_eq!(report.summary.memory.maxmemory, Bytes(1_000_000_000));
    assert!(serverless.data.0 > 500_000_000);
}

#[test]
fn a_command_takes_the_time_of_the_service() {
    let run = run(&reads(1_000.0, 300, Serverless::default()));
    let latency = run.0.summary.hit_latency;
    // A round trip of 300 µs and 600 µs in the mean, of which half are over after 416 µs.
    between(latency.p50.0 as f64, 690.0, 750.0);
}

#[test]
fn what_the_service_decides_needs_no_valid_setting() {
    let mut scenario = reads(1_000.0, 60, Serverless::default());
    let usual = serde_json::to_string(&run(&scenario).0).unwrap();
    scenario.cluster.shards = 1_000;
    scenario.cluster.node_type = "none".into();
    scenario.cluster.reserved_memory = Share(7.0);
    scenario.cluster.slots = Some(vec![1, 2, 3]);
    scenario.prices.node_usd_per_hour = Some(Usd(1.0));
    assert_eq!(serde_json::to_string(&run(&scenario).0).unwrap(), usual);
}

#[test]
fn bounds_of_serverless_are_told() {
    let told = |serverless: Serverless| {
        let issues = reads(1_000.0, 60, serverless).issues();
        let texts: Vec<String> = issues.iter().map(ToString::to_string).collect();
        texts.join("; ")
    };
    assert_eq!(
        told(Serverless {
            max_ecpu_per_s: Some(PerSecond(10.0)),
            ..Serverless::default()
        }),
        "cluster.serverless.max_ecpu_per_s is 10; it must be between 1,000 and 15,000,000 ECPU/s"
    );
    let above = told(Serverless {
        min_ecpu_per_s: PerSecond(9_000.0),
        max_ecpu_per_s: Some(PerSecond(8_000.0)),
        min_bytes: Bytes(3_000_000_000),
        max_bytes: Some(Bytes(2_000_000_000)),
    });
    assert!(above.contains("8,000; it must be not below cluster.serverless.min_ecpu_per_s"));
    assert!(above.contains("2,000,000,000; it must be not below cluster.serverless.min_bytes"));
    let mut scenario = reads(1_000.0, 60, Serverless::default());
    scenario.timeline.push(Happening {
        at_s: Seconds(1),
        duration_s: Seconds(1),
        what: What::NodeFailure { shard: 0 },
    });
    assert_eq!(
        scenario.issues()[0].to_string(),
        "timeline[0].what is \"node failure\"; it must be something else, as Serverless has no nodes that its user sees"
    );
}
