//! What happens when: changes of load, deploys, faults, operators' actions.

use crate::units::{Seconds, Share};
use serde::{Deserialize, Serialize};

/// Something that happens during the run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Happening {
    /// When it begins: 0 to 31 days after the start.
    pub at_s: Seconds,
    /// How long it lasts: 0 to 31 days; 0 is until the end of the run. What is over at once ignores it.
    #[serde(default)]
    pub duration_s: Seconds,
    /// What it is.
    pub what: What,
}

/// What happens. Shards are numbered from 0, classes go by their names; `None` means all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The request rate of a class is multiplied. Needs a synthetic workload.
    Load {
        /// Name of the class.
        #[serde(default)]
        class: Option<String>,
        /// 0 to 1,000.
        factor: f64,
    },
    /// A deploy: values stored from now on are larger or smaller, or have another TTL.
    Deploy {
        /// Name of the class.
        #[serde(default)]
        class: Option<String>,
        /// Size of new values over what it was: 0.01 to 100.
        value_factor: f64,
        /// TTL of new values in place of the class's: 1 s to 365 days.
        #[serde(default)]
        ttl_s: Option<Seconds>,
    },
    /// The application turns away part of the requests before they reach the cache.
    LoadShedding {
        /// 0 to 1.
        share: Share,
    },
    /// The primary of a shard dies. A replica takes over where there is one; otherwise the node comes back empty when
    /// the duration is over.
    NodeFailure {
        /// Which.
        shard: u32,
    },
    /// The node of a shard is cut off from the application but lives: it keeps its values.
    Partition {
        /// Which.
        shard: u32,
    },
    /// Commands on a shard take longer.
    SlowNode {
        /// Which.
        #[serde(default)]
        shard: Option<u32>,
        /// 1 to 1,000 times as long.
        factor: f64,
    },
    /// A slow script or command holds the thread of a shard, again and again.
    SlowCommand {
        /// Which.
        #[serde(default)]
        shard: Option<u32>,
        /// How long each takes: 1 ms to 600 s.
        milliseconds: u32,
        /// One in so many seconds: 1 to 86,400.
        every_s: Seconds,
    },
    /// All values of a shard are gone at once: `FLUSHALL`, or a restart without persistence.
    Flush {
        /// Which.
        #[serde(default)]
        shard: Option<u32>,
    },
    /// Queries take longer, and the database completes as many fewer.
    DatabaseSlow {
        /// 1 to 1,000 times as long.
        factor: f64,
    },
    /// The database refuses every query.
    DatabaseDown,
    /// Part of the deletions or updates of cached values after a write get lost.
    LostInvalidations {
        /// 0 to 1.
        share: Share,
    },
    /// Part of the commands are refused, as after a change of passwords that is half rolled out.
    AuthFailures {
        /// 0 to 1.
        share: Share,
    },
    /// Every node in an availability zone is gone, and comes back empty when the duration is over.
    ZoneLoss {
        /// Which, from 0 to `cluster.zones` - 1.
        zone: u32,
    },
    /// A replica of a shard dies. When the duration is over, it comes back by a full synchronisation.
    ReplicaFailure {
        /// Which.
        shard: u32,
    },
    /// A replica of a shard is cut off. Afterwards what it missed is sent from the backlog if that suffices; otherwise it
    /// needs a full synchronisation.
    ReplicaPartition {
        /// Which.
        shard: u32,
    },
    /// The primary of a shard reboots, or every node of the cluster does, and is down for the duration. Unlike a node that
    /// failed and was replaced it then loads what is on its disk: the log of writes, else the last snapshot.
    Restart {
        /// Which.
        #[serde(default)]
        shard: Option<u32>,
    },
    /// Others open connections to every node, as when a client leaks them. Beyond what a node takes, as large a part of all
    /// connections is refused, and so are the requests that would have used them.
    Connections {
        /// How many on each node: 1 to 1,000,000.
        count: u32,
    },
    /// Clients send part of the commands to the wrong shard, as with addresses that they cannot use or a map of the slots
    /// that is never renewed: each is redirected, over a new connection.
    WrongShard {
        /// 0 to 1.
        share: Share,
    },
    /// Every shard takes a snapshot, besides those that are scheduled.
    Snapshot,
    /// Shards are added or removed while the cluster serves: slots move one after the other. Clients of Memcached divide
    /// the keys anew at once. Takes as long as it takes.
    Reshard {
        /// How many there are in the end: 1 to 500, of Memcached to 60.
        shards: u32,
    },
    /// Replicas are added, which come into step first, or removed.
    Replicas {
        /// How many each shard has in the end: 0 to 5.
        replicas: u32,
    },
    /// Nodes of another type take the place of all nodes: one comes into step for each primary and then takes over.
    /// Those of Memcached begin empty.
    NodeType {
        /// A name of the catalogue, such as `cache.r7g.xlarge`.
        node_type: String,
    },
    /// The primary region of a global datastore is lost with all nodes. Operators promote a secondary region, as none is
    /// promoted by itself; when the duration is over, the lost one is back as a secondary region, or, where none was
    /// promoted by then, empty. Needs secondary regions. The database is not concerned: see [`Self::DatabaseDown`].
    RegionLoss {
        /// After how long a secondary region has taken its place: until operators decide, and the minute at most that
        /// the promotion takes (`reference/aws/limits_and_metrics.md` section 8). 0 to 31 days.
        promotion_s: Seconds,
    },
}

impl What {
    /// How many kinds there are.
    pub const KINDS: usize = 23;

    /// Number of its kind, in the order of this list. Links hold it: it never changes, and new kinds come last.
    pub fn kind(&self) -> usize {
        match self {
            Self::Load { .. } => 0,
            Self::Deploy { .. } => 1,
            Self::LoadShedding { .. } => 2,
            Self::NodeFailure { .. } => 3,
            Self::Partition { .. } => 4,
            Self::SlowNode { .. } => 5,
            Self::SlowCommand { .. } => 6,
            Self::Flush { .. } => 7,
            Self::DatabaseSlow { .. } => 8,
            Self::DatabaseDown => 9,
            Self::LostInvalidations { .. } => 10,
            Self::AuthFailures { .. } => 11,
            Self::ZoneLoss { .. } => 12,
            Self::ReplicaFailure { .. } => 13,
            Self::ReplicaPartition { .. } => 14,
            Self::Restart { .. } => 15,
            Self::Connections { .. } => 16,
            Self::WrongShard { .. } => 17,
            Self::Snapshot => 18,
            Self::Reshard { .. } => 19,
            Self::Replicas { .. } => 20,
            Self::NodeType { .. } => 21,
            Self::RegionLoss { .. } => 22,
        }
    }

    /// Whether it happens to nodes, which their user sees.
    pub(crate) fn is_of_nodes(&self) -> bool {
        matches!(
            self,
            Self::NodeFailure { .. }
                | Self::SlowNode { .. }
                | Self::SlowCommand { .. }
                | Self::ZoneLoss { .. }
                | Self::ReplicaFailure { .. }
                | Self::ReplicaPartition { .. }
                | Self::Restart { .. }
                | Self::Connections { .. }
                | Self::WrongShard { .. }
                | Self::Snapshot
                | Self::Reshard { .. }
                | Self::Replicas { .. }
                | Self::NodeType { .. }
                | Self::RegionLoss { .. }
        )
    }

    /// What people call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Load { .. } => "other load",
            Self::Deploy { .. } => "deploy",
            Self::LoadShedding { .. } => "load shedding",
            Self::NodeFailure { .. } => "node failure",
            Self::Partition { .. } => "partition",
            Self::SlowNode { .. } => "slow node",
            Self::SlowCommand { .. } => "slow command",
            Self::Flush { .. } => "flush",
            Self::DatabaseSlow { .. } => "slow database",
            Self::DatabaseDown => "database down",
            Self::LostInvalidations { .. } => "lost invalidations",
            Self::AuthFailures { .. } => "authentication failures",
            Self::ZoneLoss { .. } => "loss of a zone",
            Self::ReplicaFailure { .. } => "replica failure",
            Self::ReplicaPartition { .. } => "replica cut off",
            Self::Restart { .. } => "restart",
            Self::Connections { .. } => "connections of others",
            Self::WrongShard { .. } => "redirects",
            Self::Snapshot => "snapshot",
            Self::Reshard { .. } => "other number of shards",
            Self::Replicas { .. } => "other number of replicas",
            Self::NodeType { .. } => "other node type",
            Self::RegionLoss { .. } => "loss of the primary region",
        }
    }
}
