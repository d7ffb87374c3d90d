//! The same values in several regions: ElastiCache Global Datastore.

use super::Cluster;
use crate::units::Share;
use serde::{Deserialize, Serialize};

/// Secondary regions with clusters that follow the one of the primary region: reads there are answered there, as the
/// values were a while ago; whatever writes goes to the primary region, where the database is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GlobalDatastore {
    /// How many: 1 to 2. Each has as many nodes as the primary region, of the same type.
    pub secondaries: u32,
    /// Part of the application's requests that are made in them, spread evenly: 0 to 1.
    pub share: Share,
    /// How far they are behind: 1 ms to 60 s.
    pub lag_ms: u32,
    /// Round trip between a secondary region and the primary one: 1 ms to 1 s.
    pub round_trip_ms: u32,
}

impl Default for GlobalDatastore {
    fn default() -> Self {
        Self {
            secondaries: 1,
            share: Share(0.5),
            // "Typically below 1 s" (`reference/aws/limits_and_metrics.md` section 8): half of it is an assumption.
            lag_ms: 500,
            // Between the coasts of North America: an assumption.
            round_trip_ms: 70,
        }
    }
}

impl Cluster {
    /// Nodes of all secondary regions.
    pub fn secondary_nodes(&self) -> u32 {
        let secondaries = self.global.map_or(0, |global| global.secondaries);
        secondaries.saturating_mul(self.shards.saturating_mul(self.replicas.saturating_add(1)))
    }
}
