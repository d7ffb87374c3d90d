//! How nodes divide keys, follow each other, fail over and write to disk.

use super::super::LinkError;
use super::whole;
use crate::scenario::{Cluster, ClusterMode, Distribution, Persistence, Replication, Scenario};
use crate::units::Seconds;
use serde::{Deserialize, Serialize};

/// Absent: as [`Cluster::default`] has it.
#[derive(PartialEq, Serialize, Deserialize)]
pub(super) struct Nodes {
    cluster_mode: ClusterMode,
    distribution: Distribution,
    slots: Option<Vec<u32>>,
    zones: u32,
    tls: bool,
    node_timeout_ms: u32,
    require_full_coverage: bool,
    service_failover_s: Option<Seconds>,
    replication: Replication,
    persistence: Persistence,
}

impl From<&Cluster> for Nodes {
    fn from(cluster: &Cluster) -> Self {
        Self {
            cluster_mode: cluster.cluster_mode,
            distribution: cluster.distribution,
            slots: cluster.slots.clone(),
            zones: cluster.zones,
            tls: cluster.tls,
            node_timeout_ms: cluster.node_timeout_ms,
            require_full_coverage: cluster.require_full_coverage,
            service_failover_s: cluster.service_failover_s,
            replication: cluster.replication.clone(),
            persistence: cluster.persistence.clone(),
        }
    }
}

impl Nodes {
    pub(super) fn write(scenario: &Scenario) -> Option<Vec<u8>> {
        let nodes = Self::from(&scenario.cluster);
        if nodes == Self::from(&Cluster::default()) {
            return None;
        }
        postcard::to_allocvec(&nodes).ok()
    }

    pub(super) fn read(bytes: &[u8], scenario: &mut Scenario) -> Result<(), LinkError> {
        let nodes: Self = whole(bytes)?;
        let cluster = &mut scenario.cluster;
        cluster.cluster_mode = nodes.cluster_mode;
        cluster.distribution = nodes.distribution;
        cluster.slots = nodes.slots;
        cluster.zones = nodes.zones;
        cluster.tls = nodes.tls;
        cluster.node_timeout_ms = nodes.node_timeout_ms;
        cluster.require_full_coverage = nodes.require_full_coverage;
        cluster.service_failover_s = nodes.service_failover_s;
        cluster.replication = nodes.replication;
        cluster.persistence = nodes.persistence;
        Ok(())
    }
}
