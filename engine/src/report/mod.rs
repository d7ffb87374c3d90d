//! All that a run tells, as plain data: headline figures, verdicts, alarms, series over time, shards, the bill.

mod alarms;
mod build;
mod diagnosis;
mod hot;
mod objectives;
mod outages;
mod series;
#[cfg(test)]
mod tests;

pub use alarms::{Alarm, Severity, Symptom};
pub use diagnosis::{Change, Finding, Step, Tone, sentence};
pub use hot::{Hot, HotKey};
pub use objectives::{Budget, Outcome, Verdict, figure_text};
pub use series::{Metric, Series, SeriesKey};

pub use crate::cluster::capacity::Limit;
pub use crate::sim::{Event, Logged};

use crate::cost::Bill;
use crate::units::{Bytes, Micros, PerSecond, Share};
use serde::{Deserialize, Serialize};

/// What a run tells, complete or so far.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`crate::VERSION`] of the engine that made it.
    pub engine_version: String,
    /// How far the run is.
    pub progress: Share,
    /// How many keys and requests were simulated one by one, and for how many they stand.
    pub sampling: Sampling,
    /// Headline figures over the time after the warm-up.
    pub summary: Summary,
    /// Per primary, in slot order, over the time after the warm-up.
    pub shards: Vec<ShardSummary>,
    /// Per key class, over the time after the warm-up.
    pub classes: Vec<ClassSummary>,
    /// Of a Serverless cache, over the time after the warm-up.
    pub serverless: Option<ServerlessSummary>,
    /// Of nodes with an SSD, over the time after the warm-up.
    pub tiering: Option<TieringSummary>,
    /// Of secondary regions, over the time after the warm-up.
    pub secondary: Option<SecondarySummary>,
    /// The objectives and what became of them, in the order of the scenario's.
    pub objectives: Vec<Verdict>,
    /// What would have called somebody, in order of time.
    pub alarms: Vec<Alarm>,
    /// Where requests concentrate.
    pub hot: Hot,
    /// What the figures mean, most pressing first.
    pub findings: Vec<Finding>,
    /// What happened when, in order of time.
    pub log: Vec<Logged>,
    /// What a month of this costs.
    pub bill: Bill,
    /// Figures over time, the warm-up included.
    pub series: Series,
}

/// How a run was thinned out to meet its budget of requests.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// One simulated key of the tail stands for so many; 1 when every key was simulated.
    pub one_in: u32,
    /// Keys simulated.
    pub keys: u64,
    /// Keys they stand for.
    pub keys_represented: u64,
    /// Requests simulated so far.
    pub requests: u64,
    /// Requests they stand for.
    pub requests_represented: u64,
    /// By how much the hit ratio after the warm-up may be off because not all keys and requests were simulated, 19 times
    /// in 20; 0 when all were.
    pub hit_ratio_error: Share,
}

/// Headline figures. Counts are already scaled to the whole deployment.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Simulated time that the figures cover.
    pub seconds: f64,
    /// Traffic and what became of it.
    pub counts: Counts,
    /// Mean age of what stale reads got: for how long the database had held something newer.
    pub stale_age: Micros,
    /// Latency of requests as the application sees it.
    pub latency: Latencies,
    /// Latency of reads that hit.
    pub hit_latency: Latencies,
    /// Latency of reads that missed, the database and the store into the cache included.
    pub miss_latency: Latencies,
    /// The database behind the cache.
    pub database: DatabaseSummary,
    /// Memory of all primaries together.
    pub memory: MemorySummary,
    /// The furthest that any replica was behind at the end of an interval; 0 without replicas.
    pub replication_lag: Micros,
}

/// Traffic and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Requests that read.
    pub reads: u64,
    /// Requests that write.
    pub writes: u64,
    /// Reads answered by a node.
    pub hits: u64,
    /// Reads answered by a near cache, which no node has seen.
    pub near_hits: u64,
    /// Reads of a key never stored before.
    pub misses_cold: u64,
    /// Reads of a key that was evicted since it was last stored.
    pub misses_evicted: u64,
    /// Reads of a key whose TTL had run out.
    pub misses_expired: u64,
    /// Reads of a key that the application had deleted because it changed.
    pub misses_invalidated: u64,
    /// Reads of a key that a node had lost: it failed, or was flushed.
    pub misses_lost: u64,
    /// Reads that found no node to ask.
    pub unreachable: u64,
    /// Keys that memory pressure pushed out.
    pub evictions: u64,
    /// Keys removed because their TTL had run out.
    pub expirations: u64,
    /// Values not stored because they are larger than a node's memory, or than Memcached takes.
    pub refused: u64,
    /// Values not stored because memory was full and nothing could be evicted: the server answers with `-OOM`.
    pub out_of_memory: u64,
    /// Reads that waited for somebody else's rebuild of the value.
    pub waited: u64,
    /// Reads of a value that the database no longer held.
    pub stale: u64,
    /// Of these, from near caches.
    pub stale_near: u64,
    /// Reads of a value past its TTL, served on purpose while it was rebuilt.
    pub past_ttl: u64,
    /// Of the hits, those that found that the database does not have the key.
    pub negative_hits: u64,
    /// Values stored that the database had replaced by then: readers, writers and lagging replicas overtake each other.
    pub stale_fills: u64,
    /// Values loaded into an empty cache before anybody asked for them.
    pub warmed: u64,
    /// Values prefetched into the cache.
    pub prefetched: u64,
    /// Of these, those read before they were evicted, expired or replaced.
    pub prefetched_used: u64,
    /// Of these, those that were gone before they were read; what is left is there unread.
    pub prefetched_wasted: u64,
    /// Commands that waited for a connection.
    pub pool_waits: u64,
    /// Requests that did not get a connection in time; reads among them count as having found no node to ask.
    pub pool_timeouts: u64,
    /// Queries that the database was asked, further tries included.
    pub queries: u64,
    /// Of these, further tries.
    pub retries: u64,
    /// Of the queries, those for a key that the database does not have.
    pub queries_absent: u64,
    /// Of the queries, those that went to read replicas.
    pub queries_replicas: u64,
    /// Of the queries, those of warming and prefetch.
    pub queries_ahead: u64,
    /// Queries that the database refused.
    pub queries_refused: u64,
    /// Queries that the application gave up.
    pub queries_given_up: u64,
    /// Requests that got no answer in the end.
    pub failed: u64,
    /// Requests turned away before they reached the cache; the other counts leave them out.
    pub shed: u64,
    /// Acknowledged writes that a failure lost.
    pub lost_writes: u64,
}

/// Percentiles of a latency; all zero when nothing was measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Latencies {
    /// Arithmetic mean.
    pub mean: Micros,
    /// Median.
    pub p50: Micros,
    /// 90 % are faster.
    pub p90: Micros,
    /// 99 % are faster.
    pub p99: Micros,
    /// 99.9 % are faster.
    pub p999: Micros,
}

/// Load of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DatabaseSummary {
    /// Mean queries per second.
    pub mean_per_s: PerSecond,
    /// Queries per second of the busiest interval.
    pub peak_per_s: PerSecond,
    /// Queries per second that it would get without a cache.
    pub without_cache_per_s: PerSecond,
    /// Peak load of the busiest of primary and replicas divided by its capacity; above 1 the queue grows.
    pub peak_utilisation: f64,
    /// Longest time that a query had to wait for its turn, at the end of any interval.
    pub peak_wait: Micros,
}

/// Memory of all primaries together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemorySummary {
    /// `maxmemory` of all primaries, with their SSDs where they have one.
    pub maxmemory: Bytes,
    /// Most that was in use at the end of any interval.
    pub peak_used: Bytes,
    /// In use at the end.
    pub used: Bytes,
    /// Keys resident at the end.
    pub keys: u64,
    /// Bytes that all keys of the workload would take: what it needs to never evict.
    pub working_set: Bytes,
    /// Most memory that the servers needed twice while snapshots were written, beside `maxmemory`.
    pub snapshot_copies: Bytes,
    /// When the first key was evicted.
    pub evicting_since: Option<Micros>,
}

/// One primary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShardSummary {
    /// First of its hash slots. After a resharding, those up to the last are not all its own.
    pub first_slot: u16,
    /// Last of its hash slots.
    pub last_slot: u16,
    /// Traffic and what became of it.
    pub counts: Counts,
    /// Memory in use at the end.
    pub used: Bytes,
    /// `maxmemory` of the node, with its SSD where it has one.
    pub maxmemory: Bytes,
    /// Keys resident at the end.
    pub keys: u64,
    /// Mean operations per second.
    pub operations_per_s: PerSecond,
    /// Mean of `EngineCPUUtilization`: operations over the node's peak throughput.
    pub engine_cpu: Share,
    /// Bandwidth used over bandwidth to be had, in the direction that is shorter, in the busiest window that was looked at;
    /// above 1 when more was asked for.
    pub network: Share,
    /// Most of the connections that the node takes; above 1 when more were asked for.
    pub connections: Share,
    /// What the node had least of in the window of `network`.
    pub binding: Option<Limit>,
    /// The busiest key's part of the shard's requests.
    pub hottest_key_share: Share,
}

/// Nodes that move values to an SSD.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TieringSummary {
    /// Reads of values that were on the SSD (`NumItemsReadFromDisk`).
    pub from_ssd: u64,
    /// Values on the SSDs of all primaries in the end; the rest of what is used is in memory.
    pub on_ssd: Bytes,
    /// SSDs of all primaries.
    pub ssd: Bytes,
}

/// The clusters of secondary regions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct SecondarySummary {
    /// Reads that they were asked.
    pub reads: u64,
    /// Reads that they answered.
    pub hits: u64,
    /// Of these, reads of a value that the database no longer held.
    pub stale: u64,
    /// Bytes a second that go to them.
    pub replicated_per_s: f64,
}

/// A Serverless cache. What it was short of, if anything, is its only shard's [`binding`](ShardSummary::binding).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ServerlessSummary {
    /// Mean ECPUs a second of the commands that it ran.
    pub ecpu_per_s: PerSecond,
    /// The same in the busiest interval.
    pub peak_ecpu_per_s: PerSecond,
    /// ECPUs a second that it takes in the end.
    pub capacity_per_s: PerSecond,
    /// Commands that it refused because they came faster than it takes them (`ThrottledCmds`).
    pub throttled: u64,
    /// The hash slot that was asked for most in any window that was looked at.
    pub busiest_slot: u16,
    /// ECPUs a second that it was asked for then.
    pub busiest_slot_per_s: PerSecond,
    /// Data in the mean (`BytesUsedForCache`).
    pub data: Bytes,
}

/// One key class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassSummary {
    /// Its name; that of the file for a trace.
    pub name: String,
    /// Traffic and what became of it.
    pub counts: Counts,
}

impl Counts {
    /// Reads that missed, whatever the cause.
    pub fn misses(&self) -> u64 {
        self.misses_cold
            + self.misses_evicted
            + self.misses_expired
            + self.misses_invalidated
            + self.misses_lost
    }

    /// All requests.
    pub fn requests(&self) -> u64 {
        self.reads + self.writes
    }

    /// hits / (hits + misses) as `CacheHitRate`; 0 without either.
    pub fn hit_ratio(&self) -> f64 {
        match self.hits + self.misses() {
            0 => 0.0,
            looked_up => self.hits as f64 / looked_up as f64,
        }
    }
}

impl Summary {
    /// [`Counts::hit_ratio`] of the counts.
    pub fn hit_ratio(&self) -> f64 {
        self.counts.hit_ratio()
    }
}
