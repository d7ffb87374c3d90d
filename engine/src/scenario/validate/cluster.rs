//! Checks the cluster and the servers' parameters.

use super::{Bounds, Checks, Integer, Number, Quoted};
use crate::catalog::{Engine, NodeType, node_type, node_types};
use crate::cluster::slots::SLOTS;
use crate::policy;
use crate::scenario::parameters::memcached::Automove;
use crate::scenario::parameters::redis::MaxmemoryPolicy;
use crate::scenario::{
    Aof, AutoScaling, Cluster, ClusterMode, Distribution, GlobalDatastore, Memcached, Persistence, Redis,
    Replication, SERVER_POLICY, Scales, Serverless, limits,
};
use crate::units::Bytes;

impl Checks {
    pub(super) fn cluster(&mut self, cluster: &Cluster) {
        if let Some(serverless) = &cluster.serverless {
            self.serverless(serverless);
        }
        self.node_type("cluster.node_type", &cluster.node_type, cluster.engine);
        if let Some(node) =
            node_type(&cluster.node_type).filter(|node| node.ssd.is_some() && node.supports(cluster.engine))
        {
            self.tiering(node, cluster);
        }
        let (shards, replicas) = (u64::from(cluster.shards), u64::from(cluster.replicas));
        self.integer("cluster.shards", shards, &limits::SHARDS);
        self.integer("cluster.replicas", replicas, &limits::REPLICAS);
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
            self.integer("cluster.shards", shards, &limits::MEMCACHED_NODES);
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
            &limits::RESERVED_MEMORY,
        );
        if let Some(bytes) = cluster.maxmemory_bytes {
            self.integer("cluster.maxmemory_bytes", bytes.0, &limits::MAXMEMORY_BYTES);
        }
        if cluster.replication.dual_channel && !cluster.engine.has_dual_channel() {
            let bounds = "false, as dual channels came with Valkey 8.0";
            self.report(
                "cluster.replication.dual_channel",
                true,
                Bounds::Rule(bounds.into()),
            );
        }
        self.redis(&cluster.redis);
        self.memcached(&cluster.memcached);
        self.placement(cluster);
        self.failover(cluster);
        self.replication(&cluster.replication);
        if let Some(global) = &cluster.global {
            self.global(global, cluster);
        }
        self.persistence(&cluster.persistence, memcached);
        if let Some(rules) = &cluster.auto_scaling {
            self.auto_scaling(rules, cluster);
        }
    }

    fn auto_scaling(&mut self, rules: &AutoScaling, cluster: &Cluster) {
        let path = |field: &str| format!("cluster.auto_scaling.{field}");
        if !cluster.has_bus() {
            let bounds = Bounds::Rule("left out unless cluster mode is enabled: cluster.cluster_mode".into());
            self.report("cluster.auto_scaling", "set", bounds);
        }
        if cluster.global.is_some() {
            let bounds = Bounds::Rule("left out with secondary regions: cluster.global".into());
            self.report("cluster.auto_scaling", "set", bounds);
        }
        self.number(&path("target"), rules.target.0, &limits::SCALING_TARGET);
        let (limit, nodes) = match rules.scales {
            Scales::Shards => (
                &limits::SHARDS,
                u64::from(rules.most) * u64::from(cluster.replicas + 1),
            ),
            Scales::Replicas => (
                &limits::REPLICAS,
                u64::from(cluster.shards) * u64::from(rules.most.min(5) + 1),
            ),
        };
        self.integer(&path("least"), rules.least.into(), limit);
        self.integer(&path("most"), rules.most.into(), limit);
        if rules.most < rules.least {
            let bounds = Bounds::Rule("at least cluster.auto_scaling.least".into());
            self.report(&path("most"), Integer(rules.most.into()), bounds);
        } else if limit.contains(f64::from(rules.most)) && !limits::NODES.contains(nodes as f64) {
            let bounds = format!("so few that there are at most {} nodes", limits::NODES.max as u32);
            self.report(&path("most"), Integer(rules.most.into()), Bounds::Rule(bounds));
        }
        for (field, seconds) in [
            ("out_cooldown_s", rules.out_cooldown_s),
            ("in_cooldown_s", rules.in_cooldown_s),
            ("provision_s", rules.provision_s),
        ] {
            self.integer(&path(field), seconds.0, &limits::SCALING_S);
        }
    }

    /// Checks a node type that takes the place of the one there is: data tiering stays as it is.
    pub(super) fn other_node_type(&mut self, path: &str, name: &str, cluster: &Cluster) {
        self.node_type(path, name, cluster.engine);
        if let (Some(new), Some(old)) = (node_type(name), node_type(&cluster.node_type))
            && new.ssd.is_some() != old.ssd.is_some()
        {
            let bounds = format!(
                "with data tiering as {} has it, or without as it has not",
                old.name
            );
            self.report(path, Quoted(new.name), Bounds::Rule(bounds));
        }
    }

    fn node_type(&mut self, path: &str, name: &str, engine: Engine) {
        match node_type(name) {
            Some(node) if !node.supports(engine) => {
                let bounds = Bounds::Rule(format!("a type that runs {}", engine.label()));
                self.report(path, Quoted(node.name), bounds);
            }
            Some(_) => {}
            None => {
                let names = node_types().iter().map(|node| node.name);
                self.one_of(path, name, names);
            }
        }
    }

    /// Data tiering knows five policies (`reference/aws/limits_and_metrics.md` section 2).
    fn tiering(&mut self, node: &NodeType, cluster: &Cluster) {
        let tiered = match cluster.redis.maxmemory_policy {
            MaxmemoryPolicy::VolatileLru
            | MaxmemoryPolicy::AllkeysLru
            | MaxmemoryPolicy::VolatileLfu
            | MaxmemoryPolicy::AllkeysLfu
            | MaxmemoryPolicy::Noeviction => cluster.policy == SERVER_POLICY,
            MaxmemoryPolicy::AllkeysRandom
            | MaxmemoryPolicy::VolatileRandom
            | MaxmemoryPolicy::VolatileTtl => false,
        };
        if !tiered {
            let bounds = format!("by LRU, LFU or none at all, as {} has data tiering", node.name);
            self.report("cluster.policy", Quoted(cluster.eviction()), Bounds::Rule(bounds));
        }
    }

    fn serverless(&mut self, serverless: &Serverless) {
        let Serverless {
            min_ecpu_per_s,
            max_ecpu_per_s,
            min_bytes,
            max_bytes,
        } = *serverless;
        let path = "cluster.serverless.max_ecpu_per_s";
        self.number(
            "cluster.serverless.min_ecpu_per_s",
            min_ecpu_per_s.0,
            &limits::MIN_ECPU_PER_S,
        );
        if let Some(most) = max_ecpu_per_s {
            self.number(path, most.0, &limits::MAX_ECPU_PER_S);
            if most < min_ecpu_per_s {
                let bounds = "not below cluster.serverless.min_ecpu_per_s";
                self.report(path, Number(most.0), Bounds::Rule(bounds.into()));
            }
        }
        let path = "cluster.serverless.max_bytes";
        self.integer(
            "cluster.serverless.min_bytes",
            min_bytes.0,
            &limits::MIN_DATA_BYTES,
        );
        if let Some(most) = max_bytes {
            self.integer(path, most.0, &limits::MAX_DATA_BYTES);
            if most < min_bytes {
                let bounds = "not below cluster.serverless.min_bytes";
                self.report(path, Integer(most.0), Bounds::Rule(bounds.into()));
            }
        }
    }

    /// Which node holds which keys, and where it stands.
    fn placement(&mut self, cluster: &Cluster) {
        let memcached = cluster.engine.is_memcached();
        match cluster.cluster_mode {
            ClusterMode::Enabled if memcached => {
                let bounds = Bounds::Rule("auto or disabled, as Memcached has no cluster mode".into());
                self.report("cluster.cluster_mode", "enabled", bounds);
            }
            ClusterMode::Disabled if !memcached && cluster.shards > 1 => {
                let bounds = "auto or enabled, as there is one shard with cluster mode disabled";
                self.report("cluster.cluster_mode", "disabled", Bounds::Rule(bounds.into()));
            }
            _ => {}
        }
        if !memcached && cluster.distribution != Distribution::Slots {
            let bounds = format!(
                "\"slots\", as {} divides keys by hash slot",
                cluster.engine.label()
            );
            self.report(
                "cluster.distribution",
                Quoted(cluster.distribution.label()),
                Bounds::Rule(bounds),
            );
        }
        if let Some(weights) = &cluster.slots {
            self.slots(weights, cluster);
        }
        self.integer("cluster.zones", cluster.zones.into(), &limits::ZONES);
    }

    fn slots(&mut self, weights: &[u32], cluster: &Cluster) {
        if cluster.distribution != Distribution::Slots {
            let bounds = Bounds::Rule("empty unless cluster.distribution is \"slots\"".into());
            self.report("cluster.slots", "set", bounds);
        }
        if weights.len() as u64 != u64::from(cluster.shards) {
            let bounds = format!("one weight for each of the {} shards", cluster.shards);
            let found = format!("{} weights", weights.len());
            self.report("cluster.slots", found, Bounds::Rule(bounds));
            return;
        }
        let before = self.issues.len();
        for (shard, weight) in weights.iter().enumerate() {
            self.integer(
                &format!("cluster.slots[{shard}]"),
                (*weight).into(),
                &limits::SLOT_WEIGHT,
            );
        }
        if self.issues.len() > before {
            return;
        }
        let total: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        let least = total.div_ceil(SLOTS.into());
        for (shard, weight) in weights.iter().enumerate() {
            if u64::from(*weight) < least {
                let bounds = format!("at least {least}, for a slot of its own");
                self.report(
                    &format!("cluster.slots[{shard}]"),
                    Integer((*weight).into()),
                    Bounds::Rule(bounds),
                );
            }
        }
    }

    fn failover(&mut self, cluster: &Cluster) {
        self.integer(
            "cluster.node_timeout_ms",
            cluster.node_timeout_ms.into(),
            &limits::NODE_TIMEOUT_MS,
        );
        if let Some(seconds) = cluster.service_failover_s {
            self.integer(
                "cluster.service_failover_s",
                seconds.0,
                &limits::SERVICE_FAILOVER_S,
            );
        }
    }

    fn replication(&mut self, replication: &Replication) {
        for (field, value, limit) in [
            ("one_way_us", replication.one_way_us.into(), &limits::ONE_WAY_US),
            (
                "cross_zone_one_way_us",
                replication.cross_zone_one_way_us.into(),
                &limits::ONE_WAY_US,
            ),
            (
                "diskless_delay_s",
                replication.diskless_delay_s.0,
                &limits::REPLICATION_WAIT_S,
            ),
            (
                "output_limit_bytes",
                replication.output_limit_bytes.0,
                &limits::OUTPUT_LIMIT_BYTES,
            ),
            (
                "output_soft_limit_bytes",
                replication.output_soft_limit_bytes.0,
                &limits::OUTPUT_LIMIT_BYTES,
            ),
            (
                "output_soft_s",
                replication.output_soft_s.0,
                &limits::REPLICATION_WAIT_S,
            ),
        ] {
            self.integer(&format!("cluster.replication.{field}"), value, limit);
        }
    }

    /// Global Datastore asks for nodes of its own kind (`reference/aws/limits_and_metrics.md` section 8).
    fn global(&mut self, global: &GlobalDatastore, cluster: &Cluster) {
        let bursts = node_type(&cluster.node_type).is_some_and(NodeType::is_burstable);
        if bursts || cluster.engine.is_memcached() {
            let bounds = "left out with T types and with Memcached, which have no Global Datastore";
            self.report("cluster.global", "set", Bounds::Rule(bounds.into()));
        }
        for (field, value, limit) in [
            ("secondaries", global.secondaries, &limits::SECONDARIES),
            ("lag_ms", global.lag_ms, &limits::REGION_LAG_MS),
            (
                "round_trip_ms",
                global.round_trip_ms,
                &limits::REGION_ROUND_TRIP_MS,
            ),
        ] {
            self.integer(&format!("cluster.global.{field}"), value.into(), limit);
        }
        self.number("cluster.global.share", global.share.0, &limits::SHARE);
    }

    fn persistence(&mut self, persistence: &Persistence, memcached: bool) {
        if let Some(snapshots) = &persistence.snapshots {
            for (field, value, limit) in [
                ("hour", snapshots.hour, &limits::SNAPSHOT_HOUR),
                ("every_h", snapshots.every_h, &limits::SNAPSHOT_EVERY_H),
            ] {
                let path = format!("cluster.persistence.snapshots.{field}");
                self.integer(&path, value.into(), limit);
            }
            if memcached {
                let bounds = Bounds::Rule("empty, as Memcached keeps nothing on disk".into());
                self.report("cluster.persistence.snapshots", "set", bounds);
            }
        }
        if memcached && persistence.aof != Aof::Off {
            let bounds = Bounds::Rule("\"off\", as Memcached keeps nothing on disk".into());
            self.report("cluster.persistence.aof", Quoted(persistence.aof.label()), bounds);
        }
        for (field, value, limit) in [
            (
                "fork_ms_per_gb",
                persistence.fork_ms_per_gb,
                &limits::FORK_MS_PER_GB,
            ),
            ("rdb_mb_per_s", persistence.rdb_mb_per_s, &limits::RDB_MB_PER_S),
            ("load_mb_per_s", persistence.load_mb_per_s, &limits::RDB_MB_PER_S),
            (
                "rdb_compressed",
                persistence.rdb_compressed.0,
                &limits::RDB_COMPRESSED,
            ),
        ] {
            self.number(&format!("cluster.persistence.{field}"), value, limit);
        }
        self.integer(
            "cluster.persistence.fsync_us",
            persistence.fsync_us.into(),
            &limits::FSYNC_US,
        );
    }

    fn redis(&mut self, redis: &Redis) {
        for (field, value, limit) in [
            ("maxmemory_samples", redis.maxmemory_samples, &limits::SAMPLES),
            (
                "maxmemory_eviction_tenacity",
                redis.maxmemory_eviction_tenacity,
                &limits::TENACITY,
            ),
            ("lfu_log_factor", redis.lfu_log_factor, &limits::LFU_LOG_FACTOR),
            (
                "lfu_decay_time_min",
                redis.lfu_decay_time_min,
                &limits::LFU_DECAY_MIN,
            ),
            ("hz", redis.hz, &limits::HZ),
            (
                "active_expire_effort",
                redis.active_expire_effort,
                &limits::EXPIRE_EFFORT,
            ),
            (
                "connection_bytes",
                redis.connection_bytes,
                &limits::CONNECTION_BYTES,
            ),
        ] {
            self.integer(&format!("cluster.redis.{field}"), value.into(), limit);
        }
        self.integer(
            "cluster.redis.backlog_bytes",
            redis.backlog_bytes,
            &limits::BACKLOG_BYTES,
        );
    }

    fn memcached(&mut self, memcached: &Memcached) {
        for (field, value, limit) in [
            (
                "first_chunk_bytes",
                u64::from(memcached.first_chunk_bytes),
                &limits::FIRST_CHUNK_BYTES,
            ),
            (
                "max_item_bytes",
                memcached.max_item_bytes.0,
                &limits::MAX_ITEM_BYTES,
            ),
            (
                "automove_window_s",
                memcached.automove_window_s.0,
                &limits::AUTOMOVE_WINDOW_S,
            ),
            ("hash_power", memcached.hash_power.into(), &limits::HASH_POWER),
        ] {
            self.integer(&format!("cluster.memcached.{field}"), value, limit);
        }
        for (field, value, limit) in [
            ("growth_factor", memcached.growth_factor, &limits::GROWTH_FACTOR),
            ("hot_share", memcached.hot_share.0, &limits::QUEUE_SHARE),
            ("warm_share", memcached.warm_share.0, &limits::QUEUE_SHARE),
            ("hot_age_factor", memcached.hot_age_factor, &limits::AGE_FACTOR),
            ("warm_age_factor", memcached.warm_age_factor, &limits::AGE_FACTOR),
            (
                "automove_ratio",
                memcached.automove_ratio.0,
                &limits::AUTOMOVE_RATIO,
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
