//! Secondary regions: who answers, how old that is, and what it costs.

// Figures of the bill are compared exactly.
#![allow(clippy::float_cmp, clippy::unwrap_used, clippy::panic)]

use cacheplan_engine::cost::LineKind;
use cacheplan_engine::report::{Event, Metric, Report, SecondarySummary};
use cacheplan_engine::scenario::{
    GlobalDatastore, Happening, KeyClass, Popularity, Rate, RunSettings, Scenario, ServiceTime, Ttl,
    ValueSize, What, Workload,
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

/// The primary region is lost at 400 s for so many seconds, and a secondary one is promoted so many after that.
fn lose(scenario: &mut Scenario, duration: u64, promotion: u64) {
    scenario.timeline.push(Happening {
        at_s: Seconds(400),
        duration_s: Seconds(duration),
        what: What::RegionLoss {
            promotion_s: Seconds(promotion),
        },
    });
}

/// Seconds at which something is in the log.
fn at(report: &Report, event: Event) -> Vec<f64> {
    let logged = report.log.iter().filter(|logged| logged.event == event);
    logged.map(|logged| logged.at.as_secs()).collect()
}

#[test]
fn nobody_answers_the_lost_region_until_another_is_promoted() {
    let mut scenario = scenario(0.4);
    lose(&mut scenario, 0, 100);
    let (report, secondary) = run(&scenario);
    for shard in 0..3 {
        assert_eq!(at(&report, Event::Failed { shard }), [400.0]);
        assert_eq!(at(&report, Event::Promoted { shard }), [500.0]);
    }
    let counts = report.summary.counts;
    // 900 reads a second, 60 % of them made in the region that is lost, for 100 s.
    let unreachable = counts.unreachable as f64 / 54_000.0;
    assert!((unreachable - 1.0).abs() < 0.02, "{unreachable}");
    // Others are answered nearby all the time, by the promoted region in the end: before it, 200 s are counted.
    let nearby = secondary.reads as f64 / (0.4 * 900.0 * 200.0);
    assert!((nearby - 1.0).abs() < 0.02, "{nearby}");
    assert_eq!(secondary.hits, secondary.reads);
    // What was written in the last half second, 100 a second, had not arrived.
    assert!((25..=75).contains(&counts.lost_writes), "{}", counts.lost_writes);
    // Hardly any value was stored for the first time then.
    assert!(counts.misses() < 5, "{}", counts.misses());
}

#[test]
fn the_lost_regions_clients_reach_the_promoted_one_across_regions() {
    let mut promoted = scenario(0.4);
    promoted.run.warm_up_s = Seconds(600);
    lose(&mut promoted, 0, 100);
    let (report, secondary) = run(&promoted);
    assert_eq!(secondary.reads, 0);
    let hits = report.summary.hit_latency;
    assert!((70_000..72_000).contains(&hits.p90.0), "{hits:?}");
    // Four in ten are in its own region now.
    assert!((41_500..43_000).contains(&hits.mean.0), "{hits:?}");
    assert_eq!(report.summary.counts.unreachable, 0);
    // No region is left that a write would be sent to.
    assert!(secondary.replicated_per_s < 1e-9);
    // Back as a secondary region, it answers its clients itself again.
    let mut back = promoted.clone();
    back.timeline.clear();
    lose(&mut back, 150, 50);
    let (report, secondary) = run(&back);
    let part = secondary.reads as f64 / report.summary.counts.reads as f64;
    assert!((part - 0.6).abs() < 0.01, "{part}");
    assert!(report.summary.hit_latency.p99.0 < 1_000);
    assert!(secondary.replicated_per_s > 1e5);
}

#[test]
fn of_two_secondary_regions_one_still_follows() {
    let mut scenario = scenario(0.6);
    scenario.run.warm_up_s = Seconds(600);
    scenario.cluster.global.as_mut().unwrap().secondaries = 2;
    lose(&mut scenario, 0, 100);
    let (report, secondary) = run(&scenario);
    let part = secondary.reads as f64 / report.summary.counts.reads as f64;
    assert!((part - 0.3).abs() < 0.01, "{part}");
}

#[test]
fn what_had_not_arrived_is_old_until_it_is_written_again() {
    let mut scenario = scenario(0.0);
    scenario.run.warm_up_s = Seconds(0);
    scenario.cluster.global.as_mut().unwrap().lag_ms = 5_000;
    let before = run(&scenario).0.summary.counts.stale;
    // Nothing but what is under way is lost when another region takes over at once.
    lose(&mut scenario, 0, 0);
    let counts = run(&scenario).0.summary.counts;
    assert_eq!(counts.unreachable, 0);
    // Of the keys 1 - exp(-0.5) were written in the 5 s, and are read 9 times until the next time.
    let stale = (counts.stale - before) as f64 / (1_000.0 * 0.3935 * 9.0);
    assert!((stale - 1.0).abs() < 0.15, "{stale}");
    assert!((400..600).contains(&counts.lost_writes), "{}", counts.lost_writes);
}

#[test]
fn a_region_that_is_back_before_another_is_promoted_is_empty() {
    let mut scenario = scenario(0.4);
    lose(&mut scenario, 50, 100);
    let (report, _) = run(&scenario);
    for shard in 0..3 {
        assert_eq!(at(&report, Event::Emptied { shard }), [450.0]);
        assert!(at(&report, Event::Promoted { shard }).is_empty());
    }
    let counts = report.summary.counts;
    assert_eq!(counts.lost_writes, 0);
    assert!(counts.misses_lost > 500, "{}", counts.misses_lost);
    // Served at 900 reads and 100 writes a second, the cache is full again within seconds.
    let hits = report.series.cluster(Metric::HitRatio).unwrap();
    assert!(hits.last().is_some_and(|ratio| *ratio > 0.999));
}

#[test]
fn the_loss_of_a_region_needs_another() {
    let mut scenario = scenario(0.0);
    lose(&mut scenario, 0, 60);
    scenario.cluster.global = None;
    let issues = scenario.issues();
    assert_eq!(
        issues[0].to_string(),
        "timeline[0].what is \"loss of the primary region\"; it must be left out without secondary regions: cluster.global"
    );
}
