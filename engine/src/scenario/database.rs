//! The store of record behind the cache.

use crate::units::{PerSecond, Usd};
use serde::{Deserialize, Serialize};

/// The store of record behind the cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Mean time to serve one query when nobody waits: 1 µs to 60 s. Service times are exponential.
    pub latency_us: u32,
    /// Most queries per second that it completes: 1 to 100,000,000.
    pub capacity_per_s: PerSecond,
    /// Cost of a million reads; 0 when not billed by the request. Up to 1,000 USD.
    pub usd_per_million_reads: Usd,
}

impl Default for Database {
    fn default() -> Self {
        // DynamoDB on demand, us-east-1, 2026-07-31: prices.json, databases_behind_cache_us_east_1.
        Self {
            latency_us: 9_000,
            capacity_per_s: PerSecond(6_000.0),
            usd_per_million_reads: Usd(0.125),
        }
    }
}
