//! Directives of Redis and Valkey that the store obeys.
//!
//! Two sets of defaults have names: [`Redis::open_source`], what the server does without a configuration file, and
//! [`Redis::managed`], what ElastiCache sets. Names and units follow `redis.conf`.

use crate::catalog::Engine;
use core::ops::RangeInclusive;
use serde::{Deserialize, Serialize};

/// What goes when memory is full: `maxmemory-policy` (`reference/servers.md` section 1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MaxmemoryPolicy {
    /// The key idle for longest.
    AllkeysLru,
    /// The key used least often.
    AllkeysLfu,
    /// Any key.
    AllkeysRandom,
    /// Of the keys with a TTL, the one idle for longest.
    VolatileLru,
    /// Of the keys with a TTL, the one used least often.
    VolatileLfu,
    /// Any key with a TTL.
    VolatileRandom,
    /// The key that expires soonest.
    VolatileTtl,
    /// Nothing: writes fail.
    Noeviction,
}

impl MaxmemoryPolicy {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::AllkeysLru,
        Self::AllkeysLfu,
        Self::AllkeysRandom,
        Self::VolatileLru,
        Self::VolatileLfu,
        Self::VolatileRandom,
        Self::VolatileTtl,
        Self::Noeviction,
    ];

    /// As the server writes it.
    pub fn label(self) -> &'static str {
        match self {
            Self::AllkeysLru => "allkeys-lru",
            Self::AllkeysLfu => "allkeys-lfu",
            Self::AllkeysRandom => "allkeys-random",
            Self::VolatileLru => "volatile-lru",
            Self::VolatileLfu => "volatile-lfu",
            Self::VolatileRandom => "volatile-random",
            Self::VolatileTtl => "volatile-ttl",
            Self::Noeviction => "noeviction",
        }
    }

    /// Whether only keys with a TTL may go.
    pub fn is_volatile(self) -> bool {
        matches!(
            self,
            Self::VolatileLru | Self::VolatileLfu | Self::VolatileRandom | Self::VolatileTtl
        )
    }
}

/// The allocator that the server is built with: it rounds every allocation up (section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allocator {
    /// The jemalloc that comes with the server, with a quantum of 8 bytes.
    BundledJemalloc,
    /// The distribution's jemalloc, with a quantum of 16 bytes, as in Debian's and Ubuntu's packages.
    SystemJemalloc,
    /// The C library's, in steps of 16 bytes less a header.
    Glibc,
}

impl Allocator {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::BundledJemalloc, Self::SystemJemalloc, Self::Glibc];

    /// Name for people.
    pub fn label(self) -> &'static str {
        match self {
            Self::BundledJemalloc => "bundled jemalloc",
            Self::SystemJemalloc => "system jemalloc",
            Self::Glibc => "glibc malloc",
        }
    }
}

/// Directives of one server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Redis {
    /// `maxmemory-policy`.
    pub maxmemory_policy: MaxmemoryPolicy,
    /// `maxmemory-samples`: keys looked at per eviction; [`Redis::SAMPLES`].
    pub maxmemory_samples: u32,
    /// `maxmemory-eviction-tenacity`: how long one command may evict; [`Redis::TENACITY`].
    pub maxmemory_eviction_tenacity: u32,
    /// `lfu-log-factor`: how many hits a step of the counter takes; [`Redis::LFU_LOG_FACTOR`].
    pub lfu_log_factor: u32,
    /// `lfu-decay-time`: minutes after which the counter falls by one, 0 for never; [`Redis::LFU_DECAY_MIN`].
    pub lfu_decay_time_min: u32,
    /// `hz`: background tasks per second; [`Redis::HZ`].
    pub hz: u32,
    /// `active-expire-effort`; [`Redis::EXPIRE_EFFORT`].
    pub active_expire_effort: u32,
    /// What rounds allocations up.
    pub allocator: Allocator,
    /// Bytes that one connection takes, its buffers included (section 3.5).
    pub connection_bytes: u32,
    /// Bytes of the replication backlog in use; counted once a replica was attached.
    pub backlog_bytes: u64,
}

impl Redis {
    /// Bounds of `maxmemory_samples`.
    pub const SAMPLES: RangeInclusive<u32> = 1..=64;
    /// Bounds of `maxmemory_eviction_tenacity`.
    pub const TENACITY: RangeInclusive<u32> = 0..=100;
    /// Bounds of `lfu_log_factor`.
    pub const LFU_LOG_FACTOR: RangeInclusive<u32> = 0..=1_000_000;
    /// Bounds of `lfu_decay_time_min`: the minutes are counted in 16 bits.
    pub const LFU_DECAY_MIN: RangeInclusive<u32> = 0..=65_535;
    /// Bounds of `hz`.
    pub const HZ: RangeInclusive<u32> = 1..=500;
    /// Bounds of `active_expire_effort`.
    pub const EXPIRE_EFFORT: RangeInclusive<u32> = 1..=10;
    /// Bounds of `connection_bytes`: up to a query of 1 MiB in flight.
    pub const CONNECTION_BYTES: RangeInclusive<u32> = 0..=1 << 20;
    /// Bounds of `backlog_bytes`: up to 64 GiB.
    pub const BACKLOG_BYTES: RangeInclusive<u64> = 0..=64 << 30;

    /// What the server does without a configuration file (section 11). Connections are active ones (section 3.5).
    /// Memcached, which has no such directives, gets those of the oldest Redis.
    pub fn open_source(engine: Engine) -> Self {
        let (connection_bytes, backlog_bytes) = match engine {
            Engine::RedisOss7 | Engine::Valkey72 | Engine::Memcached16 => (22_800, 1 << 20),
            Engine::Valkey80 => (2_300, 10 << 20),
            Engine::Valkey81 | Engine::Valkey90 | Engine::Valkey91 => (1_900, 10 << 20),
        };
        Self {
            maxmemory_policy: MaxmemoryPolicy::Noeviction,
            maxmemory_samples: 5,
            maxmemory_eviction_tenacity: 10,
            lfu_log_factor: 10,
            lfu_decay_time_min: 1,
            hz: 10,
            active_expire_effort: 1,
            allocator: Allocator::BundledJemalloc,
            connection_bytes,
            backlog_bytes,
        }
    }

    /// What ElastiCache sets (`reference/aws/limits_and_metrics.md`): three samples and `volatile-lru`, under which
    /// keys without a TTL never go.
    pub fn managed(engine: Engine) -> Self {
        Self {
            maxmemory_policy: MaxmemoryPolicy::VolatileLru,
            maxmemory_samples: 3,
            ..Self::open_source(engine)
        }
    }
}

impl Default for Redis {
    /// [`Redis::managed`], except that keys without a TTL go too.
    fn default() -> Self {
        Self {
            maxmemory_policy: MaxmemoryPolicy::AllkeysLru,
            ..Self::managed(Engine::Valkey81)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_written_as_the_server_writes_them() {
        for policy in MaxmemoryPolicy::ALL {
            let json = serde_json::to_string(&policy).expect("a name");
            assert_eq!(json, format!("\"{}\"", policy.label()));
        }
    }

    #[test]
    fn named_sets_differ_where_the_providers_do_and_survive_json() {
        for engine in Engine::ALL {
            let (open, managed) = (Redis::open_source(engine), Redis::managed(engine));
            assert_eq!(open.maxmemory_policy, MaxmemoryPolicy::Noeviction);
            assert_eq!(managed.maxmemory_policy, MaxmemoryPolicy::VolatileLru);
            assert_eq!((open.maxmemory_samples, managed.maxmemory_samples), (5, 3));
            let json = serde_json::to_string(&managed).expect("JSON");
            assert_eq!(serde_json::from_str::<Redis>(&json).expect("the same"), managed);
        }
        assert!(serde_json::from_str::<Redis>("{\"maxmemory_sample\": 5}").is_err());
    }
}
