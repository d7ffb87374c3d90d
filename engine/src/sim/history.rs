//! What happened in a run, as it happened.

use crate::units::Micros;
use serde::{Deserialize, Serialize};

/// An entry of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Logged {
    /// When.
    pub at: Micros,
    /// What.
    pub event: Event,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A happening of the scenario begins.
    Begins {
        /// Its number in the timeline.
        happening: u16,
    },
    /// A happening of the scenario ends.
    Ends {
        /// Its number in the timeline.
        happening: u16,
    },
    /// A replica took over from a dead primary.
    Promoted {
        /// The shard.
        shard: u16,
    },
    /// A shard lost all its values.
    Emptied {
        /// The shard.
        shard: u16,
    },
    /// Every shard writes a snapshot.
    Snapshot,
    /// All shards refuse keys, because one has no primary or most primaries are gone.
    Refuses,
    /// They take keys again.
    Accepts,
    /// A replica is dead or cut off.
    ReplicaLost {
        /// The shard.
        shard: u16,
    },
    /// A primary forks to bring a replica into step by a full synchronisation.
    SyncBegins {
        /// The shard.
        shard: u16,
    },
    /// A primary drops a replica that does not come into step, which goes on trying.
    SyncFails {
        /// The shard.
        shard: u16,
    },
    /// A replica is in step.
    Synced {
        /// The shard.
        shard: u16,
    },
    /// Slots begin to move so that so many shards hold them in the end; of Memcached, clients divide the keys anew.
    Reshards {
        /// How many.
        shards: u16,
    },
    /// So many shards hold all slots.
    Resharded {
        /// How many.
        shards: u16,
    },
    /// The number of shards stays as it is: it is being changed already, or what is to be removed does not fit.
    ScaleRefused,
    /// Every shard is to have so many replicas.
    Replicas {
        /// How many.
        replicas: u32,
    },
    /// Nodes of another type have taken over.
    Replaced {
        /// The shard.
        shard: u16,
    },
    /// A primary has loaded what was on its disk.
    Restored {
        /// The shard.
        shard: u16,
    },
    /// The primary of a shard died.
    Failed {
        /// The shard.
        shard: u16,
    },
}
