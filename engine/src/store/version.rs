//! Families of server versions that store and evict alike.

use crate::catalog::Engine;

/// A family of Redis or Valkey versions (`reference/servers.md` section 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// Redis 7.0 to 7.2 and Valkey 7.2: one chained table.
    Redis7,
    /// Redis 7.4 and 8.0: a chained table per hash slot in cluster mode, keys laid out as before.
    Redis8,
    /// Valkey 8.0: the same tables; keys lie within their entries.
    Valkey80,
    /// Valkey 8.1 and 9.0: tables of 64-byte buckets, key and value in one object.
    Valkey81,
    /// Valkey 9.1: the same, with larger objects.
    Valkey91,
}

impl Version {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [
        Self::Redis7,
        Self::Redis8,
        Self::Valkey80,
        Self::Valkey81,
        Self::Valkey91,
    ];

    /// Whether tables have buckets of seven keys (`hashtable.c`) rather than chains (`dict.c`).
    pub(crate) fn has_buckets(self) -> bool {
        matches!(self, Self::Valkey81 | Self::Valkey91)
    }

    /// Whether every hash slot has a table of its own in cluster mode (`kvstore.c`).
    pub(crate) fn has_slot_tables(self) -> bool {
        self != Self::Redis7
    }
}

impl From<Engine> for Version {
    /// The family of an engine. Memcached, which is none of them, counts as the oldest.
    fn from(engine: Engine) -> Self {
        match engine {
            Engine::RedisOss7 | Engine::Valkey72 | Engine::Memcached16 => Self::Redis7,
            Engine::Valkey80 => Self::Valkey80,
            Engine::Valkey81 | Engine::Valkey90 => Self::Valkey81,
            Engine::Valkey91 => Self::Valkey91,
        }
    }
}
