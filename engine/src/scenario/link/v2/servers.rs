//! What is set on the servers.

use super::super::code::Code;
use crate::scenario::parameters::memcached::{Automove, Lru, Memcached, Version};
use crate::scenario::parameters::redis::{Allocator, MaxmemoryPolicy, Redis};
use crate::scenario::{Engine, Scenario};

/// Whether they run Memcached, whatever the `v1` form says, their parameters, and the connections to them.
pub(super) fn servers(code: &mut Code<'_>, scenario: &mut Scenario) {
    let cluster = &mut scenario.cluster;
    let mut is_memcached = cluster.engine.is_memcached();
    code.bool(&mut is_memcached);
    if is_memcached {
        cluster.engine = Engine::Memcached16;
    }
    redis(code, &mut cluster.redis);
    memcached(code, &mut cluster.memcached);
    code.u32(&mut scenario.client.connections);
}

fn redis(code: &mut Code<'_>, redis: &mut Redis) {
    code.choice(&mut redis.maxmemory_policy, &MaxmemoryPolicy::ALL);
    code.u32(&mut redis.maxmemory_samples);
    code.u32(&mut redis.maxmemory_eviction_tenacity);
    code.u32(&mut redis.lfu_log_factor);
    code.u32(&mut redis.lfu_decay_time_min);
    code.u32(&mut redis.hz);
    code.u32(&mut redis.active_expire_effort);
    code.choice(&mut redis.allocator, &Allocator::ALL);
    code.u32(&mut redis.connection_bytes);
    code.u64(&mut redis.backlog_bytes);
}

fn memcached(code: &mut Code<'_>, memcached: &mut Memcached) {
    code.choice(&mut memcached.version, &[Version::V160, Version::V1634]);
    code.bool(&mut memcached.evictions);
    code.bool(&mut memcached.cas);
    code.u32(&mut memcached.first_chunk_bytes);
    code.f64(&mut memcached.growth_factor);
    code.u64(&mut memcached.max_chunk_bytes.0);
    code.u64(&mut memcached.max_item_bytes.0);
    code.choice(&mut memcached.lru, &Lru::ALL);
    code.f64(&mut memcached.hot_share.0);
    code.f64(&mut memcached.warm_share.0);
    code.f64(&mut memcached.hot_age_factor);
    code.f64(&mut memcached.warm_age_factor);
    code.bool(&mut memcached.reassign);
    code.choice(
        &mut memcached.automove,
        &[Automove::Off, Automove::ByAge, Automove::EveryEviction],
    );
    code.f64(&mut memcached.automove_ratio.0);
    code.u64(&mut memcached.automove_window_s.0);
    code.bool(&mut memcached.crawler);
    code.u8(&mut memcached.hash_power);
}
