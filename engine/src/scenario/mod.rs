//! The document a user edits: plain data with units, defaults and bounds.
//!
//! A form edits it, a link carries it, a file stores it, the command line runs it. [`Scenario::plan`] checks it
//! and yields what a simulation needs.

mod client;
mod cluster;
mod database;
mod global;
mod json;
pub mod limits;
pub mod link;
mod objectives;
pub mod parameters;
mod plan;
mod presets;
mod rate;
mod serverless;
mod timeline;
mod traced;
mod validate;
mod workload;

pub use crate::catalog::Engine;
pub use client::{
    Breaker, Client, Guard, Invalidation, Near, OnCacheError, Pool, Prefetch, ReadFrom, Reads, Users,
    Warming, Writes,
};
pub use cluster::{
    Aof, AutoScaling, Cluster, ClusterMode, Distribution, Persistence, Replication, ScaledBy, Scales,
    Snapshots,
};
pub use database::{Database, ServiceTime};
pub use global::GlobalDatastore;
pub use json::JsonError;
pub use objectives::{Objective, Objectives};
pub use parameters::memcached::Memcached;
pub use parameters::redis::Redis;
pub use plan::{NodePrice, Plan, PlanError};
pub use presets::{Preset, opening_preset, presets};
pub use rate::{Rate, RatePoint};
pub use serverless::Serverless;
pub use timeline::{Happening, What};
pub use traced::RecordedTrace;
pub use validate::{Bounds, Issue};
pub use workload::{
    Follow, Heavy, KeyClass, Popularity, SizeShare, TraceWorkload, Ttl, ValueSize, Workload, accesses_per_s,
};

use crate::units::{Seconds, Usd};
use serde::{Deserialize, Serialize};

/// Version of the JSON form. A file with a newer one is refused with a message that says so.
pub const FORMAT_VERSION: u32 = 1;

/// [`Cluster::policy`] of a server that evicts as it does in reality.
pub const SERVER_POLICY: &str = "server";

/// Everything that determines a run: workload, cluster, database, prices, seed.
#[derive(Clone, Debug, Serialize, Deserialize)]
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
    /// What happens during the run, in any order; up to 100 things.
    pub timeline: Vec<Happening>,
    /// What things cost.
    pub prices: Prices,
    /// What the cluster has to achieve.
    pub objectives: Objectives,
}

impl Scenario {
    /// Whether the number of shards may become another during the run.
    pub(crate) fn changes_shards(&self) -> bool {
        let reshards = |happening: &Happening| matches!(happening.what, What::Reshard { .. });
        let scaling = self.cluster.auto_scaling.as_ref();
        self.timeline.iter().any(reshards) || scaling.is_some_and(|rules| rules.scales == Scales::Shards)
    }
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
    /// Whether every key of the classes is in the cache at the start, as far as it fits. Traces start empty.
    pub warm_start: bool,
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

/// Scenarios are equal when links hold them as the same: every field counts, and a NaN equals itself.
impl PartialEq for Scenario {
    fn eq(&self, other: &Self) -> bool {
        self.version == other.version && link::to_bytes(self) == link::to_bytes(other)
    }
}

impl Default for RunSettings {
    fn default() -> Self {
        Self {
            duration_s: Seconds(86_400),
            warm_up_s: Seconds(7_200),
            request_budget: 1_000_000,
            warm_start: false,
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
            timeline: Vec::new(),
            prices: Prices::default(),
            objectives: Objectives::default(),
        }
    }
}
