//! The cache: what runs on how many nodes of which type.

use super::SERVER_POLICY;
use super::parameters::memcached::Memcached;
use super::parameters::redis::Redis;
use crate::catalog::Engine;
use crate::units::{Bytes, Share};
use serde::{Deserialize, Serialize};

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
