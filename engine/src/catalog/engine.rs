//! Server software and versions.

use serde::{Deserialize, Serialize};

/// Server software and version, as far as the model tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Redis OSS 7.0 to 7.2, the last on ElastiCache being 7.1.
    RedisOss7,
    /// Valkey 7.2, the same engine as Redis OSS 7.2.
    Valkey72,
    /// Valkey 8.0.
    Valkey80,
    /// Valkey 8.1.
    Valkey81,
    /// Valkey 9.0.
    Valkey90,
    /// Valkey 9.1.
    Valkey91,
    /// Memcached 1.6.
    Memcached16,
}

impl Engine {
    /// All of them: Redis and its descendants, oldest first, then Memcached.
    pub const ALL: [Self; 7] = [
        Self::RedisOss7,
        Self::Valkey72,
        Self::Valkey80,
        Self::Valkey81,
        Self::Valkey90,
        Self::Valkey91,
        Self::Memcached16,
    ];

    /// As people write it.
    pub fn label(self) -> &'static str {
        match self {
            Self::RedisOss7 => "Redis OSS 7.1",
            Self::Valkey72 => "Valkey 7.2",
            Self::Valkey80 => "Valkey 8.0",
            Self::Valkey81 => "Valkey 8.1",
            Self::Valkey90 => "Valkey 9.0",
            Self::Valkey91 => "Valkey 9.1",
            Self::Memcached16 => "Memcached 1.6",
        }
    }

    /// Whether it is Memcached rather than Redis or a descendant of it.
    pub fn is_memcached(self) -> bool {
        self == Self::Memcached16
    }

    /// Whether a replica can take a snapshot and the writes made meanwhile by two connections
    /// (`dual-channel-replication-enabled`).
    pub fn has_dual_channel(self) -> bool {
        matches!(
            self,
            Self::Valkey80 | Self::Valkey81 | Self::Valkey90 | Self::Valkey91
        )
    }

    /// Peak throughput of Redis and Valkey with 8 or more vCPU, relative to Valkey 8.0. An estimate.
    ///
    /// Redis OSS 7.1 and Valkey 7.2 count as 1, Valkey 8.0 as 1.1, 8.1 as 1.15 and 9.0 as 1.2: relative figures of
    /// the reference data, whose node table holds for Valkey 8. For Valkey 9.1 there is no figure: it counts as 9.0.
    pub(super) fn throughput_factor(self) -> f64 {
        let relative_to_7 = match self {
            Self::RedisOss7 | Self::Valkey72 => 1.0,
            Self::Valkey80 => 1.1,
            Self::Valkey81 => 1.15,
            Self::Valkey90 | Self::Valkey91 => 1.2,
            // Estimated from the number of vCPU alone, see `peak_ops`.
            Self::Memcached16 => 1.1,
        };
        relative_to_7 / 1.1
    }
}
