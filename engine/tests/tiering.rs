//! Data tiering: what is read from the SSD, what that costs in time and money, and when it evicts.

#![allow(clippy::unwrap_used, clippy::panic)]

use cacheplan_engine::cost::LineKind;
use cacheplan_engine::report::{Report, TieringSummary};
use cacheplan_engine::scenario::parameters::redis::MaxmemoryPolicy;
use cacheplan_engine::scenario::{
    KeyClass, Popularity, Rate, RunSettings, Scenario, Ttl, ValueSize, Workload,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};

/// 100,000 values of so many bytes on a node with so much memory and an SSD of 99 GiB, all there from the start.
fn run(memory_mib: u64, bytes: u64, popularity: Popularity) -> (Report, TieringSummary) {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(600),
            warm_up_s: Seconds(300),
            request_budget: 2_000_000,
            warm_start: true,
        },
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys: 100_000,
                popularity,
                value_size: ValueSize::Fixed { bytes: Bytes(bytes) },
                rate: Rate::Constant {
                    per_s: PerSecond(1_000.0),
                },
                writes: Share(0.0),
                ttl: Ttl::None,
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.cluster.node_type = "cache.r6gd.xlarge".into();
    scenario.cluster.shards = 1;
    scenario.cluster.replicas = 0;
    scenario.cluster.redis.maxmemory_policy = MaxmemoryPolicy::AllkeysLru;
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(memory_mib));
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(100_000).complete {}
    let report = Report::of(&sim);
    let tiering = report.tiering.unwrap();
    (report, tiering)
}

#[test]
fn values_beyond_memory_are_read_from_the_ssd_and_none_is_evicted() {
    let (report, tiering) = run(64, 1_000, Popularity::Uniform);
    let counts = report.summary.counts;
    assert_eq!((counts.misses(), counts.evictions), (0, 0));
    // What is on the SSD is what memory does not hold, and of keys that are all alike it gets the same part of the reads.
    let used = report.summary.memory.used.0;
    assert!((used - tiering.on_ssd.0).abs_diff(64 << 20) < 3_000);
    let expected = tiering.on_ssd.0 as f64 / 1e8;
    assert!((0.4..0.8).contains(&expected), "{expected}");
    let found = tiering.from_ssd as f64 / counts.hits as f64;
    assert!((found - expected).abs() < 0.01, "{found} and not {expected}");
    // They take 300 µs more.
    let (slow, mean) = (found * 300.0, report.summary.hit_latency.mean.0 as f64);
    let (fast, none) = run(640, 1_000, Popularity::Uniform);
    assert_eq!((none.from_ssd, none.on_ssd), (0, Bytes(0)));
    let usual = fast.summary.hit_latency.mean.0 as f64;
    assert!((mean - usual - slow).abs() < 5.0, "{mean} {usual} {slow}");
    // 0.6248 USD an hour.
    assert!((report.bill.total(LineKind::Cache).0 - 0.6248 * 730.0).abs() < 1e-9);
}

#[test]
fn popular_values_stay_in_memory() {
    let (report, tiering) = run(64, 1_000, Popularity::Zipf { exponent: 1.0 });
    let on_ssd = tiering.on_ssd.0 as f64 / 1e8;
    let read = tiering.from_ssd as f64 / report.summary.counts.hits as f64;
    assert!(read < on_ssd / 3.0, "{read} of reads, {on_ssd} of values");
}

#[test]
fn small_values_stay_in_memory_and_are_evicted_there() {
    let (report, tiering) = run(8, 30, Popularity::Uniform);
    assert!(report.summary.counts.evictions > 0);
    assert_eq!((tiering.from_ssd, tiering.on_ssd), (0, Bytes(0)));
    assert!(report.summary.memory.used.0 < 9 << 20);
}
