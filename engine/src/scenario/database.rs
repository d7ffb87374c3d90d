//! The store of record behind the cache, and how the application asks it.

use crate::units::{PerSecond, Share, Usd};
use serde::{Deserialize, Serialize};

/// The store of record behind the cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Database {
    /// Mean time to serve one query when nobody waits: 1 µs to 60 s.
    pub latency_us: u32,
    /// How service times vary about it.
    pub service: ServiceTime,
    /// Most queries per second that it completes: 1 to 100,000,000. With the latency it tells how many it serves at the
    /// same time.
    pub capacity_per_s: PerSecond,
    /// Most queries that may wait; further ones are refused at once: 0 to 10,000,000. Without, any number waits.
    pub queue: Option<u32>,
    /// After how long the application gives a query up: 1 ms to 600 s. Without, it waits for ever.
    pub timeout_ms: Option<u32>,
    /// Whether the database stops working on a query that was given up. Most do not: the query still takes its turn.
    pub cancels: bool,
    /// How often a query is tried again that was refused or given up: 0 to 10.
    pub retries: u32,
    /// Mean wait before the first further try; it doubles with each, and is drawn between none and twice the mean:
    /// 0 to 60,000 ms.
    pub backoff_ms: u32,
    /// Retries are at most this share of the queries of the last ten seconds. Without, every query may be tried again.
    pub retry_budget: Option<Share>,
    /// Read replicas, each as fast as the primary and with a queue of its own: 0 to 15 (Amazon Aurora's and RDS' most).
    /// Where there are any, reads go to them, evenly, and writes to the primary.
    pub replicas: u32,
    /// How far the replicas are behind: 0 to 600,000 ms. What is read there may be older than the database by this.
    pub replica_lag_ms: u32,
    /// Cost of a million reads; 0 when not billed by the request. Up to 1,000 USD.
    pub usd_per_million_reads: Usd,
}

/// How service times vary about their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ServiceTime {
    /// Exponential: many cheap queries, few dear ones.
    #[default]
    Exponential,
    /// All alike.
    Fixed,
    /// Lognormal.
    Lognormal {
        /// Standard deviation of the logarithm: 0 to 3.
        sigma: f64,
    },
}

impl Default for Database {
    fn default() -> Self {
        // DynamoDB on demand, us-east-1, 2026-07-31: prices.json, databases_behind_cache_us_east_1.
        Self {
            latency_us: 9_000,
            service: ServiceTime::default(),
            capacity_per_s: PerSecond(6_000.0),
            queue: None,
            timeout_ms: None,
            cancels: false,
            retries: 0,
            backoff_ms: 50,
            retry_budget: None,
            replicas: 0,
            // Aurora's replicas are "usually much less than 100 milliseconds" behind (Amazon Aurora User Guide).
            replica_lag_ms: 20,
            usd_per_million_reads: Usd(0.125),
        }
    }
}
