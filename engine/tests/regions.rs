//! Secondary regions: who answers, how old that is, and what it costs.

// Figures of the bill are compared exactly.
#![allow(clippy::float_cmp, clippy::unwrap_used, clippy::panic)]

use cacheplan_engine::cost::LineKind;
use cacheplan_engine::report::{Report, SecondarySummary};
use cacheplan_engine::scenario::{
    GlobalDatastore, KeyClass, Popularity, Rate, RunSettings, Scenario, ServiceTime, Ttl, ValueSize, Workload,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};

/// 1,000 values of 1,000 bytes that are read and, in one of ten requests, written.
fn scenario(share: f64) -> Scenario {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(900),
            warm_up_s: Seconds(300),
            request_budget: 1_000_000,
            warm_start: true,
        },
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys: 1_000,
                popularity: Popularity::Uniform,
                value_size: ValueSize::Fixed { bytes: Bytes(1_000) },
                rate: Rate::Constant {
                    per_s: PerSecond(1_000.0),
                },
                writes: Share(0.1),
                ttl: Ttl::None,
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.database.latency_us = 1_000;
    scenario.database.service = ServiceTime::Fixed;
    scenario.database.capacity_per_s = PerSecond(1e5);
    scenario.cluster.global = Some(GlobalDatastore {
        share: Share(share),
        ..GlobalDatastore::default()
    });
    scenario
}

fn run(scenario: &Scenario) -> (Report, SecondarySummary) {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(100_000).complete {}
    let report = Report::of(&sim);
    let secondary = report.secondary.unwrap();
    (report, secondary)
}

#[test]
fn reads_are_answered_nearby_and_are_behind() {
    let (report, secondary) = run(&scenario(0.4));
    let counts = report.summary.counts;
    let part = secondary.reads as f64 / counts.reads as f64;
    assert!((part - 0.4).abs() < 0.01, "{part}");
    assert_eq!((counts.misses(), secondary.hits), (0, secondary.reads));
    // Each value is written every 10 s; one of 500 ms before a read is a Poisson event: 1 - exp(-0.05).
    let stale = secondary.stale as f64 / secondary.reads as f64;
    assert!((stale - 0.0488).abs() < 0.004, "{stale}");
    assert!(
        report.summary.hit_latency.p99.0 < 1_000,
        "a round trip within the region"
    );
}

#[test]
fn writes_go_to_the_primary_region() {
    let latency = |share| run(&scenario(share)).0.summary.latency;
    // The database and then the cache: two round trips of 70 ms, for one request in ten.
    let slow = latency(1.0);
    assert!((141_000..143_000).contains(&slow.p99.0), "{slow:?}");
    assert!(latency(0.0).p99.0 < 3_000);
}

#[test]
fn a_miss_in_a_secondary_region_asks_the_primary_one() {
    let mut scenario = scenario(1.0);
    scenario.run.warm_start = false;
    scenario.run.warm_up_s = Seconds(0);
    let (report, secondary) = run(&scenario);
    // Some values are written before they are first read.
    let misses = report.summary.counts.misses();
    assert!((800..10_000).contains(&misses), "{misses}");
    assert_eq!(secondary.hits + misses, secondary.reads);
    let p50 = report.summary.miss_latency.p50.0;
    assert!((140_000..145_000).contains(&p50), "{p50}");
}

#[test]
fn the_bill_has_the_other_regions_nodes_and_the_transfer() {
    let mut scenario = scenario(0.5);
    scenario.cluster.global = Some(GlobalDatastore {
        secondaries: 2,
        ..GlobalDatastore::default()
    });
    let (report, secondary) = run(&scenario);
    // 100 writes a second of 1,000 bytes and 90 of framing go to two regions.
    let expected = 100.0 * 1_090.0 * 2.0;
    assert!(
        (secondary.replicated_per_s / expected - 1.0).abs() < 0.02,
        "{secondary:?}"
    );
    let of = |name: &str| {
        let mut lines = report.bill.lines.iter();
        lines.find(|line| line.what.starts_with(name)).unwrap().clone()
    };
    // 3 x 2 nodes in each.
    assert_eq!(of("Secondary regions").quantity, 12.0 * 730.0);
    let transfer = of("Transfer to secondary");
    assert_eq!(transfer.unit_price.0, 0.02);
    assert!((transfer.quantity - secondary.replicated_per_s * 730.0 * 3_600.0 / 1e9).abs() < 1e-6);
    let sum: f64 = ["Primaries", "Replicas", "Secondary", "Transfer"]
        .iter()
        .map(|name| of(name).amount().0)
        .sum();
    assert!((report.bill.total(LineKind::Cache).0 - sum).abs() < 1e-9);
}

#[test]
fn nodes_without_a_global_datastore_are_refused() {
    let mut scenario = scenario(0.5);
    scenario.cluster.node_type = "cache.t4g.medium".into();
    let issues = scenario.issues();
    assert_eq!(issues.len(), 1);
    assert_eq!(
        issues[0].to_string(),
        "cluster.global is set; it must be left out with T types and with Memcached, which have no Global Datastore"
    );
}
