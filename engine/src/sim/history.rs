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
