//! The store of each primary, as the plan has it.

use crate::cluster::Topology;
use crate::scenario::Plan;
use crate::store::{Costs, MemoryModel, RedisSetup, Slots, Store};

/// The empty store of a shard whose keys are numbered below `keys`.
pub(super) fn store(plan: &Plan, topology: &Topology, shard: usize, keys: u32) -> Store {
    let scenario = plan.scenario();
    let cluster = &scenario.cluster;
    let seed = scenario.seed ^ ((shard as u64) << 32);
    let slots = slots_owned(topology, shard);
    if let Some(policy) = plan.policy() {
        let memory = MemoryModel::with(cluster.engine.into(), cluster.redis.allocator, slots);
        return Store::new(policy, memory, plan.maxmemory(), keys, seed);
    }
    if cluster.engine.is_memcached() {
        return Store::memcached(&cluster.memcached, plan.maxmemory(), keys, seed);
    }
    let mut parameters = cluster.redis.clone();
    if cluster.replicas == 0 {
        // The backlog is made when the first replica is attached.
        parameters.backlog_bytes = 0;
    }
    let setup = RedisSetup {
        version: cluster.engine.into(),
        parameters: &parameters,
        maxmemory: plan.maxmemory(),
        keys,
        slots: match slots {
            0 => Slots::Standalone,
            owned => Slots::Spread(owned),
        },
        clients: scenario.client.connections,
        costs: Costs::default(),
        seed,
    };
    match plan.ssd() {
        Some(ssd) => Store::tiered(&setup, ssd),
        None => Store::redis(&setup),
    }
}

/// Slots of a shard as memory is concerned: none when there is one shard, which runs with cluster mode disabled.
fn slots_owned(topology: &Topology, shard: usize) -> u32 {
    if topology.shards() == 1 {
        return 0;
    }
    topology.slots_owned(shard as u16)
}
