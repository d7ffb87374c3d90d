//! Bills: what is on them, and that they add up.

// Sums of lines are compared exactly; a scenario of the tests that has no plan is a failed test.
#![allow(clippy::float_cmp, clippy::unwrap_used)]

use cacheplan_engine::cost::{Bill, LineKind, Metered, Traffic};
use cacheplan_engine::scenario::{Engine, Scenario, Serverless};
use cacheplan_engine::units::{Bytes, PerSecond, Usd};

const TRAFFIC: Traffic = Traffic {
    reads_per_s: PerSecond(1_000.0),
    database_reads_per_s: PerSecond(200.0),
    replicated_per_s: 0.0,
    metered: Metered {
        ecpu_per_s: 0.0,
        gb: 0.0,
    },
};

fn bill(scenario: &Scenario) -> Bill {
    Bill::of(&scenario.plan().unwrap(), TRAFFIC)
}

fn close(a: Usd, b: f64) -> bool {
    (a.0 - b).abs() < 1e-9 * b.abs().max(1.0)
}

#[test]
fn nodes_cost_their_catalogue_price_with_source_and_date() {
    let bill = bill(&Scenario::default());
    let texts: Vec<&str> = bill.lines.iter().map(|line| line.what.as_str()).collect();
    assert_eq!(
        texts,
        [
            "Primaries: 3 of cache.r7g.large",
            "Replicas: 3 of cache.r7g.large",
            "Database reads",
            "Database reads avoided"
        ]
    );
    let line = &bill.lines[0];
    assert_eq!((line.quantity, line.unit.as_str()), (2_190.0, "node-hours"));
    assert_eq!(line.unit_price, Usd(0.1752));
    assert_eq!(
        line.source,
        "AWS Price List API, AmazonElastiCache, us-east-1, on demand, 2026-10-02"
    );
    assert!(close(bill.total(LineKind::Cache), 6.0 * 730.0 * 0.1752));
}

#[test]
fn a_price_set_by_hand_replaces_the_catalogue() {
    let mut scenario = Scenario::default();
    scenario.prices.node_usd_per_hour = Some(Usd(1.0));
    scenario.cluster.replicas = 0;
    let bill = bill(&scenario);
    assert_eq!(bill.lines[0].source, "set by hand");
    assert!(close(bill.total(LineKind::Cache), 3.0 * 730.0));
}

#[test]
fn database_reads_are_billed_by_the_million_and_only_when_they_cost() {
    let mut scenario = Scenario::default();
    scenario.database.usd_per_million_reads = Usd(0.125);
    let with = bill(&scenario);
    let month_s = 730.0 * 3_600.0;
    assert!(close(
        with.total(LineKind::Database),
        200.0 * month_s / 1e6 * 0.125
    ));
    assert!(close(
        with.total(LineKind::DatabaseAvoided),
        800.0 * month_s / 1e6 * 0.125
    ));

    scenario.database.usd_per_million_reads = Usd(0.0);
    let without = bill(&scenario);
    assert!(without.lines.iter().all(|line| line.kind == LineKind::Cache));
    assert_eq!(without.total(LineKind::Cache), with.total(LineKind::Cache));
}

#[test]
fn totals_are_sums_of_lines_and_nothing_else() {
    let mut scenario = Scenario::default();
    for (shards, replicas) in [(1, 0), (7, 3), (83, 5), (500, 0)] {
        scenario.cluster.shards = shards;
        scenario.cluster.replicas = replicas;
        let bill = bill(&scenario);
        for kind in [LineKind::Cache, LineKind::Database, LineKind::DatabaseAvoided] {
            let mut sum = 0.0;
            for line in bill.lines.iter().filter(|line| line.kind == kind) {
                assert_eq!(line.amount(), Usd(line.quantity * line.unit_price.0));
                sum += line.amount().0;
            }
            assert_eq!(bill.total(kind), Usd(sum));
        }
        let nodes: f64 = bill
            .lines
            .iter()
            .filter(|line| line.unit == "node-hours")
            .map(|line| line.quantity / 730.0)
            .sum();
        assert_eq!(nodes, f64::from(shards * (1 + replicas)));
    }
}

/// The bill of a Serverless cache on this engine, after intervals of length, ECPUs a second and bytes.
fn serverless(engine: Engine, settings: Serverless, intervals: &[(f64, f64, f64)]) -> Bill {
    let mut scenario = Scenario::default();
    scenario.cluster.engine = engine;
    scenario.cluster.serverless = Some(settings);
    scenario.database.usd_per_million_reads = Usd(0.0);
    let plan = scenario.plan().unwrap();
    let metered = Metered::of(&plan, intervals.iter().copied());
    Bill::of(&plan, Traffic { metered, ..TRAFFIC })
}

#[test]
fn serverless_is_billed_by_ecpus_and_data_with_their_minimums() {
    // 1,000 ECPU/s are 2,628 million a month.
    let busy = [(3_600.0, 500.0, 5e6), (3_600.0, 1_500.0, 5e6)];
    for (engine, ecpus, data) in [
        (Engine::Valkey81, 2_628.0 * 0.0023, 0.1 * 730.0 * 0.084),
        (Engine::RedisOss7, 2_628.0 * 0.0034, 730.0 * 0.125),
        (Engine::Memcached16, 2_628.0 * 0.0034, 730.0 * 0.125),
    ] {
        let bill = serverless(engine, Serverless::default(), &busy);
        let amounts: Vec<f64> = bill.lines.iter().map(|line| line.amount().0).collect();
        assert_eq!(bill.lines.len(), 2, "{bill:?}");
        assert!((amounts[0] - ecpus).abs() < 1e-9, "{bill:?}");
        assert!((amounts[1] - data).abs() < 1e-9, "{bill:?}");
        assert!(bill.lines.iter().all(|line| line.source.contains("2025-11-27")));
    }
    // 2 GB half of the time and nothing else: 1 GB in the mean, and 0.05 for the minimum of the other half.
    let bill = serverless(
        Engine::Valkey81,
        Serverless::default(),
        &[(60.0, 0.0, 2e9), (60.0, 0.0, 0.0)],
    );
    assert!((bill.lines[1].quantity - 1.05 * 730.0).abs() < 1e-9);
    // Kept ready for 100,000 ECPU/s, which come half of the time only, and for 10 GB.
    let settings = Serverless {
        min_ecpu_per_s: PerSecond(100_000.0),
        min_bytes: Bytes(10_000_000_000),
        ..Serverless::default()
    };
    let bill = serverless(
        Engine::RedisOss7,
        settings,
        &[(60.0, 300_000.0, 1e6), (60.0, 10.0, 1e6)],
    );
    assert!((bill.lines[0].quantity - 200_000.0 * 730.0 * 3_600.0 / 1e6).abs() < 1e-6);
    assert!((bill.lines[1].quantity - 7_300.0).abs() < 1e-9);
}
