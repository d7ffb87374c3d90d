//! The document a user edits: plain data with units, defaults and bounds.
//!
//! A form edits it, a link carries it, a file stores it, the command line runs it. [`Scenario::plan`] checks it
//! and yields what a simulation needs.

mod json;
pub mod limits;
pub mod link;
pub mod parameters;
mod plan;
mod presets;
mod traced;
mod validate;

pub use crate::catalog::Engine;
pub use json::JsonError;
pub use parameters::memcached::Memcached;
pub use parameters::redis::Redis;
pub use plan::{NodePrice, Plan, PlanError};
pub use presets::{Preset, presets};
pub use traced::RecordedTrace;
pub use validate::{Bounds, Issue};

use crate::units::{Bytes, PerSecond, Seconds, Share, Usd};
use serde::{Deserialize, Serialize};

/// Version of the JSON form. A file with a newer one is refused with a message that says so.
pub const FORMAT_VERSION: u32 = 1;

/// [`Cluster::policy`] of a server that evicts as it does in reality.
pub const SERVER_POLICY: &str = "server";

/// Everything that determines a run: workload, cluster, database, prices, seed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Scenario {
    /// Always [`FORMAT_VERSION`] in a scenario held in memory.
    pub version: u32,
    /// What people call it; up to 120 characters.
    pub name: String,
    /// Seed of every random stream.
    pub seed: u64,
    /// How long and how finely to simulate.
    pub run: RunSettings,
    /// Who asks for what.
    pub workload: Workload,
    /// The cache.
    pub cluster: Cluster,
    /// How the application reaches the cache.
    pub client: Client,
    /// The store of record behind the cache.
    pub database: Database,
    /// What things cost.
    pub prices: Prices,
}

/// How long and how finely to simulate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RunSettings {
    /// Simulated time. A trace ends earlier if it is shorter. Bounds: 10 s to 31 days.
    pub duration_s: Seconds,
    /// Time at the start that the headline figures leave out, while an empty cache fills. Less than the duration.
    pub warm_up_s: Seconds,
    /// Most requests to simulate one by one. Beyond it, one key in so many stands for its neighbours.
    /// Bounds: 10,000 to 1,000,000,000. Traces are always replayed whole.
    pub request_budget: u64,
}

/// Where the requests come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Workload {
    /// Drawn at random from key classes; 1 to 16 of them.
    Synthetic {
        /// Groups of keys that share size, TTL and popularity.
        classes: Vec<KeyClass>,
    },
    /// Replayed from a recorded trace, which travels beside the scenario and not inside it.
    Trace(TraceWorkload),
}

/// A group of keys that share size, TTL and popularity.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeyClass {
    /// What the class holds; up to 60 characters.
    pub name: String,
    /// Number of distinct keys: 1 to 1,000,000,000.
    pub keys: u64,
    /// Length of a key's name: 1 to 1,024 bytes.
    pub key_bytes: u32,
    /// How unevenly requests fall on the keys.
    pub popularity: Popularity,
    /// Sizes of the values; a key keeps its size.
    pub value_size: ValueSize,
    /// Requests over time.
    pub rate: Rate,
    /// Part of the requests that write; the rest read.
    pub writes: Share,
    /// How long a stored value stays valid.
    pub ttl: Ttl,
}

/// How unevenly requests fall on the keys of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Popularity {
    /// The key of rank r is asked for in proportion to r to the power of minus `exponent`, 0 to 2.
    Zipf {
        /// 0 is uniform; web and key-value workloads lie between 0.6 and 1.2 (Yang et al., OSDI 2020).
        exponent: f64,
    },
    /// Every key alike.
    Uniform,
}

/// Sizes of the values of a class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum ValueSize {
    /// All alike: 1 byte to 64 MiB.
    Fixed {
        /// Size of every value.
        bytes: Bytes,
    },
    /// Lognormal, cut to 1 byte .. 64 MiB.
    Lognormal {
        /// Half of the values are smaller: 1 byte to 16 MiB.
        median_bytes: Bytes,
        /// Standard deviation of the logarithm of the size: 0 to 3.
        sigma: f64,
    },
}

impl ValueSize {
    /// Mean size in bytes, the cut of a lognormal left aside.
    pub fn mean(&self) -> f64 {
        match *self {
            Self::Fixed { bytes } => bytes.0 as f64,
            Self::Lognormal { median_bytes, sigma } => median_bytes.0 as f64 * libm::exp(sigma * sigma / 2.0),
        }
    }
}

/// Requests over time. Arrivals are Poisson at this rate.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Rate {
    /// The same at all times.
    Constant {
        /// 0.001 to 100,000,000 requests/s.
        per_s: PerSecond,
    },
    /// A sine over 24 hours.
    Diurnal {
        /// Mean over a day: 0.001 to 100,000,000 requests/s.
        mean_per_s: PerSecond,
        /// Highest rate divided by the mean: 1 to 2.
        peak_to_mean: f64,
        /// Hour of the simulated day (which starts at 0) of the peak: 0 to 24.
        peak_hour: f64,
    },
}

/// How long a stored value stays valid.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Ttl {
    /// Until evicted or deleted.
    #[default]
    None,
    /// Expires so long after it was stored.
    Fixed {
        /// 1 s to 365 days.
        seconds: Seconds,
        /// Each TTL is drawn uniformly within this share above and below: 0 to 0.9.
        jitter: Share,
    },
}

/// A recorded trace as the workload.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TraceWorkload {
    /// File name, to ask for when the trace is not at hand; up to 255 characters.
    pub name: String,
    /// [`Trace::fingerprint`](crate::workload::trace::Trace::fingerprint) of its content; 0 when unknown.
    pub fingerprint: u64,
    /// Requests in it.
    pub requests: u64,
    /// Distinct keys in it.
    pub objects: u64,
    /// Length of a key's name where the trace does not tell: 1 to 1,024 bytes.
    pub key_bytes: u32,
    /// Simulated seconds per recorded second are 1 / this: 0.001 to 1,000,000.
    pub speed: f64,
    /// TTL of values whose request carries none.
    pub ttl: Ttl,
}

/// The cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// What runs on the nodes.
    pub engine: Engine,
    /// A name of the catalogue, such as `cache.r7g.large`.
    pub node_type: String,
    /// Primaries, each with a share of the 16,384 slots: 1 to 500.
    pub shards: u32,
    /// Replicas of each primary: 0 to 5. They cost money and hold copies; this engine version does not model
    /// their lag, reads or failover.
    pub replicas: u32,
    /// What goes when memory is full: [`SERVER_POLICY`] for what the server does as it is set up below, or a name of
    /// the [policy registry](crate::policy::REGISTRY) to see what another policy would do in its place.
    pub policy: String,
    /// `reserved-memory-percent`: part of the node's memory that the engine may not use: 0 to 0.9.
    pub reserved_memory: Share,
    /// `maxmemory` of each node where it is set by hand, in place of the node type's less the reserve:
    /// 1 MiB to 16 TiB. Memcached's `-m`.
    pub maxmemory_bytes: Option<Bytes>,
    /// Directives of Redis and Valkey; without effect on Memcached.
    pub redis: Redis,
    /// Start options of Memcached; without effect on the others.
    pub memcached: Memcached,
}

impl Cluster {
    /// What evicts, as people call it: the server's own setting, or the name of the policy in its place.
    pub fn eviction(&self) -> &str {
        if self.policy != SERVER_POLICY {
            &self.policy
        } else if self.engine.is_memcached() {
            self.memcached.lru.label()
        } else {
            self.redis.maxmemory_policy.label()
        }
    }
}

/// How the application reaches the cache. Access is cache-aside: read the cache, on a miss read the database
/// and store; write the database and store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Round trip between application and cache: 1 µs to 10 s.
    pub round_trip_us: u32,
    /// Connections that the application keeps open to each node: 0 to 65,000. Their buffers count against `maxmemory`
    /// of Redis and Valkey.
    pub connections: u32,
}

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

/// What things cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prices {
    /// A region of the catalogue.
    pub region: String,
    /// Price of a node-hour in place of the catalogue's: 0 to 10,000 USD.
    pub node_usd_per_hour: Option<Usd>,
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            duration_s: Seconds(86_400),
            warm_up_s: Seconds(7_200),
            request_budget: 1_000_000,
        }
    }
}

impl Default for KeyClass {
    fn default() -> Self {
        Self {
            name: "objects".into(),
            keys: 1_000_000,
            key_bytes: 32,
            popularity: Popularity::Zipf { exponent: 0.9 },
            value_size: ValueSize::Fixed { bytes: Bytes(1_024) },
            rate: Rate::Constant {
                per_s: PerSecond(10_000.0),
            },
            writes: Share(0.05),
            ttl: Ttl::None,
        }
    }
}

impl Default for TraceWorkload {
    fn default() -> Self {
        Self {
            name: String::new(),
            fingerprint: 0,
            requests: 0,
            objects: 0,
            key_bytes: 32,
            speed: 1.0,
            ttl: Ttl::None,
        }
    }
}

impl Default for Workload {
    fn default() -> Self {
        Self::Synthetic {
            classes: vec![KeyClass::default()],
        }
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            engine: Engine::Valkey81,
            node_type: "cache.r7g.large".into(),
            shards: 3,
            replicas: 1,
            policy: SERVER_POLICY.into(),
            reserved_memory: Share(0.25),
            maxmemory_bytes: None,
            redis: Redis::default(),
            memcached: Memcached::default(),
        }
    }
}

impl Default for Client {
    fn default() -> Self {
        // Same-zone round trip: reference throughput.md section 4, 0.15 to 0.5 ms.
        Self {
            round_trip_us: 300,
            connections: 50,
        }
    }
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

impl Default for Prices {
    fn default() -> Self {
        Self {
            region: "us-east-1".into(),
            node_usd_per_hour: None,
        }
    }
}

impl Default for Scenario {
    fn default() -> Self {
        Self {
            version: FORMAT_VERSION,
            name: "Untitled".into(),
            seed: 1,
            run: RunSettings::default(),
            workload: Workload::default(),
            cluster: Cluster::default(),
            client: Client::default(),
            database: Database::default(),
            prices: Prices::default(),
        }
    }
}
