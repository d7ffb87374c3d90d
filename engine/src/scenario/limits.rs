//! The bounds of every number in a scenario. Validation and forms read the same ones.

use super::Bounds;
use super::parameters::{memcached, redis::Redis};
use crate::cluster::serverless::{MOST_BYTES, MOST_ECPU_PER_S};
use crate::units::{Bytes, within};
use core::ops::RangeInclusive;

/// Smallest and largest accepted value of a field, both included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Smallest accepted value.
    pub min: f64,
    /// Largest accepted value.
    pub max: f64,
    /// Unit of both; empty for a pure number.
    pub unit: &'static str,
}

impl Limit {
    const fn new(min: f64, max: f64, unit: &'static str) -> Self {
        Self { min, max, unit }
    }

    /// Whether the value lies within; NaN does not.
    pub fn contains(&self, value: f64) -> bool {
        (self.min..=self.max).contains(&value)
    }

    /// The accepted value nearest to this one; NaN becomes the smallest.
    pub fn clamp(&self, value: f64) -> f64 {
        within(value, self.min, self.max)
    }
}

impl From<Limit> for Bounds {
    fn from(limit: Limit) -> Self {
        Self::Range {
            min: limit.min,
            max: limit.max,
            unit: limit.unit.into(),
        }
    }
}

const DAY_S: f64 = 86_400.0;

const fn bytes(bytes: Bytes) -> f64 {
    bytes.0 as f64
}

/// `name`: its length.
pub const NAME_LENGTH: Limit = Limit::new(0.0, 120.0, "characters");
/// `run.duration_s`.
pub const DURATION_S: Limit = Limit::new(10.0, 31.0 * DAY_S, "s");
/// `run.request_budget`.
pub const REQUEST_BUDGET: Limit = Limit::new(1e4, 1e9, "requests");
/// Requests of the workload for which one simulated request may stand at most: beyond it too few keys are left for
/// the figures to mean anything.
pub const REQUESTS_PER_SIMULATED: f64 = 1e6;

/// `workload.classes`: how many.
pub const CLASSES: Limit = Limit::new(1.0, 16.0, "classes");
/// `workload.classes[].name`: its length.
pub const CLASS_NAME_LENGTH: Limit = Limit::new(0.0, 60.0, "characters");
/// `workload.classes[].keys`.
pub const KEYS: Limit = Limit::new(1.0, 1e9, "");
/// `workload.classes[].key_bytes` and `workload.key_bytes` of a trace.
pub const KEY_BYTES: Limit = Limit::new(1.0, 1_024.0, "bytes");
/// `popularity.keys` of a hot set.
pub const HOT_KEYS: Limit = Limit::new(0.0, 1.0, "");
/// `popularity.traffic` of a hot set.
pub const HOT_TRAFFIC: Limit = Limit::new(0.0, 1.0, "");
/// `churn_per_day`.
pub const CHURN_PER_DAY: Limit = Limit::new(0.0, 100.0, "of the keys");
/// `drift_per_day`.
pub const DRIFT_PER_DAY: Limit = Limit::new(0.0, 100.0, "of the keys");
/// Keys born in a run, of all classes together: so many that even the few that are simulated fill a browser's memory.
pub const KEYS_BORN: f64 = 2.5e11;
/// `popularity.exponent` of Zipf's law, of ranks or of ages.
pub const ZIPF_EXPONENT: Limit = Limit::new(0.0, 2.0, "");
/// `value_size.bytes` of values that are all alike.
pub const VALUE_BYTES: Limit = Limit::new(1.0, bytes(Bytes::mib(64)), "bytes");
/// `value_size.median_bytes` of lognormal sizes.
pub const MEDIAN_BYTES: Limit = Limit::new(1.0, bytes(Bytes::mib(16)), "bytes");
/// `value_size.sigma` of lognormal sizes.
pub const SIGMA: Limit = Limit::new(0.0, 3.0, "");
/// `value_size.sizes`: how many.
pub const SIZES: Limit = Limit::new(1.0, 32.0, "sizes");
/// `value_size.sizes[].share`.
pub const SIZE_SHARE: Limit = Limit::new(0.0, 1.0, "");
/// `rate.from_per_s`, `rate.to_per_s` and `rate.points[].per_s`.
pub const CURVE_PER_S: Limit = Limit::new(0.0, 1e8, "requests/s");
/// `rate.start_s`, `rate.duration_s` and `rate.points[].at_s`.
pub const CURVE_S: Limit = Limit::new(0.0, 31.0 * DAY_S, "s");
/// `rate.points`: how many.
pub const CURVE_POINTS: Limit = Limit::new(1.0, 500.0, "points");
/// `rate.per_s` and `rate.mean_per_s`.
pub const RATE_PER_S: Limit = Limit::new(0.001, 1e8, "requests/s");
/// `rate.peak_to_mean` of a diurnal rate.
pub const PEAK_TO_MEAN: Limit = Limit::new(1.0, 2.0, "");
/// `rate.peak_hour` of a diurnal rate.
pub const PEAK_HOUR: Limit = Limit::new(0.0, 24.0, "h");
/// `writes`.
pub const WRITES: Limit = Limit::new(0.0, 1.0, "");
/// `deletes`.
pub const DELETES: Limit = Limit::new(0.0, 1.0, "");
/// `multi_get`.
pub const MULTI_GET: Limit = Limit::new(1.0, 100.0, "keys");
/// `heavy.share`.
pub const HEAVY_SHARE: Limit = Limit::new(0.0, 1.0, "");
/// `heavy.cost`.
pub const HEAVY_COST: Limit = Limit::new(1.0, 1e5, "");
/// `hash_tags`: up to one for each slot.
pub const HASH_TAGS: Limit = Limit::new(1.0, 16_384.0, "tags");
/// `follows.probability`.
pub const FOLLOW_PROBABILITY: Limit = Limit::new(0.0, 1.0, "");
/// `follows.delay_ms`.
pub const FOLLOW_DELAY_MS: Limit = Limit::new(0.0, 3.6e6, "ms");
/// `ttl.seconds`.
pub const TTL_S: Limit = Limit::new(1.0, 365.0 * DAY_S, "s");
/// `ttl.jitter`.
pub const TTL_JITTER: Limit = Limit::new(0.0, 0.9, "");

/// `workload.name` of a trace: its length.
pub const TRACE_NAME_LENGTH: Limit = Limit::new(0.0, 255.0, "characters");
/// `workload.speed` of a trace.
pub const TRACE_SPEED: Limit = Limit::new(0.001, 1e6, "");

/// `cluster.serverless.min_ecpu_per_s`.
pub const MIN_ECPU_PER_S: Limit = Limit::new(0.0, MOST_ECPU_PER_S, "ECPU/s");
/// `cluster.serverless.max_ecpu_per_s`: the service asks for 1,000 at least (from memory).
pub const MAX_ECPU_PER_S: Limit = Limit::new(1_000.0, MOST_ECPU_PER_S, "ECPU/s");
/// `cluster.serverless.min_bytes`.
pub const MIN_DATA_BYTES: Limit = Limit::new(0.0, bytes(MOST_BYTES), "bytes");
/// `cluster.serverless.max_bytes`: the service asks for 1 GB at least (from memory).
pub const MAX_DATA_BYTES: Limit = Limit::new(1e9, bytes(MOST_BYTES), "bytes");
/// `cluster.shards`.
pub const SHARDS: Limit = Limit::new(1.0, 500.0, "shards");
/// `cluster.replicas`.
pub const REPLICAS: Limit = Limit::new(0.0, 5.0, "replicas");
/// Primaries and replicas of a cluster together: the ElastiCache quota "nodes per cluster, cluster mode enabled",
/// which is 90 until raised on request.
pub const NODES: Limit = Limit::new(1.0, 500.0, "nodes");
/// Nodes of a Memcached cluster (the ElastiCache quota).
pub const MEMCACHED_NODES: Limit = Limit::new(1.0, 60.0, "nodes");
/// `cluster.slots`: weight of one shard.
pub const SLOT_WEIGHT: Limit = Limit::new(1.0, 16_384.0, "");
/// `cluster.zones`.
pub const ZONES: Limit = Limit::new(1.0, 3.0, "zones");
/// `cluster.node_timeout_ms`.
pub const NODE_TIMEOUT_MS: Limit = Limit::new(100.0, 600_000.0, "ms");
/// `cluster.service_failover_s`.
pub const SERVICE_FAILOVER_S: Limit = Limit::new(1.0, 3_600.0, "s");
/// `cluster.replication.one_way_us` and `cross_zone_one_way_us`.
pub const ONE_WAY_US: Limit = Limit::new(1.0, 1e7, "µs");
/// `cluster.replication.diskless_delay_s` and `output_soft_s`.
pub const REPLICATION_WAIT_S: Limit = Limit::new(0.0, 3_600.0, "s");
/// `cluster.replication.output_limit_bytes` and `output_soft_limit_bytes`.
pub const OUTPUT_LIMIT_BYTES: Limit = Limit::new(0.0, bytes(Bytes::gib(64)), "bytes");
/// `cluster.global.secondaries` (`reference/aws/limits_and_metrics.md` section 8).
pub const SECONDARIES: Limit = Limit::new(1.0, 2.0, "regions");
/// `cluster.global.lag_ms`.
pub const REGION_LAG_MS: Limit = Limit::new(1.0, 60_000.0, "ms");
/// `cluster.global.round_trip_ms`.
pub const REGION_ROUND_TRIP_MS: Limit = Limit::new(1.0, 1_000.0, "ms");
/// `cluster.persistence.snapshots.hour`.
pub const SNAPSHOT_HOUR: Limit = Limit::new(0.0, 23.0, "h");
/// `cluster.persistence.snapshots.every_h`.
pub const SNAPSHOT_EVERY_H: Limit = Limit::new(1.0, 24.0, "h");
/// `cluster.persistence.fork_ms_per_gb`.
pub const FORK_MS_PER_GB: Limit = Limit::new(0.0, 1_000.0, "ms/GB");
/// `cluster.persistence.rdb_mb_per_s` and `load_mb_per_s`.
pub const RDB_MB_PER_S: Limit = Limit::new(1.0, 1e4, "MB/s");
/// `cluster.persistence.rdb_compressed`.
pub const RDB_COMPRESSED: Limit = Limit::new(0.01, 1.0, "");
/// `cluster.persistence.fsync_us`.
pub const FSYNC_US: Limit = Limit::new(1.0, 1e7, "µs");
/// `cluster.auto_scaling.target`.
pub const SCALING_TARGET: Limit = Limit::new(0.05, 1.0, "");
/// `cluster.auto_scaling.out_cooldown_s`, `in_cooldown_s` and `provision_s`.
pub const SCALING_S: Limit = Limit::new(0.0, DAY_S, "s");
/// `cluster.reserved_memory`.
pub const RESERVED_MEMORY: Limit = Limit::new(0.0, 0.9, "");
/// `cluster.maxmemory_bytes`.
pub const MAXMEMORY_BYTES: Limit = Limit::new(bytes(Bytes::mib(1)), bytes(Bytes::gib(16 << 10)), "bytes");

/// `cluster.redis.maxmemory_samples`.
pub const SAMPLES: Limit = whole(&Redis::SAMPLES, "keys");
/// `cluster.redis.maxmemory_eviction_tenacity`.
pub const TENACITY: Limit = whole(&Redis::TENACITY, "");
/// `cluster.redis.lfu_log_factor`.
pub const LFU_LOG_FACTOR: Limit = whole(&Redis::LFU_LOG_FACTOR, "");
/// `cluster.redis.lfu_decay_time_min`.
pub const LFU_DECAY_MIN: Limit = whole(&Redis::LFU_DECAY_MIN, "min");
/// `cluster.redis.hz`.
pub const HZ: Limit = whole(&Redis::HZ, "per s");
/// `cluster.redis.active_expire_effort`.
pub const EXPIRE_EFFORT: Limit = whole(&Redis::EXPIRE_EFFORT, "");
/// `cluster.redis.connection_bytes`.
pub const CONNECTION_BYTES: Limit = whole(&Redis::CONNECTION_BYTES, "bytes");
/// `cluster.redis.backlog_bytes`.
pub const BACKLOG_BYTES: Limit = Limit::new(
    *Redis::BACKLOG_BYTES.start() as f64,
    *Redis::BACKLOG_BYTES.end() as f64,
    "bytes",
);

const fn whole(range: &RangeInclusive<u32>, unit: &'static str) -> Limit {
    Limit::new(*range.start() as f64, *range.end() as f64, unit)
}

/// `cluster.memcached.first_chunk_bytes`.
pub const FIRST_CHUNK_BYTES: Limit = Limit::new(
    memcached::FIRST_CHUNK_BYTES.0 as f64,
    memcached::FIRST_CHUNK_BYTES.1 as f64,
    "bytes",
);
/// `cluster.memcached.growth_factor`.
pub const GROWTH_FACTOR: Limit = Limit::new(memcached::GROWTH_FACTOR.0, memcached::GROWTH_FACTOR.1, "");
/// `cluster.memcached.max_chunk_bytes`: up to a page.
pub const MAX_CHUNK_BYTES: Limit = Limit::new(512.0, bytes(Bytes::mib(1)), "bytes");
/// `cluster.memcached.max_item_bytes`.
pub const MAX_ITEM_BYTES: Limit = Limit::new(
    bytes(memcached::MAX_ITEM_BYTES.0),
    bytes(memcached::MAX_ITEM_BYTES.1),
    "bytes",
);
/// `cluster.memcached.hot_share` and `warm_share`.
pub const QUEUE_SHARE: Limit = Limit::new(memcached::QUEUE_SHARE.0.0, memcached::QUEUE_SHARE.1.0, "");
/// `cluster.memcached.hot_age_factor` and `warm_age_factor`.
pub const AGE_FACTOR: Limit = Limit::new(memcached::AGE_FACTOR.0, memcached::AGE_FACTOR.1, "");
/// `cluster.memcached.automove_ratio`.
pub const AUTOMOVE_RATIO: Limit = Limit::new(0.01, 1.0, "");
/// `cluster.memcached.automove_window_s`.
pub const AUTOMOVE_WINDOW_S: Limit = Limit::new(
    memcached::AUTOMOVE_WINDOW_S.0.0 as f64,
    memcached::AUTOMOVE_WINDOW_S.1.0 as f64,
    "s",
);
/// `cluster.memcached.hash_power`.
pub const HASH_POWER: Limit = Limit::new(memcached::HASH_POWER.0 as f64, memcached::HASH_POWER.1 as f64, "");

/// `client.round_trip_us`.
pub const ROUND_TRIP_US: Limit = Limit::new(1.0, 1e7, "µs");

/// `client.connections`: `maxclients` of ElastiCache.
pub const CONNECTIONS: Limit = Limit::new(0.0, 65_000.0, "connections");
/// `database.latency_us`.
pub const DATABASE_LATENCY_US: Limit = Limit::new(1.0, 6e7, "µs");
/// `database.capacity_per_s`.
pub const DATABASE_CAPACITY_PER_S: Limit = Limit::new(1.0, 1e8, "queries/s");
/// `client.instances`.
pub const INSTANCES: Limit = Limit::new(1.0, 1e4, "processes");
/// `client.users.count`.
pub const USERS: Limit = Limit::new(1.0, 1e5, "users");
/// `client.users.think_ms`.
pub const THINK_MS: Limit = Limit::new(1.0, 3.6e6, "ms");
/// Most requests of `client.users`, who are simulated one by one.
pub const USER_REQUESTS: f64 = 1e8;
/// Most keys where there are `client.users`, as each is simulated.
pub const USER_KEYS: u64 = 8_000_000;
/// `client.reads.after` of refresh-ahead.
pub const REFRESH_AFTER: Limit = Limit::new(0.1, 0.99, "");
/// `client.writes.flush_ms` of write-behind.
pub const FLUSH_MS: Limit = Limit::new(1.0, 6e5, "ms");
/// `client.guard.poll_ms` of a lock.
pub const POLL_MS: Limit = Limit::new(1.0, 1e4, "ms");
/// `client.guard.grace_s` of stale-while-revalidate.
pub const GRACE_S: Limit = Limit::new(1.0, 7.0 * DAY_S, "s");
/// `client.guard.beta` of XFetch.
pub const BETA: Limit = Limit::new(0.1, 10.0, "");
/// `client.negative_ttl_s`.
pub const NEGATIVE_TTL_S: Limit = TTL_S;
/// `client.pool.size`.
pub const POOL_SIZE: Limit = Limit::new(1.0, 1_000.0, "connections");
/// `client.warming.keys_per_s`.
pub const WARMING_PER_S: Limit = Limit::new(1.0, 1e8, "keys/s");
/// `client.prefetch.depth`.
pub const PREFETCH_DEPTH: Limit = Limit::new(1.0, 100.0, "keys");
/// `client.near.keys`.
pub const NEAR_KEYS: Limit = Limit::new(1.0, 1e7, "keys");
/// `client.near.ttl_ms`.
pub const NEAR_TTL_MS: Limit = Limit::new(1.0, 1e3 * DAY_S, "ms");
/// `client.timeout_ms`, `database.timeout_ms`, `client.pool.wait_ms` and `client.breaker.open_ms`.
pub const TIMEOUT_MS: Limit = Limit::new(1.0, 6e5, "ms");
/// `client.breaker.failures`.
pub const BREAKER_FAILURES: Limit = Limit::new(1.0, 1e6, "failures");
/// `database.queue`.
pub const DATABASE_QUEUE: Limit = Limit::new(0.0, 1e7, "queries");
/// `database.replicas`.
pub const DATABASE_REPLICAS: Limit = Limit::new(0.0, 15.0, "replicas");
/// `database.replica_lag_ms`.
pub const REPLICA_LAG_MS: Limit = Limit::new(0.0, 6e5, "ms");
/// `database.retries`.
pub const RETRIES: Limit = Limit::new(0.0, 10.0, "retries");
/// `database.backoff_ms`.
pub const BACKOFF_MS: Limit = Limit::new(0.0, 6e4, "ms");
/// A share of anything: `workload.classes[].absent`, `client.prefetch.accuracy`, `database.retry_budget`, the shares of
/// the timeline and of the objectives.
pub const SHARE: Limit = Limit::new(0.0, 1.0, "");

/// `objectives.p99_ms` and `objectives.replication_lag_ms`.
pub const OBJECTIVE_MS: Limit = Limit::new(0.01, 6e5, "ms");
/// `objectives.stale_age_ms`.
pub const STALE_AGE_MS: Limit = Limit::new(0.01, 365e3 * DAY_S, "ms");
/// `objectives.failover_s`.
pub const OBJECTIVE_S: Limit = Limit::new(0.0, DAY_S, "s");

/// `timeline`: how many things.
pub const TIMELINE: Limit = Limit::new(0.0, 100.0, "things");
/// `timeline[].at_s`, `timeline[].duration_s`, and `timeline[].what.promotion_s` of a region.
pub const HAPPENS_S: Limit = Limit::new(0.0, 31.0 * DAY_S, "s");
/// `timeline[].what.factor` of a load.
pub const LOAD_FACTOR: Limit = Limit::new(0.0, 1e3, "");
/// `timeline[].what.value_factor` of a deploy.
pub const VALUE_FACTOR: Limit = Limit::new(0.01, 100.0, "");
/// `timeline[].what.factor` of what becomes slow.
pub const SLOW_FACTOR: Limit = Limit::new(1.0, 1e3, "");
/// `timeline[].what.milliseconds` of a slow command.
pub const STALL_MS: Limit = Limit::new(1.0, 6e5, "ms");
/// `timeline[].what.every_s` of a slow command.
pub const STALL_EVERY_S: Limit = Limit::new(1.0, DAY_S, "s");
/// `timeline[].what.count` of connections.
pub const OTHER_CONNECTIONS: Limit = Limit::new(1.0, 1e6, "connections");

/// `database.usd_per_million_reads`.
pub const USD_PER_MILLION_READS: Limit = Limit::new(0.0, 1e3, "USD");

/// `prices.region`: its length, where a price set by hand makes it a mere label.
pub const REGION_LENGTH: Limit = Limit::new(0.0, 60.0, "characters");
/// `prices.node_usd_per_hour`.
pub const NODE_USD_PER_HOUR: Limit = Limit::new(0.0, 1e4, "USD");
