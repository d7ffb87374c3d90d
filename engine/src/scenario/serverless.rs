//! A cache without nodes to choose: ElastiCache Serverless.

use super::parameters::memcached::Memcached;
use super::parameters::redis::Redis;
use super::{Cluster, Scenario};
use crate::cluster::serverless::{MOST_BYTES, MOST_ECPU_PER_S};
use crate::units::{Bytes, PerSecond};
use serde::{Deserialize, Serialize};

/// An ElastiCache Serverless cache. What it can take follows the load within these bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Serverless {
    /// ECPUs a second that it is kept ready for from the start, billed also when unused: up to 15,000,000; 0 for none.
    pub min_ecpu_per_s: PerSecond,
    /// ECPUs a second beyond which commands are throttled whatever it could scale to: 1,000 to 15,000,000, and not below
    /// the least. `None` for the service's own.
    pub max_ecpu_per_s: Option<PerSecond>,
    /// Data that is billed also when it is not there: up to 5,000 GB (10^9 bytes); 0 for none.
    pub min_bytes: Bytes,
    /// Data beyond which keys with a TTL are evicted: 1 to 5,000 GB, and not below the least. `None` for the service's
    /// own.
    pub max_bytes: Option<Bytes>,
}

impl Serverless {
    /// ECPUs a second that it takes at most.
    pub fn most_ecpu_per_s(&self) -> f64 {
        self.max_ecpu_per_s.map_or(MOST_ECPU_PER_S, |most| most.0)
    }

    /// Data that it holds at most.
    pub fn most_bytes(&self) -> Bytes {
        self.max_bytes.unwrap_or(MOST_BYTES)
    }
}

impl Cluster {
    /// The cluster with all that the service decides in place of what is set, where it does: Serverless has one
    /// endpoint, three zones, TLS, the managed parameters, and no snapshots, forks or failures that its user sees
    /// (`reference/aws/limits_and_metrics.md` section 5).
    fn in_effect(&self) -> Self {
        let Some(serverless) = self.serverless else {
            return self.clone();
        };
        Self {
            engine: self.engine,
            serverless: Some(serverless),
            // Copies in the two other zones, which READONLY reads from.
            replicas: if self.engine.is_memcached() { 0 } else { 2 },
            shards: 1,
            zones: 3,
            tls: true,
            maxmemory_bytes: Some(serverless.most_bytes()),
            redis: Redis {
                // Connections and backlog are the service's, and not billed as data.
                connection_bytes: 0,
                backlog_bytes: 0,
                ..Redis::managed(self.engine)
            },
            memcached: Memcached::managed(),
            ..Self::default()
        }
    }
}

impl Scenario {
    /// The scenario as it is checked and simulated: fields without a meaning in it are at what the service decides.
    pub(super) fn in_effect(&self) -> Self {
        let mut scenario = self.clone();
        if self.cluster.serverless.is_some() {
            scenario.cluster = self.cluster.in_effect();
            scenario.prices.node_usd_per_hour = None;
        }
        scenario
    }
}
