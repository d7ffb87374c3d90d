//! Bills: lists of lines, each with quantity, unit price, source and date. Totals are sums of lines.

mod serverless;

pub use serverless::Metered;

use crate::catalog::transfer_price;
use crate::scenario::{NodePrice, Plan};
use crate::sim::Ran;
use crate::units::{PerSecond, Usd};
use serde::{Deserialize, Serialize};

/// Hours that a month counts in a bill, as in AWS's own calculator: 8,760 a year over 12.
pub const HOURS_PER_MONTH: f64 = 730.0;

/// What a month of the deployment costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bill {
    /// The lines; amounts are what they say, totals are sums of them.
    pub lines: Vec<Line>,
}

/// Mean rates that a run measured and that a bill extends to a month.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Traffic {
    /// Reads by the application: all of them would go to the database if there were no cache.
    pub reads_per_s: PerSecond,
    /// Reads that reached the database.
    pub database_reads_per_s: PerSecond,
    /// What a Serverless cache is billed for.
    pub metered: Metered,
    /// Bytes a second that go to the clusters of secondary regions.
    pub replicated_per_s: f64,
}

/// One line of a bill.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// What is paid for.
    pub what: String,
    /// Whether it is paid for the cache, or is a cost of the database that the cache leaves or avoids.
    pub kind: LineKind,
    /// How much of it a month.
    pub quantity: f64,
    /// Unit of the quantity, such as `node-hours`.
    pub unit: String,
    /// Price of one unit.
    pub unit_price: Usd,
    /// Where the price is from, with its date.
    pub source: String,
}

/// What a line is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineKind {
    /// The cache itself; the lines of this kind make the headline cost.
    Cache,
    /// Database work that remains.
    Database,
    /// Database work that the cache saved; informative, not part of a total to pay.
    DatabaseAvoided,
}

impl Line {
    /// Quantity times unit price.
    pub fn amount(&self) -> Usd {
        Usd(self.quantity * self.unit_price.0)
    }
}

impl Bill {
    /// The bill of a month in which this traffic goes on all the time.
    ///
    /// Lines of the database appear only where its reads are billed by the request.
    pub fn of(plan: &Plan, traffic: Traffic) -> Self {
        Self::of_run(plan, traffic, &[])
    }

    /// The same after a run that scaled the cluster: a month has as many nodes of each type as the run had on average, as
    /// if it were made of such runs.
    pub(crate) fn of_run(plan: &Plan, traffic: Traffic, ran: &[Ran]) -> Self {
        let cluster = &plan.scenario().cluster;
        let nodes = |what: String, count: f64, price: &NodePrice| Line {
            what,
            kind: LineKind::Cache,
            quantity: count * HOURS_PER_MONTH,
            unit: "node-hours".into(),
            unit_price: price.usd_per_hour,
            source: price.source.clone(),
        };
        let mut lines = traffic.metered.lines(plan);
        if ran.is_empty() && cluster.serverless.is_none() {
            let mut add = |what: &str, count: u32| {
                let what = format!("{what}: {count} of {}", plan.node().name);
                lines.push(nodes(what, f64::from(count), plan.node_price()));
            };
            add("Primaries", cluster.shards);
            if cluster.replicas > 0 {
                add("Replicas", cluster.shards * cluster.replicas);
            }
        }
        for ran in ran {
            let price = plan.price_of(ran.node);
            for (what, count) in [("Primaries", ran.primaries), ("Replicas", ran.replicas)] {
                if count > 0.0 {
                    let what = format!("{what}: {count:.2} of {} on average", ran.node.name);
                    lines.push(nodes(what, count, &price));
                }
            }
        }
        if cluster.global.is_some() {
            let count = cluster.secondary_nodes();
            let what = format!("Secondary regions: {count} of {}", plan.node().name);
            lines.push(nodes(what, f64::from(count), plan.node_price()));
            if let Some(price) = transfer_price(&plan.scenario().prices.region) {
                lines.push(Line {
                    what: "Transfer to secondary regions".into(),
                    kind: LineKind::Cache,
                    quantity: traffic.replicated_per_s * HOURS_PER_MONTH * 3_600.0 / 1e9,
                    unit: "GB".into(),
                    unit_price: price.usd_per_gb,
                    source: format!("{}, {}", price.source, price.as_of),
                });
            }
        }
        let per_million = plan.scenario().database.usd_per_million_reads;
        if per_million > Usd(0.0) {
            let reads = |what: &str, kind, per_s: f64| Line {
                what: what.into(),
                kind,
                quantity: per_s * HOURS_PER_MONTH * 3_600.0 / 1e6,
                unit: "million reads".into(),
                unit_price: per_million,
                source: "set in the scenario".into(),
            };
            let remaining = traffic.database_reads_per_s.0;
            let avoided = (traffic.reads_per_s.0 - remaining).max(0.0);
            lines.push(reads("Database reads", LineKind::Database, remaining));
            lines.push(reads(
                "Database reads avoided",
                LineKind::DatabaseAvoided,
                avoided,
            ));
        }
        Self { lines }
    }

    /// Sum of the lines of one kind.
    pub fn total(&self, kind: LineKind) -> Usd {
        let of_kind = self.lines.iter().filter(|line| line.kind == kind);
        Usd(of_kind.fold(0.0, |sum, line| sum + line.amount().0))
    }
}
