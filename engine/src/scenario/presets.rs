//! Scenarios to start from: common uses of a cache at the size of a mid-sized service.
//!
//! The inputs are round figures of the kind that a team knows about its own service; none was fitted to an outcome.

use super::{
    Client, Cluster, Database, Engine, KeyClass, Popularity, Rate, RunSettings, Scenario, Ttl, ValueSize,
    Workload,
};
use crate::units::{Bytes, PerSecond, Seconds, Share, Usd};

/// A scenario to start from.
#[derive(Clone, Debug, PartialEq)]
pub struct Preset {
    /// Short name for links and commands.
    pub id: &'static str,
    /// What it shows, in a line.
    pub summary: &'static str,
    /// The scenario.
    pub scenario: Scenario,
}

/// All presets; the first is what the app opens with.
pub fn presets() -> Vec<Preset> {
    vec![
        product_catalogue(),
        web_sessions(),
        api_responses(),
        leaderboard(),
        query_results(),
        redis_to_valkey(),
    ]
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn product_catalogue() -> Preset {
    Preset {
        id: "product-catalogue",
        summary: "Product pages of a shop: an hour of TTL in front of a database that could not serve them alone",
        scenario: synthetic(
            "Product catalogue",
            vec![KeyClass {
                name: "products".into(),
                keys: 5_000_000,
                key_bytes: 28,
                popularity: Popularity::Zipf { exponent: 0.9 },
                value_size: lognormal(1_000, 0.8),
                rate: diurnal(20_000.0, 1.6, 20.0),
                writes: Share(0.01),
                ttl: ttl(HOUR, 0.1),
            }],
            cluster("cache.t4g.medium", 3),
            Database {
                latency_us: 9_000,
                capacity_per_s: PerSecond(6_000.0),
                // DynamoDB on demand, us-east-1, as of 2026-07-31, strongly consistent reads of up to 4 KB.
                usd_per_million_reads: Usd(0.125),
                ..Database::default()
            },
        ),
    }
}

fn web_sessions() -> Preset {
    Preset {
        id: "web-sessions",
        summary: "Sessions that are often rewritten and expire half an hour after the last write",
        scenario: synthetic(
            "Web sessions",
            vec![KeyClass {
                name: "sessions".into(),
                keys: 2_000_000,
                key_bytes: 45,
                popularity: Popularity::Zipf { exponent: 0.6 },
                value_size: lognormal(2_000, 0.5),
                rate: diurnal(8_000.0, 1.8, 20.0),
                writes: Share(0.25),
                ttl: ttl(30 * MINUTE, 0.0),
            }],
            cluster("cache.m7g.large", 2),
            database(5_000, 6_000.0),
        ),
    }
}

fn api_responses() -> Preset {
    Preset {
        id: "api-responses",
        summary: "Three kinds of responses with TTLs of their own in one cluster: which of them earns its memory?",
        scenario: synthetic(
            "API responses",
            vec![
                KeyClass {
                    name: "search results".into(),
                    keys: 3_000_000,
                    key_bytes: 64,
                    popularity: Popularity::Zipf { exponent: 0.8 },
                    value_size: lognormal(8_000, 0.7),
                    rate: diurnal(6_000.0, 1.7, 19.0),
                    writes: Share(0.0),
                    ttl: ttl(MINUTE, 0.1),
                },
                KeyClass {
                    name: "user profiles".into(),
                    keys: 10_000_000,
                    key_bytes: 36,
                    popularity: Popularity::Zipf { exponent: 0.8 },
                    value_size: lognormal(700, 0.6),
                    rate: diurnal(20_000.0, 1.7, 19.0),
                    writes: Share(0.05),
                    ttl: ttl(10 * MINUTE, 0.1),
                },
                KeyClass {
                    name: "configuration".into(),
                    keys: 2_000,
                    key_bytes: 40,
                    popularity: Popularity::Zipf { exponent: 1.1 },
                    value_size: ValueSize::Fixed { bytes: Bytes(4_000) },
                    rate: Rate::Constant {
                        per_s: PerSecond(10_000.0),
                    },
                    writes: Share(0.0001),
                    ttl: Ttl::None,
                },
            ],
            cluster("cache.m7g.large", 3),
            database(12_000, 25_000.0),
        ),
    }
}

fn leaderboard() -> Preset {
    Preset {
        id: "leaderboard",
        summary: "A small hot set without TTL: no memory problem, but one key that makes one shard hot",
        scenario: synthetic(
            "Game leaderboard",
            vec![KeyClass {
                name: "scores".into(),
                keys: 500_000,
                key_bytes: 24,
                popularity: Popularity::Zipf { exponent: 1.2 },
                value_size: ValueSize::Fixed { bytes: Bytes(200) },
                rate: Rate::Constant {
                    per_s: PerSecond(120_000.0),
                },
                writes: Share(0.1),
                ttl: Ttl::None,
            }],
            cluster("cache.r7g.large", 4),
            database(3_000, 20_000.0),
        ),
    }
}

fn query_results() -> Preset {
    let mut scenario = synthetic(
        "Query results",
        vec![KeyClass {
            name: "query results".into(),
            keys: 4_000_000,
            key_bytes: 40,
            popularity: Popularity::Zipf { exponent: 0.8 },
            value_size: lognormal(6_000, 1.2),
            rate: Rate::Constant {
                per_s: PerSecond(3_000.0),
            },
            writes: Share(0.0),
            ttl: ttl(6 * HOUR, 0.1),
        }],
        cluster("cache.r7g.large", 2),
        database(40_000, 2_000.0),
    );
    // The first values expire after six hours; until then the cache looks better than it is.
    scenario.run = RunSettings {
        duration_s: Seconds(2 * DAY),
        warm_up_s: Seconds(12 * HOUR),
        ..scenario.run
    };
    Preset {
        id: "query-results",
        summary: "Results of slow queries in too little memory: what more memory, or shorter TTLs, would change",
        scenario,
    }
}

fn redis_to_valkey() -> Preset {
    let mut scenario = synthetic(
        "Feature store on Redis OSS",
        vec![KeyClass {
            name: "features".into(),
            keys: 30_000_000,
            key_bytes: 32,
            popularity: Popularity::Zipf { exponent: 0.7 },
            value_size: ValueSize::Fixed { bytes: Bytes(300) },
            rate: diurnal(25_000.0, 1.4, 15.0),
            writes: Share(0.05),
            ttl: ttl(DAY, 0.1),
        }],
        Cluster {
            engine: Engine::RedisOss7,
            ..cluster("cache.m6g.large", 3)
        },
        database(4_000, 10_000.0),
    );
    scenario.run = RunSettings {
        duration_s: Seconds(3 * DAY),
        warm_up_s: Seconds(DAY),
        ..scenario.run
    };
    Preset {
        id: "redis-to-valkey",
        summary: "Small values on Redis OSS: switch the engine to Valkey and see price and memory change",
        scenario,
    }
}

fn synthetic(name: &str, classes: Vec<KeyClass>, cluster: Cluster, database: Database) -> Scenario {
    Scenario {
        name: name.into(),
        workload: Workload::Synthetic { classes },
        cluster,
        client: Client::default(),
        database,
        ..Scenario::default()
    }
}

/// Shards with a replica each, running Valkey 8.1 with `allkeys-lru`.
fn cluster(node_type: &str, shards: u32) -> Cluster {
    Cluster {
        node_type: node_type.into(),
        shards,
        replicas: 1,
        ..Cluster::default()
    }
}

/// A database that is paid for by its size and not by the request.
fn database(latency_us: u32, capacity_per_s: f64) -> Database {
    Database {
        latency_us,
        capacity_per_s: PerSecond(capacity_per_s),
        usd_per_million_reads: Usd(0.0),
        ..Database::default()
    }
}

fn lognormal(median_bytes: u64, sigma: f64) -> ValueSize {
    ValueSize::Lognormal {
        median_bytes: Bytes(median_bytes),
        sigma,
    }
}

fn diurnal(mean_per_s: f64, peak_to_mean: f64, peak_hour: f64) -> Rate {
    Rate::Diurnal {
        mean_per_s: PerSecond(mean_per_s),
        peak_to_mean,
        peak_hour,
    }
}

fn ttl(seconds: u64, jitter: f64) -> Ttl {
    Ttl::Fixed {
        seconds: Seconds(seconds),
        jitter: Share(jitter),
    }
}
