//! How the application uses the cache, and what it does when things go wrong.

use super::{Field, Number, Pick, Slider, millis, of_millis};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::limits::{self, Limit};
use cacheplan_engine::scenario::{
    Breaker, Guard, Invalidation, OnCacheError, Pool, Prefetch, ReadFrom, Reads, Users, Warming, Workload,
    Writes,
};
use cacheplan_engine::units::{PerSecond, Seconds, Share};

/// How the application reaches the cache and keeps it in step with the database.
pub const CLIENT: &[Field] = &[
    Field::Number(Number {
        path: "client.round_trip_us",
        label: "Round trip",
        hint: "Between application and cache: 0.15 to 0.5 ms within a zone",
        unit: Unit::Micros,
        limit: limits::ROUND_TRIP_US,
        whole: true,
        slider: Slider::Log(10.0, 100_000.0),
        get: |s, _| Some(f64::from(s.client.round_trip_us)),
        set: |s, _, value| s.client.round_trip_us = value as u32,
    }),
    Field::Number(Number {
        path: "client.connections",
        label: "Connections",
        hint: "Kept open to each node; their buffers count against maxmemory of Redis and Valkey",
        unit: Unit::Count,
        limit: limits::CONNECTIONS,
        whole: true,
        slider: Slider::Log(1.0, 65_000.0),
        get: |s, _| (s.client.pool.is_none()).then(|| f64::from(s.client.connections)),
        set: |s, _, value| s.client.connections = value as u32,
    }),
    Field::Pick(Pick {
        path: "client.pool",
        label: "Connection pool",
        hint: "Whether a command may have to wait for a connection of its process to the node",
        labels: &["As many as needed", "Bounded"],
        get: |s, _| Some(usize::from(s.client.pool.is_some())),
        set: |s, _, at| s.client.pool = (at == 1).then(Pool::default),
    }),
    Field::Number(Number {
        path: "client.pool.size",
        label: "Pool size",
        hint: "Connections of each process to each node",
        unit: Unit::Count,
        limit: limits::POOL_SIZE,
        whole: true,
        slider: Slider::Log(1.0, 1_000.0),
        get: |s, _| s.client.pool.map(|pool| f64::from(pool.size)),
        set: |s, _, value| some(&mut s.client.pool, |pool| pool.size = value as u32),
    }),
    Field::Number(Number {
        path: "client.pool.wait_ms",
        label: "Waits at most",
        hint: "For a connection; then the request fails as if no node answered",
        unit: Unit::Micros,
        limit: millis(limits::TIMEOUT_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e8),
        get: |s, _| s.client.pool.map(|pool| f64::from(pool.wait_ms) * 1e3),
        set: |s, _, value| some(&mut s.client.pool, |pool| pool.wait_ms = of_millis(value)),
    }),
    Field::Number(Number {
        path: "client.new_connections",
        label: "Reconnecting",
        hint: "Part of the requests that open a connection of their own, as short-lived functions do",
        unit: Unit::Percent,
        limit: limits::SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, _| Some(s.client.new_connections.0),
        set: |s, _, value| s.client.new_connections = Share(value),
    }),
    Field::Number(Number {
        path: "client.instances",
        label: "Processes",
        hint: "Of the application; near caches and coalescing are per process",
        unit: Unit::Count,
        limit: limits::INSTANCES,
        whole: true,
        slider: Slider::Log(1.0, 10_000.0),
        get: |s, _| Some(f64::from(s.client.instances)),
        set: |s, _, value| s.client.instances = value as u32,
    }),
    Field::Pick(Pick {
        path: "client.reads",
        label: "Reads",
        hint: "How values get into the cache when they are read",
        labels: &["Cache-aside", "Read-through", "Refresh ahead"],
        get: |s, _| {
            Some(match s.client.reads {
                Reads::Aside => 0,
                Reads::Through => 1,
                Reads::RefreshAhead { .. } => 2,
            })
        },
        set: |s, _, at| {
            s.client.reads = match at {
                0 => Reads::Aside,
                1 => Reads::Through,
                _ => Reads::RefreshAhead { after: Share(0.8) },
            };
        },
    }),
    Field::Number(Number {
        path: "client.reads.after",
        label: "Refresh after",
        hint: "Part of the TTL after which a read has the value reloaded in the background",
        unit: Unit::Percent,
        limit: limits::REFRESH_AFTER,
        whole: false,
        slider: Slider::Linear(0.1, 0.99, 0.01),
        get: |s, _| match s.client.reads {
            Reads::RefreshAhead { after } => Some(after.0),
            _ => None,
        },
        set: |s, _, value| s.client.reads = Reads::RefreshAhead { after: Share(value) },
    }),
    Field::Pick(Pick {
        path: "client.writes",
        label: "Writes",
        hint: "What becomes of the cached value when the database is written",
        labels: &["Write-through", "Invalidate", "Write-around", "Write-behind"],
        get: |s, _| {
            Some(match s.client.writes {
                Writes::Through => 0,
                Writes::Invalidate => 1,
                Writes::Around => 2,
                Writes::Behind { .. } => 3,
            })
        },
        set: |s, _, at| {
            s.client.writes = match at {
                0 => Writes::Through,
                1 => Writes::Invalidate,
                2 => Writes::Around,
                _ => Writes::Behind { flush_ms: 1_000 },
            };
        },
    }),
    Field::Number(Number {
        path: "client.writes.flush_ms",
        label: "Flush every",
        hint: "How long writes of a key are gathered before the database gets them",
        unit: Unit::Micros,
        limit: millis(limits::FLUSH_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e8),
        get: |s, _| match s.client.writes {
            Writes::Behind { flush_ms } => Some(f64::from(flush_ms) * 1e3),
            _ => None,
        },
        set: |s, _, value| {
            s.client.writes = Writes::Behind {
                flush_ms: of_millis(value),
            };
        },
    }),
    Field::Pick(Pick {
        path: "client.guard",
        label: "Stampede guard",
        hint: "What keeps many readers from rebuilding one value at the same time",
        labels: &[
            "None",
            "Lock in the cache",
            "Coalesce in each process",
            "Stale while revalidate",
            "Early, at random",
        ],
        get: |s, _| {
            Some(match s.client.guard {
                Guard::None => 0,
                Guard::Lock { .. } => 1,
                Guard::Coalesce => 2,
                Guard::StaleWhileRevalidate { .. } => 3,
                Guard::Early { .. } => 4,
            })
        },
        set: |s, _, at| {
            s.client.guard = match at {
                0 => Guard::None,
                1 => Guard::Lock { poll_ms: 50 },
                2 => Guard::Coalesce,
                3 => Guard::StaleWhileRevalidate { grace_s: Seconds(60) },
                _ => Guard::Early { beta: 1.0 },
            };
        },
    }),
    Field::Number(Number {
        path: "client.guard.poll_ms",
        label: "Look again",
        hint: "How often those who did not get the lock look whether the value is there, for 5 s at most",
        unit: Unit::Micros,
        limit: millis(limits::POLL_MS),
        whole: true,
        slider: Slider::Log(1e3, 1e7),
        get: |s, _| match s.client.guard {
            Guard::Lock { poll_ms } => Some(f64::from(poll_ms) * 1e3),
            _ => None,
        },
        set: |s, _, value| {
            s.client.guard = Guard::Lock {
                poll_ms: of_millis(value),
            };
        },
    }),
    Field::Number(Number {
        path: "client.guard.grace_s",
        label: "Grace",
        hint: "How long past its TTL a value may be served while it is rebuilt",
        unit: Unit::Seconds,
        limit: limits::GRACE_S,
        whole: true,
        slider: Slider::Log(1.0, 604_800.0),
        get: |s, _| match s.client.guard {
            Guard::StaleWhileRevalidate { grace_s } => Some(grace_s.0 as f64),
            _ => None,
        },
        set: |s, _, value| {
            s.client.guard = Guard::StaleWhileRevalidate {
                grace_s: Seconds(value as u64),
            };
        },
    }),
    Field::Number(Number {
        path: "client.guard.beta",
        label: "Beta",
        hint: "Above 1 rebuilds earlier, below 1 later; 1 is the optimum of Vattani et al.",
        unit: Unit::Number,
        limit: limits::BETA,
        whole: false,
        slider: Slider::Log(0.1, 10.0),
        get: |s, _| match s.client.guard {
            Guard::Early { beta } => Some(beta),
            _ => None,
        },
        set: |s, _, value| s.client.guard = Guard::Early { beta: value },
    }),
    Field::Number(Number {
        path: "client.negative_ttl_s",
        label: "Negative TTL",
        hint: "How long the cache remembers that the database does not have a key; 0 not at all",
        unit: Unit::Seconds,
        limit: Limit {
            min: 0.0,
            ..limits::NEGATIVE_TTL_S
        },
        whole: true,
        slider: Slider::Linear(0.0, 3_600.0, 10.0),
        get: |s, _| Some(s.client.negative_ttl_s.map_or(0.0, |seconds| seconds.0 as f64)),
        set: |s, _, value| s.client.negative_ttl_s = (value >= 1.0).then_some(Seconds(value as u64)),
    }),
    Field::Pick(Pick {
        path: "client.warming",
        label: "Warming",
        hint: "Whether an empty cache is filled before anybody asks, the most popular keys first",
        labels: &["None", "Throttled", "As fast as the database gives"],
        get: |s, _| {
            Some(match s.client.warming {
                Warming::None => 0,
                Warming::Throttled { .. } => 1,
                Warming::Greedy => 2,
            })
        },
        set: |s, _, at| {
            let keys_per_s = PerSecond(1_000.0);
            s.client.warming = match at {
                0 => Warming::None,
                1 => Warming::Throttled { keys_per_s },
                _ => Warming::Greedy,
            };
        },
    }),
    Field::Number(Number {
        path: "client.warming.keys_per_s",
        label: "Warming rate",
        hint: "Keys loaded per second",
        unit: Unit::PerSecond,
        limit: limits::WARMING_PER_S,
        whole: false,
        slider: Slider::Log(1.0, 1e6),
        get: |s, _| match s.client.warming {
            Warming::Throttled { keys_per_s } => Some(keys_per_s.0),
            _ => None,
        },
        set: |s, _, value| {
            s.client.warming = Warming::Throttled {
                keys_per_s: PerSecond(value),
            };
        },
    }),
    Field::Pick(Pick {
        path: "client.prefetch",
        label: "Prefetch",
        hint: "Whether a read of a class loads keys of the class that follows it",
        labels: &["Off", "On"],
        get: |s, _| Some(usize::from(s.client.prefetch.is_some())),
        set: |s, _, at| s.client.prefetch = (at == 1).then(Prefetch::default),
    }),
    Field::Number(Number {
        path: "client.prefetch.accuracy",
        label: "Accuracy",
        hint: "How often the key predicted is the one that follows; otherwise it is any of its class",
        unit: Unit::Percent,
        limit: limits::SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, _| s.client.prefetch.map(|prefetch| prefetch.accuracy.0),
        set: |s, _, value| some(&mut s.client.prefetch, |prefetch| prefetch.accuracy.0 = value),
    }),
    Field::Number(Number {
        path: "client.prefetch.depth",
        label: "Depth",
        hint: "Keys loaded for each read; many push out what is needed",
        unit: Unit::Count,
        limit: limits::PREFETCH_DEPTH,
        whole: true,
        slider: Slider::Linear(1.0, 100.0, 1.0),
        get: |s, _| s.client.prefetch.map(|prefetch| f64::from(prefetch.depth)),
        set: |s, _, value| some(&mut s.client.prefetch, |prefetch| prefetch.depth = value as u32),
    }),
    Field::Pick(Pick {
        path: "client.near",
        label: "Near cache",
        hint: "A cache inside each process, and how it learns of changes",
        labels: &[
            "Off",
            "Until its TTL ends",
            "Drops its own writes",
            "Tracked by the server",
        ],
        get: |s, _| {
            Some(s.client.near.map_or(0, |near| match near.invalidation {
                Invalidation::None => 1,
                Invalidation::OwnWrites => 2,
                Invalidation::Tracking => 3,
            }))
        },
        set: |s, _, at| {
            let invalidation = match at {
                0 => {
                    s.client.near = None;
                    return;
                }
                1 => Invalidation::None,
                2 => Invalidation::OwnWrites,
                _ => Invalidation::Tracking,
            };
            s.client.near.get_or_insert_default().invalidation = invalidation;
        },
    }),
    Field::Number(Number {
        path: "client.near.keys",
        label: "Near keys",
        hint: "Values that each process keeps",
        unit: Unit::Count,
        limit: limits::NEAR_KEYS,
        whole: true,
        slider: Slider::Log(1.0, 1e7),
        get: |s, _| s.client.near.map(|near| near.keys as f64),
        set: |s, _, value| some(&mut s.client.near, |near| near.keys = value as u64),
    }),
    Field::Number(Number {
        path: "client.near.ttl_ms",
        label: "Near TTL",
        hint: "How long a process keeps a value at most",
        unit: Unit::Micros,
        limit: millis(limits::NEAR_TTL_MS),
        whole: true,
        slider: Slider::Log(1e3, 8.64e10),
        get: |s, _| s.client.near.map(|near| f64::from(near.ttl_ms) * 1e3),
        set: |s, _, value| some(&mut s.client.near, |near| near.ttl_ms = of_millis(value)),
    }),
    Field::Pick(Pick {
        path: "client.read_from",
        label: "Read from",
        hint: "Replicas share the reads and are behind by their lag",
        labels: &["Primaries", "Replicas"],
        get: |s, _| {
            (s.cluster.replicas > 0 || s.cluster.serverless.is_some())
                .then(|| usize::from(s.client.read_from == ReadFrom::Replicas))
        },
        set: |s, _, at| {
            s.client.read_from = if at == 0 {
                ReadFrom::Primaries
            } else {
                ReadFrom::Replicas
            };
        },
    }),
    Field::Number(Number {
        path: "client.timeout_ms",
        label: "Timeout",
        hint: "After how long a command to a node that does not answer is given up",
        unit: Unit::Micros,
        limit: millis(limits::TIMEOUT_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e8),
        get: |s, _| Some(f64::from(s.client.timeout_ms) * 1e3),
        set: |s, _, value| s.client.timeout_ms = of_millis(value),
    }),
    Field::Pick(Pick {
        path: "client.on_cache_error",
        label: "On cache error",
        hint: "What a read does that finds no node to ask",
        labels: &["Ask the database", "Fail"],
        get: |s, _| Some(usize::from(s.client.on_cache_error == OnCacheError::Fail)),
        set: |s, _, at| {
            s.client.on_cache_error = if at == 0 {
                OnCacheError::Database
            } else {
                OnCacheError::Fail
            };
        },
    }),
    Field::Pick(Pick {
        path: "client.breaker",
        label: "Circuit breaker",
        hint: "Stops asking a shard that does not answer; without, every request waits for its timeout",
        labels: &["Off", "On"],
        get: |s, _| Some(usize::from(s.client.breaker.is_some())),
        set: |s, _, at| s.client.breaker = (at == 1).then(Breaker::default),
    }),
    Field::Number(Number {
        path: "client.breaker.failures",
        label: "Opens after",
        hint: "Failures in a row",
        unit: Unit::Count,
        limit: limits::BREAKER_FAILURES,
        whole: true,
        slider: Slider::Log(1.0, 1_000.0),
        get: |s, _| s.client.breaker.map(|breaker| f64::from(breaker.failures)),
        set: |s, _, value| some(&mut s.client.breaker, |breaker| breaker.failures = value as u32),
    }),
    Field::Number(Number {
        path: "client.breaker.open_ms",
        label: "Stays open",
        hint: "Before one request tries again",
        unit: Unit::Micros,
        limit: millis(limits::TIMEOUT_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e8),
        get: |s, _| s.client.breaker.map(|breaker| f64::from(breaker.open_ms) * 1e3),
        set: |s, _, value| {
            some(&mut s.client.breaker, |breaker| {
                breaker.open_ms = of_millis(value);
            });
        },
    }),
    Field::Pick(Pick {
        path: "client.users",
        label: "Arrivals",
        hint: "Requests at their rates whatever happens, or users who wait for an answer before they ask again",
        labels: &["At the classes’ rates", "Users who wait"],
        get: |s, _| {
            let synthetic = matches!(s.workload, Workload::Synthetic { .. });
            (synthetic || s.client.users.is_some()).then(|| usize::from(s.client.users.is_some()))
        },
        set: |s, _, at| {
            s.client.users = (at == 1).then_some(Users {
                count: 100,
                think_ms: 1_000,
            });
        },
    }),
    Field::Number(Number {
        path: "client.users.count",
        label: "Users",
        hint: "How many there are",
        unit: Unit::Count,
        limit: limits::USERS,
        whole: true,
        slider: Slider::Log(1.0, 100_000.0),
        get: |s, _| s.client.users.map(|users| f64::from(users.count)),
        set: |s, _, value| some(&mut s.client.users, |users| users.count = value as u32),
    }),
    Field::Number(Number {
        path: "client.users.think_ms",
        label: "Think time",
        hint: "Mean time between an answer and the next request",
        unit: Unit::Micros,
        limit: millis(limits::THINK_MS),
        whole: true,
        slider: Slider::Log(1e3, 3.6e9),
        get: |s, _| s.client.users.map(|users| f64::from(users.think_ms) * 1e3),
        set: |s, _, value| some(&mut s.client.users, |users| users.think_ms = of_millis(value)),
    }),
];

/// Changes what there is, if there is.
fn some<T>(value: &mut Option<T>, change: impl FnOnce(&mut T)) {
    if let Some(value) = value {
        change(value);
    }
}
