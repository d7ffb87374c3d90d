//! Bills: what is on them, and that they add up.

// Sums of lines are compared exactly; a scenario of the tests that has no plan is a failed test.
#![allow(clippy::float_cmp, clippy::unwrap_used)]

use cacheplan_engine::cost::{Bill, LineKind, Traffic};
use cacheplan_engine::scenario::Scenario;
use cacheplan_engine::units::{PerSecond, Usd};

const TRAFFIC: Traffic = Traffic {
    reads_per_s: PerSecond(1_000.0),
    database_reads_per_s: PerSecond(200.0),
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
