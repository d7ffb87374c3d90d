//! The store of each primary, as the plan has it, and what the keys of the workload would take there.

use super::Sim;
use super::write::MARKER_BYTES;
use crate::catalog::NodeType;
use crate::cluster::Topology;
use crate::scenario::{KeyClass, Plan, Ttl};
use crate::store::{Costs, MemoryModel, RedisSetup, Slots, Store};
use crate::units::Bytes;

/// The empty store of a shard of nodes of a type, whose keys are numbered below `keys`.
pub(super) fn store(plan: &Plan, topology: &Topology, shard: usize, keys: u32, kind: &NodeType) -> Store {
    let scenario = plan.scenario();
    let cluster = &scenario.cluster;
    let maxmemory = plan.maxmemory_of(kind);
    let seed = scenario.seed ^ ((shard as u64) << 32);
    let slots = slots_owned(topology, shard);
    if let Some(policy) = plan.policy() {
        let memory = MemoryModel::with(cluster.engine.into(), cluster.redis.allocator, slots);
        return Store::new(policy, memory, maxmemory, keys, seed);
    }
    if cluster.engine.is_memcached() {
        return Store::memcached(&cluster.memcached, maxmemory, keys, seed);
    }
    let mut parameters = cluster.redis.clone();
    if cluster.replicas == 0 {
        // The backlog is made when the first replica is attached.
        parameters.backlog_bytes = 0;
    }
    let setup = RedisSetup {
        version: cluster.engine.into(),
        parameters: &parameters,
        maxmemory,
        keys,
        slots: match slots {
            0 => Slots::Standalone,
            owned => Slots::Spread(owned),
        },
        clients: scenario.client.connections_per_node(),
        costs: Costs::default(),
        seed,
    };
    match plan.ssd_of(kind) {
        Some(ssd) => Store::tiered(&setup, ssd),
        None => Store::redis(&setup),
    }
}

/// Slots of a shard as memory is concerned: none with cluster mode disabled, as one shard alone runs and clients that
/// divide the keys themselves have it. A shard of a cluster that has no slots yet, or gave them all away, counts as if it
/// had one: it runs in cluster mode.
fn slots_owned(topology: &Topology, shard: usize) -> u32 {
    if topology.shards() == 1 || !topology.has_slots() {
        return 0;
    }
    topology.slots_owned(shard as u16).max(1)
}

impl Sim {
    /// Bytes that all keys of the workload would take in the cluster.
    #[inline(never)]
    pub(crate) fn working_set(&self) -> Bytes {
        let mut sums = vec![(0u64, 0u64, 0u64); self.shards.len()];
        let remembers = self.plan.scenario().client.negative_ttl_s.is_some();
        for (number, key) in self.keys.iter().enumerate() {
            let absent = self.is_absent(number as u32, key);
            if absent && !remembers {
                continue;
            }
            let at = usize::from(key.shard);
            let (Some(sum), Some(shard), Some(rules)) = (
                sums.get_mut(at),
                self.shards.get(at),
                self.classes.get(usize::from(key.class)),
            ) else {
                continue;
            };
            let ttl = rules.ttl != Ttl::None || absent;
            let bytes = if absent { MARKER_BYTES } else { key.value_bytes };
            let count = u64::from(key.keys);
            sum.0 += count;
            sum.1 += if ttl { count } else { 0 };
            let store = &shard.store;
            sum.2 += count * store.item_bytes(rules.key_bytes, bytes, ttl);
        }
        Bytes(
            self.shards
                .iter()
                .zip(sums)
                .map(|(shard, (keys, ttl_keys, items))| shard.store.projected_bytes(keys, ttl_keys, items))
                .sum(),
        )
    }
}

/// About how many keys of the mix fit into the cluster.
pub(super) fn capacity_keys(plan: &Plan, topology: &Topology, classes: &[KeyClass]) -> f64 {
    let store = store(plan, topology, 0, 0, plan.node());
    let (keys, bytes) = classes.iter().fold((0.0, 0.0), |(keys, bytes), class| {
        let value = class.value_size.mean();
        let item = store.item_bytes(class.key_bytes, value as u32, class.ttl != Ttl::None);
        (keys + class.keys as f64, bytes + class.keys as f64 * item as f64)
    });
    let all = plan.capacity().0 as f64 * f64::from(plan.scenario().cluster.shards);
    all * keys / bytes
}
