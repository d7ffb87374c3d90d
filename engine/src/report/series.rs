//! Figures over time, as columns.

use crate::units::Micros;
use serde::{Deserialize, Serialize};

/// What a column measures; its unit stands in the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Requests per second.
    RequestsPerS,
    /// Hits over reads, 0 to 1; NaN where nothing was read.
    HitRatio,
    /// Queries per second to the database.
    DatabasePerS,
    /// Waiting time at the database at the end of the interval, microseconds.
    DatabaseWaitUs,
    /// `used_memory` over `maxmemory`, 0 to 1, at the end of the interval.
    MemoryShare,
    /// Evicted keys per second.
    EvictionsPerS,
    /// Expired keys removed per second.
    ExpirationsPerS,
    /// Requests per second that got no answer.
    FailedPerS,
    /// Further tries of database queries per second.
    RetriesPerS,
    /// Reads per second of a value that the database no longer held.
    StalePerS,
    /// Median latency, microseconds; NaN where nothing was asked.
    P50Us,
    /// 99th percentile of the latency, microseconds; NaN where nothing was asked.
    P99Us,
    /// `EngineCPUUtilization`, 0 to 1; of Serverless, ECPUs over the capacity of the moment.
    EngineCpu,
    /// ECPUs per second of the commands that a Serverless cache ran.
    EcpuPerS,
    /// ECPUs per second that it takes at the end of the interval.
    CapacityPerS,
    /// Commands per second that it refused because they came too fast.
    ThrottledPerS,
}

/// Which column: a metric of the whole cluster or of one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesKey {
    /// What it measures.
    pub metric: Metric,
    /// The shard's number, or `None` for the whole cluster.
    pub shard: Option<u16>,
}

/// Columns over a common time axis of equal intervals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Length of an interval.
    pub interval: Micros,
    /// Names of the columns, each once.
    pub keys: Vec<SeriesKey>,
    /// The columns, in the order of `keys`, all of the same length; value i covers
    /// `i * interval .. (i + 1) * interval`.
    pub columns: Vec<Vec<f64>>,
}

impl Series {
    /// The column of a metric of the whole cluster.
    pub fn cluster(&self, metric: Metric) -> Option<&[f64]> {
        self.column(SeriesKey { metric, shard: None })
    }

    /// The column of a metric of one shard.
    pub fn shard(&self, metric: Metric, shard: u16) -> Option<&[f64]> {
        self.column(SeriesKey {
            metric,
            shard: Some(shard),
        })
    }

    /// Number of intervals.
    pub fn len(&self) -> usize {
        self.columns.first().map_or(0, Vec::len)
    }

    /// Whether nothing was recorded yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn column(&self, key: SeriesKey) -> Option<&[f64]> {
        let at = self.keys.iter().position(|k| *k == key)?;
        self.columns.get(at).map(Vec::as_slice)
    }
}
