//! Random scenarios with random faults.

use crate::catalog::Engine;
use crate::policy;
use crate::random::Stream;
use crate::scenario::parameters::redis::MaxmemoryPolicy;
use crate::scenario::{
    Aof, AutoScaling, Breaker, Client, Cluster, Database, Distribution, Follow, GlobalDatastore, Guard,
    Happening, Heavy, Invalidation, KeyClass, Near, OnCacheError, Persistence, Pool, Popularity, Prefetch,
    Rate, RatePoint, ReadFrom, Reads, Redis, RunSettings, SERVER_POLICY, ScaledBy, Scales, Scenario,
    Serverless, ServiceTime, SizeShare, Snapshots, Ttl, Users, ValueSize, Warming, What, Workload, Writes,
};
use crate::units::{Bytes, PerSecond, Seconds, Share};

/// `maxmemory-eviction-tenacity` without a limit to the time that evictions take. With one, a large value may come in for
/// a few small ones.
pub(super) const UNLIMITED: u32 = 100;

/// Draws scenarios.
pub(super) struct Dice(pub(super) Stream);

impl Dice {
    fn chance(&mut self, probability: f64) -> bool {
        self.0.unit() < probability
    }

    pub(super) fn between(&mut self, least: u32, most: u32) -> u32 {
        least + self.0.below(most - least + 1)
    }

    /// Spread evenly over orders of magnitude.
    fn scale(&mut self, least: f64, most: f64) -> f64 {
        least * (most / least).powf(self.0.unit())
    }

    fn milliseconds(&mut self, least: f64, most: f64) -> u32 {
        self.scale(least, most) as u32
    }

    fn share(&mut self) -> Share {
        Share(self.0.unit())
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.0.below(of.len() as u32) as usize].clone()
    }

    /// Mostly nothing.
    fn rarely<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.chance(0.3).then(|| draw(self))
    }

    pub(super) fn scenario(&mut self) -> Scenario {
        let seconds = self.between(10, 60);
        let sampled = self.chance(0.25);
        let requests = if sampled {
            self.scale(2e4, 1e6)
        } else {
            self.scale(100.0, 5e3)
        };
        let serverless = self.chance(0.1).then(|| self.serverless());
        let shards = if serverless.is_some() {
            1
        } else {
            self.between(1, 6)
        };
        let mut cluster = self.cluster(shards);
        cluster.serverless = serverless;
        let client = self.client(seconds, sampled);
        let classes = self.classes(seconds, requests, client.users.is_some());
        let names: Vec<String> = classes.iter().map(|class| class.name.clone()).collect();
        let mut timeline: Vec<Happening> = (0..self.0.below(7))
            .map(|_| Happening {
                at_s: Seconds(self.0.below(seconds).into()),
                duration_s: Seconds(self.0.below(seconds).into()),
                what: self.what(&cluster, &names),
            })
            .collect();
        if serverless.is_some() {
            timeline.retain(|happening| !happening.what.is_of_nodes());
        }
        if self.chance(0.5) {
            // Time to bring everything to its end.
            timeline.push(Happening {
                at_s: Seconds(u64::from(seconds) / 2),
                duration_s: Seconds(0),
                what: What::Load {
                    class: None,
                    factor: 0.0,
                },
            });
        }
        Scenario {
            seed: self.0.bits() >> 11,
            run: RunSettings {
                duration_s: Seconds(seconds.into()),
                warm_up_s: Seconds(0),
                request_budget: 10_000,
                warm_start: self.chance(0.5),
            },
            workload: Workload::Synthetic { classes },
            cluster,
            client,
            database: self.database(),
            timeline,
            ..Scenario::default()
        }
    }

    fn classes(&mut self, seconds: u32, requests: f64, users: bool) -> Vec<KeyClass> {
        let count = self.between(1, 3);
        let mut classes: Vec<KeyClass> = Vec::new();
        for number in 0..count {
            let writes = if self.chance(0.5) {
                self.0.unit() * 0.5
            } else {
                0.0
            };
            let per_s = requests / f64::from(seconds * count);
            let follows = if number > 0 && !users && self.chance(0.3) {
                Some(Follow {
                    class: classes[self.0.below(number) as usize].name.clone(),
                    probability: self.share(),
                    delay_ms: self.milliseconds(1.0, 5e3),
                })
            } else {
                None
            };
            classes.push(KeyClass {
                name: format!("class {number}"),
                keys: self.scale(1.0, 20.0 * requests) as u64,
                key_bytes: self.between(8, 64),
                popularity: self.popularity(),
                churn_per_day: self.rarely(|dice| dice.scale(1.0, 100.0)).unwrap_or(0.0),
                drift_per_day: self.rarely(|dice| dice.scale(1.0, 100.0)).unwrap_or(0.0),
                value_size: self.value_size(),
                rate: self.rate(per_s, seconds),
                writes: Share(writes),
                deletes: Share(if self.chance(0.3) {
                    self.0.unit() * 0.3
                } else {
                    0.0
                }),
                multi_get: if self.chance(0.3) { self.between(2, 6) } else { 1 },
                heavy: Heavy {
                    share: self.rarely(Self::share).unwrap_or(Share(0.0)),
                    cost: self.scale(1.0, 1e3),
                },
                hash_tags: self.rarely(|dice| dice.between(1, 50)),
                follows,
                ttl: self.ttl(),
                absent: self.rarely(Self::share).unwrap_or(Share(0.0)),
            });
        }
        classes
    }

    fn popularity(&mut self) -> Popularity {
        let exponent = self.0.unit() * 1.5;
        match self.0.below(6) {
            0 => Popularity::Uniform,
            1 => Popularity::Latest { exponent },
            2 => Popularity::Scan,
            3 => Popularity::HotSet {
                keys: self.share(),
                traffic: self.share(),
            },
            _ => Popularity::Zipf { exponent },
        }
    }

    fn value_size(&mut self) -> ValueSize {
        let bytes = Bytes(self.scale(1.0, 2e4) as u64);
        match self.0.below(3) {
            0 => ValueSize::Fixed { bytes },
            1 => ValueSize::Lognormal {
                median_bytes: bytes,
                sigma: self.0.unit() * 2.0,
            },
            _ => ValueSize::Choice {
                sizes: (1..=self.between(1, 4))
                    .map(|_| SizeShare {
                        bytes: Bytes(self.scale(1.0, 1e5) as u64),
                        share: Share(0.01 + 0.99 * self.0.unit()),
                    })
                    .collect(),
            },
        }
    }

    fn rate(&mut self, per_s: f64, seconds: u32) -> Rate {
        let some = PerSecond(per_s.max(0.01));
        match self.0.below(5) {
            0 => Rate::Diurnal {
                mean_per_s: some,
                peak_to_mean: 1.0 + self.0.unit(),
                peak_hour: self.0.unit() * 24.0,
            },
            1 => Rate::Ramp {
                from_per_s: PerSecond(0.0),
                to_per_s: some,
                start_s: Seconds(self.0.below(seconds).into()),
                duration_s: Seconds(self.0.below(seconds).into()),
            },
            2 => Rate::Curve {
                points: (0..self.between(1, 5))
                    .map(|at| RatePoint {
                        at_s: Seconds(u64::from(at) * 7),
                        per_s: PerSecond(some.0 * (0.1 + 2.0 * self.0.unit())),
                    })
                    .collect(),
            },
            _ => Rate::Constant { per_s: some },
        }
    }

    fn ttl(&mut self) -> Ttl {
        if self.chance(0.4) {
            return Ttl::None;
        }
        if self.chance(0.3) {
            return Ttl::Sliding {
                seconds: Seconds(self.between(1, 30).into()),
            };
        }
        Ttl::Fixed {
            seconds: Seconds(self.between(1, 30).into()),
            jitter: Share(if self.chance(0.5) {
                self.0.unit() * 0.9
            } else {
                0.0
            }),
        }
    }

    fn cluster(&mut self, shards: u32) -> Cluster {
        let engine = self.one(&Engine::ALL);
        let memcached = engine.is_memcached();
        let mut cluster = Cluster {
            engine,
            shards,
            replicas: if memcached { 0 } else { self.between(0, 2) },
            zones: self.between(1, 3),
            tls: self.chance(0.5),
            node_timeout_ms: self.milliseconds(100.0, 2e4),
            require_full_coverage: self.chance(0.5),
            service_failover_s: self.rarely(|dice| Seconds(dice.between(1, 20).into())),
            maxmemory_bytes: Some(Bytes(self.scale(f64::from(1 << 20), f64::from(1 << 26)) as u64)),
            redis: Redis {
                maxmemory_policy: self.one(&MaxmemoryPolicy::ALL),
                maxmemory_eviction_tenacity: self.one(&[10, UNLIMITED]),
                ..Redis::default()
            },
            ..Cluster::default()
        };
        if !memcached {
            cluster.persistence = Persistence {
                snapshots: self.rarely(|dice| Snapshots {
                    hour: 0,
                    every_h: dice.between(1, 24),
                }),
                aof: self.one(&Aof::ALL),
                fsync_us: self.scale(100.0, 1e4) as u32,
                ..Persistence::default()
            };
        }
        if !memcached {
            cluster.global = self.rarely(|dice| GlobalDatastore {
                secondaries: dice.between(1, 2),
                share: dice.share(),
                lag_ms: dice.milliseconds(1.0, 5e3),
                round_trip_ms: dice.milliseconds(1.0, 300.0),
            });
        }
        if cluster.has_bus() && cluster.global.is_none() && cluster.serverless.is_none() {
            let seconds = |dice: &mut Self| Seconds(dice.between(0, 30).into());
            cluster.auto_scaling = self.rarely(|dice| AutoScaling {
                scales: dice.one(&[Scales::Shards, Scales::Replicas]),
                by: dice.one(&[ScaledBy::EngineCpu, ScaledBy::Memory]),
                target: Share(dice.scale(0.05, 1.0)),
                least: dice.between(1, 2),
                most: dice.between(2, 5),
                out_cooldown_s: seconds(dice),
                in_cooldown_s: seconds(dice),
                provision_s: seconds(dice),
            });
        }
        if memcached {
            cluster.distribution = self.one(&Distribution::ALL);
        } else if self.chance(0.3) {
            let policies: Vec<&str> = policy::REGISTRY
                .iter()
                .filter(|entry| !entry.needs_future())
                .map(|entry| entry.name)
                .collect();
            cluster.policy = self.one(&policies).into();
        } else if cluster.redis.maxmemory_policy != MaxmemoryPolicy::VolatileTtl
            && !cluster.redis.maxmemory_policy.label().ends_with("random")
            && self.chance(0.2)
        {
            cluster.node_type = "cache.r6gd.xlarge".into();
        }
        assert!(memcached || cluster.policy != SERVER_POLICY || cluster.distribution == Distribution::Slots);
        if cluster.distribution == Distribution::Slots {
            cluster.slots = self.rarely(|dice| (0..shards).map(|_| dice.between(1, 10)).collect());
        }
        cluster
    }

    fn serverless(&mut self) -> Serverless {
        Serverless {
            // Some of these are low enough for the few requests of a test.
            max_ecpu_per_s: self.rarely(|_| PerSecond(1_000.0)),
            max_bytes: self.rarely(|_| Bytes(1_000_000_000)),
            ..Serverless::default()
        }
    }

    fn client(&mut self, seconds: u32, sampled: bool) -> Client {
        let think_ms = self.milliseconds(5.0, 5e3);
        let most = (4.0 * f64::from(think_ms) / f64::from(seconds)).clamp(1.0, 500.0) as u32;
        Client {
            round_trip_us: self.scale(50.0, 1e4) as u32,
            connections: self.between(0, 20),
            new_connections: self.rarely(Self::share).unwrap_or(Share(0.0)),
            read_from: self.one(&[ReadFrom::Primaries, ReadFrom::Replicas]),
            instances: self.between(1, 20),
            users: (!sampled && self.chance(0.3)).then(|| Users {
                count: self.between(1, most),
                think_ms,
            }),
            reads: match self.0.below(4) {
                0 => Reads::Through,
                1 => Reads::RefreshAhead {
                    after: Share(0.1 + 0.89 * self.0.unit()),
                },
                _ => Reads::Aside,
            },
            writes: match self.0.below(4) {
                0 => Writes::Through,
                1 => Writes::Invalidate,
                2 => Writes::Around,
                _ => Writes::Behind {
                    flush_ms: self.milliseconds(1.0, 2e4),
                },
            },
            guard: match self.0.below(5) {
                0 => Guard::None,
                1 => Guard::Lock {
                    poll_ms: self.milliseconds(1.0, 1e3),
                },
                2 => Guard::Coalesce,
                3 => Guard::StaleWhileRevalidate {
                    grace_s: Seconds(self.between(1, 60).into()),
                },
                _ => Guard::Early {
                    beta: self.scale(0.1, 10.0),
                },
            },
            near: self.rarely(|dice| Near {
                keys: dice.scale(1.0, 1e4) as u64,
                ttl_ms: dice.milliseconds(1.0, 3e4),
                invalidation: dice.one(&[
                    Invalidation::None,
                    Invalidation::OwnWrites,
                    Invalidation::Tracking,
                ]),
            }),
            timeout_ms: self.milliseconds(1.0, 3e3),
            pool: self.rarely(|dice| Pool {
                size: dice.between(1, 5),
                wait_ms: dice.milliseconds(1.0, 3e3),
            }),
            negative_ttl_s: self.rarely(|dice| Seconds(dice.between(1, 30).into())),
            warming: match self.0.below(6) {
                0 => Warming::Greedy,
                1 => Warming::Throttled {
                    keys_per_s: PerSecond(self.scale(1.0, 1e4)),
                },
                _ => Warming::None,
            },
            prefetch: self.rarely(|dice| Prefetch {
                accuracy: dice.share(),
                depth: dice.between(1, 4),
            }),
            on_cache_error: self.one(&[OnCacheError::Database, OnCacheError::Fail]),
            breaker: self.rarely(|dice| Breaker {
                failures: dice.between(1, 100),
                open_ms: dice.milliseconds(1.0, 1e4),
            }),
        }
    }

    fn database(&mut self) -> Database {
        Database {
            latency_us: self.scale(100.0, 2e5) as u32,
            service: match self.0.below(3) {
                0 => ServiceTime::Fixed,
                1 => ServiceTime::Exponential,
                _ => ServiceTime::Lognormal {
                    sigma: self.0.unit() * 2.0,
                },
            },
            capacity_per_s: PerSecond(self.scale(5.0, 1e4)),
            queue: self.rarely(|dice| dice.between(0, 100)),
            timeout_ms: self.chance(0.5).then(|| self.milliseconds(1.0, 2e3)),
            cancels: self.chance(0.5),
            retries: if self.chance(0.5) { self.between(1, 4) } else { 0 },
            backoff_ms: self.milliseconds(1.0, 500.0),
            retry_budget: self.rarely(Self::share),
            replicas: self.rarely(|dice| dice.between(1, 4)).unwrap_or(0),
            replica_lag_ms: self.milliseconds(1.0, 1e4),
            ..Database::default()
        }
    }

    fn what(&mut self, cluster: &Cluster, names: &[String]) -> What {
        let class = self.rarely(|dice| dice.one(names));
        let shard = self.0.below(cluster.shards);
        let some_shard = self.chance(0.5).then_some(shard);
        let share = self.share();
        let factor = self.scale(1.0, 100.0);
        let memcached = cluster.engine.is_memcached();
        match self.0.below(22) {
            0 => What::Load {
                class,
                factor: self.0.unit() * 3.0,
            },
            1 => What::Deploy {
                class,
                value_factor: self.scale(0.01, 100.0),
                ttl_s: self.rarely(|dice| Seconds(dice.between(1, 60).into())),
            },
            2 => What::LoadShedding { share },
            3 => What::NodeFailure { shard },
            4 => What::Partition { shard },
            5 => What::SlowNode {
                shard: some_shard,
                factor,
            },
            6 => What::SlowCommand {
                shard: some_shard,
                milliseconds: self.milliseconds(1.0, 5e3),
                every_s: Seconds(self.between(1, 10).into()),
            },
            7 => What::Flush { shard: some_shard },
            8 => What::DatabaseSlow { factor },
            9 => What::DatabaseDown,
            10 => What::LostInvalidations { share },
            11 => What::ZoneLoss {
                zone: self.0.below(cluster.zones),
            },
            12 => What::ReplicaFailure { shard },
            13 => What::ReplicaPartition { shard },
            14 => What::Restart { shard: some_shard },
            15 => What::Connections {
                count: self.scale(1.0, 1e6) as u32,
            },
            16 => What::WrongShard { share },
            17 if !memcached => What::Snapshot,
            18 if memcached || cluster.has_bus() => What::Reshard {
                shards: self.between(1, 8),
            },
            19 if !memcached => What::Replicas {
                replicas: self.between(0, 3),
            },
            20 => What::NodeType {
                node_type: if cluster.node_type == "cache.r6gd.xlarge" {
                    "cache.r6gd.2xlarge".into()
                } else {
                    self.one(&["cache.m7g.large", "cache.r6g.xlarge", "cache.t4g.micro"])
                        .into()
                },
            },
            21 if cluster.global.is_some() => What::RegionLoss {
                promotion_s: Seconds(self.between(0, 20).into()),
            },
            _ => What::AuthFailures { share },
        }
    }
}
