//! The cache: what runs on how many nodes of which type.

use super::parameters::memcached::Memcached;
use super::parameters::redis::Redis;
use super::{GlobalDatastore, SERVER_POLICY, Serverless};
use crate::catalog::Engine;
use crate::cluster::persistence::fork_pause;
use crate::cluster::replication::{Flow, FullSync, Limits};
use crate::cluster::{Topology, zone_of};
use crate::units::{Bytes, Micros, Seconds, Share};
use serde::{Deserialize, Serialize};

/// The cache.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Cluster {
    /// What runs on the nodes.
    pub engine: Engine,
    /// A Serverless cache in place of nodes: what the service decides then has no effect, which is all below, the
    /// engine aside. `None` for nodes.
    pub serverless: Option<Serverless>,
    /// A name of the catalogue, such as `cache.r7g.large`.
    pub node_type: String,
    /// Primaries, each with a share of the 16,384 slots: 1 to 500. Nodes of Memcached: 1 to 60.
    pub shards: u32,
    /// Replicas of each primary: 0 to 5.
    pub replicas: u32,
    /// Whether the nodes run with cluster mode enabled.
    pub cluster_mode: ClusterMode,
    /// How keys are divided among the shards.
    pub distribution: Distribution,
    /// Weight of each shard's part of the slots, one for each shard: 1 to 16,384, and large enough for a slot of its
    /// own. `None` for parts as even as can be.
    pub slots: Option<Vec<u32>>,
    /// Availability zones that the nodes are spread over: 1 to 3. Primaries take turns in them; a replica lies in the
    /// zones after its primary's.
    pub zones: u32,
    /// Whether connections are encrypted, which costs throughput.
    pub tls: bool,
    /// `cluster-node-timeout`: how long a node may be silent before others suspect it, 100 ms to 10 min.
    pub node_timeout_ms: u32,
    /// `cluster-require-full-coverage`: whether all shards refuse keys while one has no primary. Off on ElastiCache
    /// (`reference/aws/limits_and_metrics.md` section 2), on in the servers' own defaults.
    pub require_full_coverage: bool,
    /// Time that the provider takes to promote a replica where the nodes cannot elect one: with cluster mode disabled
    /// or without a majority of primaries. 1 s to 1 h; `None` when nobody does. ElastiCache says "a few seconds"
    /// (`reference/aws/limits_and_metrics.md` section 7); the default is an assumption.
    pub service_failover_s: Option<Seconds>,
    /// How replicas follow.
    pub replication: Replication,
    /// Secondary regions, if there are any.
    pub global: Option<GlobalDatastore>,
    /// What is written to disk, and what that costs.
    pub persistence: Persistence,
    /// What goes when memory is full: [`SERVER_POLICY`] for what the server does as it is set up below, or a name of
    /// the [policy registry](crate::policy::REGISTRY) to see what another policy would do in its place.
    pub policy: String,
    /// `reserved-memory-percent`: part of the node's memory that the engine may not use: 0 to 0.9.
    pub reserved_memory: Share,
    /// `maxmemory` of each node where it is set by hand, in place of the node type's less the reserve:
    /// 1 MiB to 16 TiB. Memcached's `-m`.
    pub maxmemory_bytes: Option<Bytes>,
    /// Directives of Redis and Valkey; without effect on Memcached.
    pub redis: Redis,
    /// Start options of Memcached; without effect on the others.
    pub memcached: Memcached,
    /// Whether it scales by itself. Needs cluster mode.
    pub auto_scaling: Option<AutoScaling>,
}

/// Target tracking: capacity is added while a metric is above a target, and removed while it is far below
/// (`reference/aws/limits_and_metrics.md` section 6).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AutoScaling {
    /// What there is more or less of.
    pub scales: Scales,
    /// The metric, a mean over the nodes.
    pub by: ScaledBy,
    /// Its target: 0.05 to 1.
    pub target: Share,
    /// Fewest shards or replicas: 1 to 500 or 0 to 5.
    pub least: u32,
    /// Most of them, likewise.
    pub most: u32,
    /// Time from one change until capacity may be added: up to 1 day.
    pub out_cooldown_s: Seconds,
    /// Time from one change until capacity may be removed: up to 1 day.
    pub in_cooldown_s: Seconds,
    /// Time until new nodes are there: up to 1 day.
    pub provision_s: Seconds,
}

impl Default for AutoScaling {
    fn default() -> Self {
        Self {
            scales: Scales::Shards,
            by: ScaledBy::EngineCpu,
            target: Share(0.6),
            least: 1,
            most: 5,
            // Assumptions: cooldowns of AWS's examples, and a few minutes to start a node.
            out_cooldown_s: Seconds(600),
            in_cooldown_s: Seconds(600),
            provision_s: Seconds(300),
        }
    }
}

/// What auto scaling changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scales {
    /// The number of shards, by online resharding.
    Shards,
    /// The number of replicas of each shard, by the engine CPU of the replicas that are read.
    Replicas,
}

/// What auto scaling of shards looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScaledBy {
    /// `ElastiCachePrimaryEngineCPUUtilization`.
    EngineCpu,
    /// `ElastiCacheDatabaseMemoryUsageCountedForEvictPercentage`.
    Memory,
}

/// Whether nodes run with cluster mode enabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterMode {
    /// Enabled when there are several shards.
    Auto,
    /// Always: failures are found by the nodes themselves.
    Enabled,
    /// Never: one shard, whose failures somebody else has to find.
    Disabled,
}

/// How keys are divided among shards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Distribution {
    /// By hash slot, as Redis and Valkey do.
    Slots,
    /// By the clients of Memcached: a ring with 160 points for each node.
    Ketama,
    /// By the clients of Memcached: a hash of the key modulo the number of nodes.
    Modulo,
}

impl Distribution {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Slots, Self::Ketama, Self::Modulo];

    /// As people write it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Slots => "slots",
            Self::Ketama => "ketama",
            Self::Modulo => "modulo",
        }
    }
}

/// How replicas follow their primary.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Replication {
    /// Way of a packet from a primary to a replica in the same zone: 1 µs to 10 s.
    pub one_way_us: u32,
    /// The same to a replica in another zone.
    pub cross_zone_one_way_us: u32,
    /// `repl-diskless-sync-delay`: how long a full synchronisation waits for further replicas, up to 1 h.
    pub diskless_delay_s: Seconds,
    /// Whether a replica loads the snapshot while it arrives (`repl-diskless-load`) rather than from its disk after.
    pub diskless_load: bool,
    /// `dual-channel-replication-enabled` of Valkey 8.0 and later: writes made meanwhile wait at the replica and not
    /// at the primary.
    pub dual_channel: bool,
    /// `client-output-buffer-limit replica`, hard limit: bytes that may wait for a replica, up to 64 GiB; 0 for no
    /// limit.
    pub output_limit_bytes: Bytes,
    /// Its soft limit, up to 64 GiB; 0 for none.
    pub output_soft_limit_bytes: Bytes,
    /// How long the soft limit may be exceeded, up to 1 h.
    pub output_soft_s: Seconds,
}

impl Default for Replication {
    fn default() -> Self {
        Self {
            // Half the round trips of reference throughput.md section 4: 0.3 ms within a zone, 0.8 ms between zones.
            one_way_us: 150,
            cross_zone_one_way_us: 400,
            // The servers' defaults: servers.md section 11.
            diskless_delay_s: Seconds(5),
            diskless_load: false,
            dual_channel: false,
            output_limit_bytes: Bytes::mib(256),
            output_soft_limit_bytes: Bytes::mib(64),
            output_soft_s: Seconds(60),
        }
    }
}

/// What is written to disk, and what that costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Persistence {
    /// When snapshots are taken; `None` for never.
    pub snapshots: Option<Snapshots>,
    /// The log of writes.
    pub aof: Aof,
    /// How long a fork stops the server per GB (10^9 bytes) of its memory: 0 to 1,000 ms.
    pub fork_ms_per_gb: f64,
    /// Speed at which a child writes a snapshot, in 10^6 bytes of it before compression: 1 to 10,000 MB/s.
    pub rdb_mb_per_s: f64,
    /// Speed at which a server reads a snapshot, likewise: 1 to 10,000 MB/s.
    pub load_mb_per_s: f64,
    /// Size of compressed values as a part of their size (`rdbcompression`): 0.01 to 1.
    pub rdb_compressed: Share,
    /// Time that the disk takes to make writes durable (`fsync`): 1 µs to 10 s.
    pub fsync_us: u32,
}

impl Default for Persistence {
    fn default() -> Self {
        Self {
            snapshots: None,
            aof: Aof::Off,
            // servers.md section 7: assumptions where it gives ranges.
            fork_ms_per_gb: 12.0,
            rdb_mb_per_s: 200.0,
            load_mb_per_s: 200.0,
            rdb_compressed: Share(1.0),
            fsync_us: 1_000,
        }
    }
}

/// When snapshots (`BGSAVE`) are taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Snapshots {
    /// Hour of the day of the first one: 0 to 23.
    pub hour: u32,
    /// Hours from one to the next: 1 to 24. ElastiCache takes up to 20 a day on request.
    pub every_h: u32,
}

/// `appendonly` and `appendfsync`: whether writes are logged, and how durably.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Aof {
    /// No log.
    Off,
    /// Durable when the operating system thinks fit.
    No,
    /// Durable once a second, in the background.
    Everysec,
    /// Durable before the reply.
    Always,
}

impl Aof {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Off, Self::No, Self::Everysec, Self::Always];

    /// As the server writes it.
    pub fn label(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::No => "no",
            Self::Everysec => "everysec",
            Self::Always => "always",
        }
    }
}

impl Cluster {
    /// Whether the nodes form a cluster, with a bus on which they find failures out.
    pub fn has_bus(&self) -> bool {
        !self.engine.is_memcached()
            && match self.cluster_mode {
                ClusterMode::Auto => self.shards > 1,
                ClusterMode::Enabled => true,
                ClusterMode::Disabled => false,
            }
    }

    /// Which shard owns which keys.
    pub fn topology(&self) -> Topology {
        match (self.distribution, &self.slots) {
            (Distribution::Ketama, _) => Topology::ketama(self.shards),
            (Distribution::Modulo, _) => Topology::modulo(self.shards),
            (Distribution::Slots, Some(weights)) => Topology::weighted(weights),
            (Distribution::Slots, None) => Topology::even(self.shards),
        }
    }

    /// A full synchronisation of a replica from a primary with so much memory, whose snapshot has `raw` bytes before
    /// and `sent` bytes after compression, while writes go on.
    pub fn full_sync(&self, memory: Bytes, raw: Bytes, sent: Bytes, flow: Flow) -> FullSync {
        let (replication, persistence) = (&self.replication, &self.persistence);
        FullSync {
            delay: replication.diskless_delay_s.micros(),
            fork: fork_pause(memory, persistence.fork_ms_per_gb),
            raw,
            sent,
            save: persistence.rdb_mb_per_s * 1e6,
            load: persistence.load_mb_per_s * 1e6,
            diskless_load: replication.diskless_load,
            dual_channel: replication.dual_channel,
            flow,
            limits: self.output_limits(),
        }
    }

    /// What may wait for a replica.
    pub fn output_limits(&self) -> Limits {
        Limits {
            hard: self.replication.output_limit_bytes,
            soft: self.replication.output_soft_limit_bytes,
            soft_for: self.replication.output_soft_s.micros(),
            backlog: Bytes(self.redis.backlog_bytes),
        }
    }

    /// Way of a packet between two nodes of a shard, 0 being the primary and 1 its first replica.
    pub fn one_way(&self, shard: u16, from: u32, to: u32) -> Micros {
        self.one_way_between((shard, from), (shard, to))
    }

    /// The same between nodes of any shards, each given as its shard and its number there.
    pub(crate) fn one_way_between(&self, from: (u16, u32), to: (u16, u32)) -> Micros {
        let replication = &self.replication;
        let zone = |(shard, node)| zone_of(shard, node, self.zones);
        let same = zone(from) == zone(to);
        Micros(u64::from(if same {
            replication.one_way_us
        } else {
            replication.cross_zone_one_way_us
        }))
    }

    /// What evicts, as people call it: the server's own setting, or the name of the policy in its place.
    pub fn eviction(&self) -> &str {
        if self.policy != SERVER_POLICY {
            &self.policy
        } else if self.engine.is_memcached() {
            self.memcached.lru.label()
        } else {
            self.redis.maxmemory_policy.label()
        }
    }
}

impl Default for Cluster {
    fn default() -> Self {
        Self {
            engine: Engine::Valkey81,
            serverless: None,
            node_type: "cache.r7g.large".into(),
            shards: 3,
            replicas: 1,
            cluster_mode: ClusterMode::Auto,
            distribution: Distribution::Slots,
            slots: None,
            zones: 1,
            tls: false,
            node_timeout_ms: 15_000,
            require_full_coverage: false,
            service_failover_s: Some(Seconds(10)),
            replication: Replication::default(),
            global: None,
            persistence: Persistence::default(),
            policy: SERVER_POLICY.into(),
            reserved_memory: Share(0.25),
            maxmemory_bytes: None,
            redis: Redis::default(),
            memcached: Memcached::default(),
            auto_scaling: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_divided_as_the_scenario_says() {
        let mut cluster = Cluster {
            slots: Some(vec![1, 2, 1]),
            ..Cluster::default()
        };
        assert_eq!(cluster.topology().slots_owned(1), 8_192);
        cluster.slots = None;
        assert_eq!(cluster.topology().slots_of(0), (0, 5_460));
        for distribution in [Distribution::Ketama, Distribution::Modulo] {
            cluster.distribution = distribution;
            assert!(!cluster.topology().has_slots());
            assert_eq!(cluster.topology().shards(), 3);
        }
    }

    #[test]
    fn replicas_in_other_zones_are_further_away() {
        let mut cluster = Cluster::default();
        assert_eq!(cluster.one_way(0, 0, 1), Micros(150));
        cluster.zones = 2;
        assert_eq!(cluster.one_way(0, 0, 1), Micros(400));
        assert_eq!(cluster.one_way(0, 0, 2), Micros(150));
    }

    #[test]
    fn one_shard_has_a_bus_only_when_told_so() {
        let mut cluster = Cluster {
            shards: 1,
            ..Cluster::default()
        };
        assert!(!cluster.has_bus() && Cluster::default().has_bus());
        cluster.cluster_mode = ClusterMode::Enabled;
        assert!(cluster.has_bus());
        cluster.engine = Engine::Memcached16;
        assert!(!cluster.has_bus());
    }

    #[test]
    fn a_full_synchronisation_takes_its_figures_from_the_scenario() {
        let flow = Flow {
            written: 0.0,
            link: 1e9,
            apply: 1e8,
        };
        let gb = Bytes(1_000_000_000);
        let phases = Cluster::default().full_sync(gb, gb, gb, flow).phases();
        // 5.5 s, 12 ms, then 1 GB to write and to load at 200 MB/s.
        assert_eq!(phases.total(), Micros(5_500_000 + 12_000 + 5_000_000 + 5_000_000));
    }
}
