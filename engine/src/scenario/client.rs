//! How the application uses the cache, and what it does when things go wrong.

use crate::units::{PerSecond, Seconds, Share};
use serde::{Deserialize, Serialize};

/// How the application reaches the cache and keeps it in step with the database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Client {
    /// Round trip between application and cache: 1 µs to 10 s.
    pub round_trip_us: u32,
    /// Connections that the application keeps open to each node: 0 to 65,000. Their buffers count against `maxmemory`
    /// of Redis and Valkey. Without effect where there is a [`pool`](Self::pool), which says how many there are.
    pub connections: u32,
    /// Bounds the connections of each process. Without, a command never waits for one.
    pub pool: Option<Pool>,
    /// Part of the requests that open a connection of their own, as short-lived functions do: 0 to 1.
    pub new_connections: Share,
    /// Which nodes are read.
    pub read_from: ReadFrom,
    /// Processes of the application: 1 to 10,000. Near caches and coalescing are per process.
    pub instances: u32,
    /// Users who wait for an answer before they think and ask again. Without, requests come at the classes' rates
    /// whether earlier ones were answered or not.
    pub users: Option<Users>,
    /// How values get into the cache when they are read.
    pub reads: Reads,
    /// What becomes of the cached value when the database is written.
    pub writes: Writes,
    /// What keeps many readers from rebuilding one value at the same time.
    pub guard: Guard,
    /// How long the cache remembers that the database does not have a key ([`KeyClass::absent`](super::KeyClass::absent)),
    /// so that not every read of it asks the database: 1 s to 365 days. Without, it does not remember.
    pub negative_ttl_s: Option<Seconds>,
    /// What is loaded into a cache that is empty before anybody asks for it.
    pub warming: Warming,
    /// What is loaded because something else was read.
    pub prefetch: Option<Prefetch>,
    /// A cache inside each process, in front of the cluster.
    pub near: Option<Near>,
    /// After how long a command to a node that does not answer is given up: 1 ms to 600 s.
    pub timeout_ms: u32,
    /// What a read does that finds no node to ask.
    pub on_cache_error: OnCacheError,
    /// Stops asking a shard that does not answer. Without, every request waits for its timeout.
    pub breaker: Option<Breaker>,
}

/// Which nodes are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadFrom {
    /// Primaries: what was written is read.
    #[default]
    Primaries,
    /// Replicas, where a shard has any: they share the reads, and are behind by their lag.
    Replicas,
}

/// A closed loop of users: `reference/servers.md` section 8, Little's law.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Users {
    /// How many: 1 to 100,000.
    pub count: u32,
    /// Mean time between an answer and the next request, exponential: 1 ms to 3,600 s.
    pub think_ms: u32,
}

/// How values get into the cache when they are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Reads {
    /// Cache-aside: the application reads the cache, on a miss the database, and stores what it got.
    #[default]
    Aside,
    /// Read-through: a layer in front of the database loads what is missing, once however many ask for it.
    Through,
    /// Cache-aside, and a read after this share of the TTL has the value reloaded in the background.
    RefreshAhead {
        /// 0.1 to 0.99 of the TTL.
        after: Share,
    },
}

/// What becomes of the cached value when the database is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Writes {
    /// Write-through: the database first, then the new value into the cache.
    #[default]
    Through,
    /// The database first, then the cached value is deleted.
    Invalidate,
    /// Write-around: only the database; the cache keeps the old value until its TTL ends.
    Around,
    /// Write-behind: the cache at once, the database later, each key at most once in a while.
    Behind {
        /// How long writes of a key are gathered: 1 ms to 600 s.
        flush_ms: u32,
    },
}

/// What keeps many readers from rebuilding one value at the same time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Guard {
    /// Nothing: whoever misses asks the database.
    #[default]
    None,
    /// A lock key in the cache: who gets it rebuilds, the others look again until the value is there, or ask the
    /// database themselves after five seconds.
    Lock {
        /// How often they look: 1 ms to 10 s.
        poll_ms: u32,
    },
    /// Within a process one reader asks the database, the others of that process wait for its answer.
    Coalesce,
    /// A value past its TTL is served for a while longer; who meets it first has it rebuilt in the background.
    StaleWhileRevalidate {
        /// How long past its TTL a value may be served: 1 s to 7 days.
        grace_s: Seconds,
    },
    /// XFetch: a reader rebuilds before the end of the TTL, the likelier the nearer it is (Vattani, Chierichetti and
    /// Lowenstein, "Optimal probabilistic cache stampede prevention", VLDB 2015).
    Early {
        /// 0.1 to 10; 1 is the paper's.
        beta: f64,
    },
}

/// Connections of each process to each node. A command holds one from the moment it is sent to the moment its answer is
/// there; those of a multi-get share one.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pool {
    /// Connections that each process has to each node: 1 to 1,000, and with all processes at most 65,000.
    pub size: u32,
    /// After how long a request that found all of them in use is given up: 1 ms to 600 s.
    pub wait_ms: u32,
}

/// What is loaded into an empty cache before anybody asks for it: of all nodes at the start of a run that is not warm,
/// of a single one when it lost its values. Keys are loaded from the most popular on, class by class in step; those
/// that are in the cache by then are left alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Warming {
    /// Nothing: readers fill the cache.
    #[default]
    None,
    /// Throttled, so that the database has room for the readers.
    Throttled {
        /// Keys loaded per second: 1 to 100,000,000.
        keys_per_s: PerSecond,
    },
    /// As many keys as the database completes queries, on top of what the readers ask.
    Greedy,
}

/// What is loaded because something else was read: on a read of a class that another follows
/// ([`Follow`](super::Follow)), keys of the one that follows, as far as they are not in the cache.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Prefetch {
    /// How often the key predicted is that which follows the one read, if any does: 0 to 1. Otherwise it is any key of
    /// the class.
    pub accuracy: Share,
    /// Keys loaded for each read, the one predicted and further ones drawn from the class, each alike: 1 to 100. Many
    /// push out what is needed.
    pub depth: u32,
}

/// A cache inside each process, in front of the cluster: exact LRU.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Near {
    /// Values that each process keeps: 1 to 10,000,000.
    pub keys: u64,
    /// How long it keeps them at most: 1 ms to 86,400 s.
    pub ttl_ms: u32,
    /// How it learns of changes.
    pub invalidation: Invalidation,
}

/// How a near cache learns of changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Invalidation {
    /// Not at all: values are as old as their TTL allows.
    #[default]
    None,
    /// The process that writes drops its own copy.
    OwnWrites,
    /// The server tells every process that has read the key (`CLIENT TRACKING`), a round trip later.
    Tracking,
}

/// What a read does that finds no node to ask.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OnCacheError {
    /// Asks the database.
    #[default]
    Database,
    /// Fails.
    Fail,
}

/// Stops asking what does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Breaker {
    /// Failures in a row that open it: 1 to 1,000,000.
    pub failures: u32,
    /// How long it stays open before one request tries again: 1 ms to 600 s.
    pub open_ms: u32,
}

impl Default for Client {
    fn default() -> Self {
        // Same-zone round trip: reference throughput.md section 4, 0.15 to 0.5 ms.
        Self {
            round_trip_us: 300,
            connections: 50,
            pool: None,
            new_connections: Share(0.0),
            read_from: ReadFrom::default(),
            instances: 10,
            users: None,
            reads: Reads::default(),
            writes: Writes::default(),
            guard: Guard::default(),
            negative_ttl_s: None,
            warming: Warming::default(),
            prefetch: None,
            near: None,
            // The middle of common clients' defaults, 0.25 s to 3 s: `reference/servers.md` section 8.
            timeout_ms: 1_000,
            on_cache_error: OnCacheError::default(),
            breaker: None,
        }
    }
}

impl Client {
    /// Connections open to each node.
    pub fn connections_per_node(&self) -> u32 {
        self.pool
            .map_or(self.connections, |pool| pool.size.saturating_mul(self.instances))
    }
}

impl Default for Pool {
    fn default() -> Self {
        // Jedis' default of eight connections; its wait is without end, this one an assumption.
        Self {
            size: 8,
            wait_ms: 1_000,
        }
    }
}

impl Default for Prefetch {
    fn default() -> Self {
        Self {
            accuracy: Share(0.5),
            depth: 1,
        }
    }
}

impl Default for Near {
    fn default() -> Self {
        Self {
            keys: 10_000,
            ttl_ms: 10_000,
            invalidation: Invalidation::default(),
        }
    }
}

impl Default for Breaker {
    fn default() -> Self {
        Self {
            failures: 20,
            open_ms: 5_000,
        }
    }
}
