//! What a Serverless cache costs: ECPUs and data, each with its minimum.

use super::{HOURS_PER_MONTH, Line, LineKind};
use crate::catalog::serverless_price;
use crate::scenario::Plan;

/// Bytes of a GB.
const GB: f64 = 1e9;

/// What a Serverless cache is billed for, in the mean over time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Metered {
    /// ECPUs a second, not below the least that is set.
    pub ecpu_per_s: f64,
    /// Data in GB (10^9 bytes), not below what is billed at least.
    pub gb: f64,
}

impl Metered {
    /// Of intervals, each with its length in seconds, its ECPUs a second and the bytes that were there.
    pub fn of(plan: &Plan, intervals: impl Iterator<Item = (f64, f64, f64)>) -> Self {
        let scenario = plan.scenario();
        let price = serverless_price(&scenario.prices.region, scenario.cluster.engine);
        let (Some(serverless), Some(price)) = (scenario.cluster.serverless, price) else {
            return Self::default();
        };
        let least_gb = (serverless.min_bytes.0 as f64 / GB).max(price.min_gb);
        let mut whole = Self::default();
        let mut all = 0.0;
        for (seconds, ecpu_per_s, bytes) in intervals {
            whole.ecpu_per_s += seconds * ecpu_per_s.max(serverless.min_ecpu_per_s.0);
            whole.gb += seconds * (bytes / GB).max(least_gb);
            all += seconds;
        }
        if all <= 0.0 {
            return Self::default();
        }
        Self {
            ecpu_per_s: whole.ecpu_per_s / all,
            gb: whole.gb / all,
        }
    }

    /// The lines of a month in which this goes on all the time; none where the cache has nodes.
    pub(super) fn lines(self, plan: &Plan) -> Vec<Line> {
        let scenario = plan.scenario();
        let price = serverless_price(&scenario.prices.region, scenario.cluster.engine);
        let (Some(_), Some(price)) = (scenario.cluster.serverless, price) else {
            return Vec::new();
        };
        let line = |what: &str, quantity, unit: &str, unit_price| Line {
            what: what.into(),
            kind: LineKind::Cache,
            quantity,
            unit: unit.into(),
            unit_price,
            source: format!("{}, {}", price.source, price.as_of),
        };
        vec![
            line(
                "Requests",
                self.ecpu_per_s * HOURS_PER_MONTH * 3_600.0 / 1e6,
                "million ECPUs",
                price.usd_per_million_ecpu,
            ),
            line(
                "Data",
                self.gb * HOURS_PER_MONTH,
                "GB-hours",
                price.usd_per_gb_hour,
            ),
        ]
    }
}
