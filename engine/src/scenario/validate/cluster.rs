//! Checks the cluster and the servers' parameters.

use super::{Bounds, Checks, Integer, Number, Quoted};
use crate::catalog::{node_type, node_types};
use crate::policy;
use crate::scenario::parameters::memcached::Automove;
use crate::scenario::{Cluster, Memcached, Redis, SERVER_POLICY, limits};
use crate::units::Bytes;

impl Checks {
    pub(super) fn cluster(&mut self, cluster: &Cluster) {
        match node_type(&cluster.node_type) {
            Some(node) if !node.supports(cluster.engine) => {
                let bounds = Bounds::Rule(format!("a type that runs {}", cluster.engine.label()));
                self.report("cluster.node_type", Quoted(node.name), bounds);
            }
            Some(_) => {}
            None => {
                let names = node_types().iter().map(|node| node.name);
                self.one_of("cluster.node_type", &cluster.node_type, names);
            }
        }
        let (shards, replicas) = (u64::from(cluster.shards), u64::from(cluster.replicas));
        self.integer("cluster.shards", shards, limits::SHARDS);
        self.integer("cluster.replicas", replicas, limits::REPLICAS);
        if limits::SHARDS.contains(shards as f64)
            && limits::REPLICAS.contains(replicas as f64)
            && !limits::NODES.contains((shards * (1 + replicas)) as f64)
        {
            let bounds = format!(
                "at most {} with {replicas} replicas each, as a cluster has up to {} nodes",
                limits::NODES.max as u64 / (1 + replicas),
                limits::NODES.max as u64,
            );
            self.report("cluster.shards", Integer(shards), Bounds::Rule(bounds));
        }
        let memcached = cluster.engine.is_memcached();
        if memcached && replicas > 0 {
            let bounds = Bounds::Rule("0, as Memcached does not replicate".into());
            self.report("cluster.replicas", Integer(replicas), bounds);
        }
        if memcached && limits::SHARDS.contains(shards as f64) {
            self.integer("cluster.shards", shards, limits::MEMCACHED_NODES);
        }
        match policy::find(&cluster.policy) {
            Some(entry) if memcached => {
                let bounds = format!(
                    "\"{SERVER_POLICY}\": other policies are simulated on Redis and Valkey nodes only"
                );
                self.report("cluster.policy", Quoted(entry.name), Bounds::Rule(bounds));
            }
            Some(entry) if entry.needs_future() => {
                let bounds = "a policy that a server can follow: this one needs to know the future and is only for \
                              replaying a trace";
                self.report("cluster.policy", Quoted(entry.name), Bounds::Rule(bounds.into()));
            }
            Some(_) => {}
            None if cluster.policy == SERVER_POLICY => {}
            None => {
                let others = policy::REGISTRY.iter().filter(|entry| !entry.needs_future());
                let names = core::iter::once(SERVER_POLICY).chain(others.map(|entry| entry.name));
                self.one_of("cluster.policy", &cluster.policy, names);
            }
        }
        self.number(
            "cluster.reserved_memory",
            cluster.reserved_memory.0,
            limits::RESERVED_MEMORY,
        );
        if let Some(bytes) = cluster.maxmemory_bytes {
            self.integer("cluster.maxmemory_bytes", bytes.0, limits::MAXMEMORY_BYTES);
        }
        self.redis(&cluster.redis);
        self.memcached(&cluster.memcached);
    }

    fn redis(&mut self, redis: &Redis) {
        for (field, value, limit) in [
            ("maxmemory_samples", redis.maxmemory_samples, limits::SAMPLES),
            (
                "maxmemory_eviction_tenacity",
                redis.maxmemory_eviction_tenacity,
                limits::TENACITY,
            ),
            ("lfu_log_factor", redis.lfu_log_factor, limits::LFU_LOG_FACTOR),
            (
                "lfu_decay_time_min",
                redis.lfu_decay_time_min,
                limits::LFU_DECAY_MIN,
            ),
            ("hz", redis.hz, limits::HZ),
            (
                "active_expire_effort",
                redis.active_expire_effort,
                limits::EXPIRE_EFFORT,
            ),
            (
                "connection_bytes",
                redis.connection_bytes,
                limits::CONNECTION_BYTES,
            ),
        ] {
            self.integer(&format!("cluster.redis.{field}"), value.into(), limit);
        }
        self.integer(
            "cluster.redis.backlog_bytes",
            redis.backlog_bytes,
            limits::BACKLOG_BYTES,
        );
    }

    fn memcached(&mut self, memcached: &Memcached) {
        for (field, value, limit) in [
            (
                "first_chunk_bytes",
                u64::from(memcached.first_chunk_bytes),
                limits::FIRST_CHUNK_BYTES,
            ),
            (
                "max_item_bytes",
                memcached.max_item_bytes.0,
                limits::MAX_ITEM_BYTES,
            ),
            (
                "automove_window_s",
                memcached.automove_window_s.0,
                limits::AUTOMOVE_WINDOW_S,
            ),
            ("hash_power", memcached.hash_power.into(), limits::HASH_POWER),
        ] {
            self.integer(&format!("cluster.memcached.{field}"), value, limit);
        }
        for (field, value, limit) in [
            ("growth_factor", memcached.growth_factor, limits::GROWTH_FACTOR),
            ("hot_share", memcached.hot_share.0, limits::QUEUE_SHARE),
            ("warm_share", memcached.warm_share.0, limits::QUEUE_SHARE),
            ("hot_age_factor", memcached.hot_age_factor, limits::AGE_FACTOR),
            ("warm_age_factor", memcached.warm_age_factor, limits::AGE_FACTOR),
            (
                "automove_ratio",
                memcached.automove_ratio.0,
                limits::AUTOMOVE_RATIO,
            ),
        ] {
            self.number(&format!("cluster.memcached.{field}"), value, limit);
        }
        // The rules of `memcached.c`.
        let chunk = memcached.max_chunk_bytes.0;
        if !limits::MAX_CHUNK_BYTES.contains(chunk as f64) || !Bytes::mib(1).0.is_multiple_of(chunk) {
            let bounds = Bounds::Rule("a part of 1,048,576 without remainder, of 512 bytes or more".into());
            self.report("cluster.memcached.max_chunk_bytes", Integer(chunk), bounds);
        }
        if memcached.hot_share.0 + memcached.warm_share.0 > 0.8 {
            let bounds = "at most 0.8 together with cluster.memcached.hot_share";
            self.report(
                "cluster.memcached.warm_share",
                Number(memcached.warm_share.0),
                Bounds::Rule(bounds.into()),
            );
        }
        if memcached.automove != Automove::Off && !memcached.reassign {
            let bounds = "off unless cluster.memcached.reassign is true";
            self.report("cluster.memcached.automove", "on", Bounds::Rule(bounds.into()));
        }
    }
}
