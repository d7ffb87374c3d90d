//! Scenarios to start from: common uses of a cache at the size of a mid-sized service.
//!
//! The inputs are round figures of the kind that a team knows about its own service; none was fitted to an outcome.

use super::{
    Client, Cluster, Database, Engine, Follow, Heavy, KeyClass, Popularity, Rate, RunSettings, Scenario,
    SizeShare, Ttl, ValueSize, Workload,
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

/// What the app opens with.
pub fn opening_preset() -> Preset {
    product_catalogue()
}

/// All presets; the first is [`opening_preset`]. The app has the others as links in `public/presets.txt`, so that the page
/// need not carry what builds them.
pub fn presets() -> Vec<Preset> {
    vec![
        opening_preset(),
        web_sessions(),
        api_responses(),
        leaderboard(),
        query_results(),
        redis_to_valkey(),
        rate_limiting(),
        feature_serving(),
        notifications(),
        locks(),
        task_state(),
        analytics(),
        configuration(),
    ]
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

fn product_catalogue() -> Preset {
    Preset {
        id: "product-catalogue",
        summary: "Product pages of a shop: an hour of TTL in front of a database that could not serve them alone",
        scenario: Scenario {
            // What is seen first is there at once: a fifth of the usual requests tell the hit ratio within .1 points of
            // what forty times as many do.
            run: RunSettings {
                request_budget: 200_000,
                ..RunSettings::default()
            },
            ..synthetic(
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
                    ..KeyClass::default()
                }],
                cluster("cache.t4g.medium", 3),
                Database {
                    latency_us: 9_000,
                    capacity_per_s: PerSecond(6_000.0),
                    // DynamoDB on demand, us-east-1, as of 2026-07-31, strongly consistent reads of up to 4 KB.
                    usd_per_million_reads: Usd(0.125),
                    ..Database::default()
                },
            )
        },
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
                ..KeyClass::default()
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
                    ..KeyClass::default()
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
                    ..KeyClass::default()
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
                    ..KeyClass::default()
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
                ..KeyClass::default()
            }],
            cluster("cache.r7g.large", 4),
            database(3_000, 25_000.0),
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
            ..KeyClass::default()
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
            ..KeyClass::default()
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

/// The counter of a fixed window, as the documentation of `INCR` shows it: a read, then an increment with a TTL.
fn rate_limiting() -> Preset {
    Preset {
        id: "rate-limiting",
        summary: "Counters of a one-minute window per client: a miss is a window that begins, not work that is lost",
        scenario: synthetic(
            "Rate limiting",
            vec![KeyClass {
                name: "windows".into(),
                keys: 3_000_000,
                key_bytes: 40,
                popularity: Popularity::Zipf { exponent: 0.9 },
                churn_per_day: 0.2,
                value_size: ValueSize::Fixed { bytes: Bytes(8) },
                rate: diurnal(60_000.0, 1.7, 15.0),
                writes: Share(0.5),
                ttl: ttl(MINUTE, 0.0),
                ..KeyClass::default()
            }],
            cluster("cache.m7g.large", 2),
            no_database(),
        ),
    }
}

/// One inference reads the features of a user and of fifty candidates.
fn feature_serving() -> Preset {
    Preset {
        id: "feature-serving",
        summary: "Features for inference: a read of one user, then of fifty candidates at once, whose popularity drifts",
        scenario: synthetic(
            "Feature serving for inference",
            vec![
                KeyClass {
                    name: "users".into(),
                    keys: 20_000_000,
                    key_bytes: 24,
                    popularity: Popularity::Zipf { exponent: 0.6 },
                    value_size: lognormal(900, 0.4),
                    rate: diurnal(3_000.0, 1.6, 20.0),
                    writes: Share(0.1),
                    ttl: ttl(DAY, 0.1),
                    ..KeyClass::default()
                },
                KeyClass {
                    name: "candidates".into(),
                    keys: 2_000_000,
                    key_bytes: 24,
                    popularity: Popularity::Zipf { exponent: 0.9 },
                    drift_per_day: 0.2,
                    churn_per_day: 0.02,
                    value_size: ValueSize::Choice {
                        sizes: [(200, 0.5), (600, 0.3), (2_000, 0.2)]
                            .map(|(bytes, share)| SizeShare {
                                bytes: Bytes(bytes),
                                share: Share(share),
                            })
                            .to_vec(),
                    },
                    rate: diurnal(3_000.0, 1.6, 20.0),
                    writes: Share(0.02),
                    multi_get: 50,
                    ttl: ttl(6 * HOUR, 0.1),
                    ..KeyClass::default()
                },
            ],
            cluster("cache.r7g.xlarge", 4),
            database(4_000, 30_000.0),
        ),
    }
}

/// `PUBLISH` costs time for every subscriber of the channel; here each command stands for twenty deliveries.
fn notifications() -> Preset {
    Preset {
        id: "notifications",
        summary: "Publish and subscribe: nothing is cached, so a hit rate is meaningless; what counts is the engine thread",
        scenario: synthetic(
            "Notifications",
            vec![KeyClass {
                name: "channels".into(),
                keys: 50_000,
                key_bytes: 32,
                popularity: Popularity::Zipf { exponent: 1.0 },
                value_size: ValueSize::Fixed { bytes: Bytes(300) },
                rate: diurnal(6_000.0, 1.8, 19.0),
                writes: Share(0.0),
                heavy: Heavy {
                    share: Share(1.0),
                    cost: 20.0,
                },
                ttl: Ttl::None,
                ..KeyClass::default()
            }],
            cluster("cache.m7g.large", 2),
            no_database(),
        ),
    }
}

fn locks() -> Preset {
    Preset {
        id: "locks",
        summary: "Locks that are taken, asked for by those who wait, and released; a TTL frees those of clients that died",
        scenario: synthetic(
            "Locks",
            vec![KeyClass {
                name: "locks".into(),
                keys: 200_000,
                key_bytes: 36,
                popularity: Popularity::HotSet {
                    keys: Share(0.02),
                    traffic: Share(0.5),
                },
                value_size: ValueSize::Fixed { bytes: Bytes(36) },
                rate: Rate::Constant {
                    per_s: PerSecond(15_000.0),
                },
                writes: Share(0.4),
                deletes: Share(0.4),
                ttl: ttl(30, 0.0),
                ..KeyClass::default()
            }],
            cluster("cache.m7g.large", 1),
            no_database(),
        ),
    }
}

fn task_state() -> Preset {
    Preset {
        id: "task-state",
        summary: "State of short tasks: the newest is the hottest, is deleted when done, and an hour of TTL catches the rest",
        scenario: synthetic(
            "Ephemeral task state",
            vec![KeyClass {
                name: "tasks".into(),
                keys: 400_000,
                key_bytes: 44,
                popularity: Popularity::Latest { exponent: 0.8 },
                churn_per_day: 24.0,
                value_size: lognormal(3_000, 0.9),
                rate: Rate::Constant {
                    per_s: PerSecond(12_000.0),
                },
                writes: Share(0.35),
                deletes: Share(0.05),
                ttl: ttl(HOUR, 0.0),
                ..KeyClass::default()
            }],
            cluster("cache.m7g.large", 2),
            database(5_000, 10_000.0),
        ),
    }
}

fn analytics() -> Preset {
    Preset {
        id: "analytics",
        summary: "Sorted sets of the last day: the latest minutes are written all the time, and ranges of them are costly",
        scenario: synthetic(
            "Short-term analytics",
            vec![
                KeyClass {
                    name: "buckets".into(),
                    keys: 300_000,
                    key_bytes: 30,
                    popularity: Popularity::Latest { exponent: 1.0 },
                    churn_per_day: 1.0,
                    value_size: lognormal(6_000, 0.8),
                    rate: diurnal(8_000.0, 1.5, 14.0),
                    writes: Share(0.7),
                    heavy: Heavy {
                        share: Share(0.2),
                        cost: 25.0,
                    },
                    hash_tags: Some(256),
                    ttl: ttl(DAY, 0.0),
                    ..KeyClass::default()
                },
                KeyClass {
                    name: "dashboards".into(),
                    keys: 2_000,
                    key_bytes: 40,
                    popularity: Popularity::Zipf { exponent: 0.8 },
                    value_size: ValueSize::Fixed { bytes: Bytes(20_000) },
                    rate: diurnal(50.0, 1.8, 10.0),
                    writes: Share(0.0),
                    follows: Some(Follow {
                        class: "buckets".into(),
                        probability: Share(0.05),
                        delay_ms: 200,
                    }),
                    ttl: ttl(MINUTE, 0.1),
                    ..KeyClass::default()
                },
            ],
            cluster("cache.r7g.large", 2),
            database(30_000, 20_000.0),
        ),
    }
}

fn configuration() -> Preset {
    Preset {
        id: "configuration",
        summary: "Feature flags that every server reads by twenties and that seldom change: how old may they become?",
        scenario: synthetic(
            "Configuration cache",
            vec![KeyClass {
                name: "flags".into(),
                keys: 5_000,
                key_bytes: 48,
                popularity: Popularity::Zipf { exponent: 0.7 },
                value_size: lognormal(400, 0.7),
                rate: Rate::Constant {
                    per_s: PerSecond(4_000.0),
                },
                writes: Share(0.0001),
                multi_get: 20,
                ttl: ttl(5 * MINUTE, 0.1),
                ..KeyClass::default()
            }],
            cluster("cache.m7g.large", 1),
            database(6_000, 3_000.0),
        ),
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

/// Where the cache is the only store of its data: what a miss or a write would ask of a database takes next to nothing.
fn no_database() -> Database {
    database(1, 100_000_000.0)
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
