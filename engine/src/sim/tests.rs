//! Laws that hold in every run, tested on random scenarios with random faults.
//!
//! `CACHEPLAN_LAWS=10000 cargo test -p cacheplan-engine laws` tries so many scenarios, and
//! `CACHEPLAN_LAWS=123..124` those of these seeds.

use super::{Sim, Tally, sum};
use crate::catalog::Engine;
use crate::policy;
use crate::random::Stream;
use crate::report::Report;
use crate::scenario::parameters::redis::MaxmemoryPolicy;
use crate::scenario::{
    Aof, AutoScaling, Breaker, Client, Cluster, Database, Distribution, Follow, GlobalDatastore, Guard,
    Happening, Heavy, Invalidation, KeyClass, Near, OnCacheError, Persistence, Pool, Popularity, Prefetch,
    Rate, RatePoint, ReadFrom, Reads, Redis, RunSettings, SERVER_POLICY, ScaledBy, Scales, Scenario,
    Serverless, ServiceTime, SizeShare, Snapshots, Ttl, Users, ValueSize, Warming, What, Workload, Writes,
};
use crate::units::{Bytes, PerSecond, Seconds, Share};
use core::ops::Range;

/// Scenarios tried unless told otherwise.
const SCENARIOS: u64 = 100;

/// Relative error of sums of weights that were added up in different orders.
const ROUNDING: f64 = 1e-9;

/// Bytes of a key's name, headers and rounding beside a value.
const ITEM_OVERHEAD: f64 = 200.0;

/// Bytes of a table of pointers for each key while it is moved to one of twice the size: 8 of the old one, and 16 to
/// 32 of the new one, with one in three to one in two places in use.
const TABLES: f64 = 40.0;

/// `maxmemory-eviction-tenacity` without a limit to the time that evictions take. With one, a large value may come in for
/// a few small ones.
const UNLIMITED: u32 = 100;

/// Each slab class of Memcached takes a page when it first needs one, whatever the limit.
const SLAB_CLASSES: f64 = 63.0;
const PAGE: f64 = 1_048_576.0;

/// Draws scenarios.
struct Dice(Stream);

impl Dice {
    fn chance(&mut self, probability: f64) -> bool {
        self.0.unit() < probability
    }

    fn between(&mut self, least: u32, most: u32) -> u32 {
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

    fn scenario(&mut self) -> Scenario {
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

fn scenario(seed: u64) -> Scenario {
    Dice(Stream::new(seed, 100)).scenario()
}

/// Runs it in slices of so many requests.
fn run(scenario: &Scenario, mut slice: impl FnMut() -> u64) -> Sim {
    let plan = scenario
        .plan()
        .unwrap_or_else(|error| panic!("not a valid scenario: {error}"));
    let mut sim = Sim::new(plan, None).unwrap();
    while !sim.advance(slice()).complete {}
    sim
}

/// What is wrong with a run, in words.
#[derive(Default)]
struct Broken(Vec<String>);

impl Broken {
    fn holds(&mut self, law: &str, holds: bool, figures: &dyn core::fmt::Debug) {
        if !holds {
            self.0.push(format!("{law}: {figures:?}"));
        }
    }

    fn equal(&mut self, law: &str, a: f64, b: f64) {
        let close = (a - b).abs() <= ROUNDING * (1.0 + a.abs().max(b.abs()));
        self.holds(law, close, &(a, b));
    }

    fn at_most(&mut self, law: &str, a: f64, b: f64) {
        self.holds(law, a <= b + ROUNDING * (1.0 + b.abs()), &(a, b));
    }

    /// What holds of the counts of a shard, of a class, of all, in an interval or in the run.
    fn tally(&mut self, of: &str, tally: &Tally) {
        self.equal(
            &format!("{of}: reads = near hits + hits + misses + unreachable"),
            tally.reads,
            tally.near_hits + tally.hits + tally.misses() + tally.unreachable,
        );
        for (name, count) in counts(tally) {
            let valid = count.is_finite() && count >= -ROUNDING;
            self.holds(&format!("{of}: {name} is a count"), valid, &count);
        }
        let answered = tally.hits + tally.near_hits;
        self.at_most(&format!("{of}: stale <= answered"), tally.stale, answered);
        self.at_most(
            &format!("{of}: stale near <= stale"),
            tally.stale_near,
            tally.stale,
        );
        self.at_most(
            &format!("{of}: stale near <= near hits"),
            tally.stale_near,
            tally.near_hits,
        );
        self.at_most(&format!("{of}: past TTL <= hits"), tally.past_ttl, tally.hits);
        self.at_most(
            &format!("{of}: secondary hits <= secondary reads"),
            tally.secondary_hits,
            tally.secondary_reads,
        );
        self.at_most(
            &format!("{of}: stale secondary <= secondary hits"),
            tally.stale_secondary,
            tally.secondary_hits,
        );
        self.at_most(&format!("{of}: from SSD <= hits"), tally.from_ssd, tally.hits);
        self.at_most(&format!("{of}: waited <= misses"), tally.waited, tally.misses());
        self.at_most(
            &format!("{of}: negative hits <= hits"),
            tally.negative_hits,
            tally.hits,
        );
        self.at_most(
            &format!("{of}: queries to replicas <= queries"),
            tally.queries_replicas,
            tally.queries,
        );
        self.at_most(
            &format!("{of}: queries ahead of readers <= queries"),
            tally.queries_ahead,
            tally.queries,
        );
    }

    /// What holds of a whole run, where one interval answers what another asked.
    fn whole(&mut self, of: &str, tally: &Tally, client: &Client) {
        self.tally(of, tally);
        let bad = tally.queries_refused + tally.queries_given_up;
        self.at_most(
            &format!("{of}: refused + given up <= queries"),
            bad,
            tally.queries,
        );
        self.at_most(
            &format!("{of}: retries <= refused + given up"),
            tally.retries,
            bad,
        );
        self.at_most(
            &format!("{of}: failed <= unreachable + refused + given up"),
            tally.failed,
            tally.unreachable + bad,
        );
        // Write-behind asks the cache again once the database has what it did not take.
        let asks = match client.writes {
            Writes::Behind { .. } => 2.0,
            _ => 1.0,
        };
        self.at_most(
            &format!("{of}: throttled <= unreachable + writes"),
            tally.throttled,
            tally.unreachable + asks * tally.writes,
        );
        self.at_most(
            &format!("{of}: prefetched values that were read or wasted <= prefetched"),
            tally.prefetched_used + tally.prefetched_wasted,
            tally.prefetched,
        );
        self.at_most(
            &format!("{of}: values loaded ahead of readers <= queries for them"),
            tally.warmed + tally.prefetched,
            tally.queries_ahead,
        );
        let unreachable = match client.on_cache_error {
            OnCacheError::Database => tally.unreachable,
            OnCacheError::Fail => 0.0,
        };
        let written = match client.writes {
            Writes::Behind { .. } => 0.0,
            _ => tally.writes,
        };
        self.at_most(
            &format!("{of}: who misses and does not wait for others asks the database"),
            tally.misses() - tally.waited + unreachable + written,
            tally.queries - tally.retries,
        );
    }
}

/// The counts by their names.
fn counts(tally: &Tally) -> Vec<(String, f64)> {
    // The derived form names every field, those included that are added later.
    let text = format!("{tally:?}");
    let fields = text
        .trim_start_matches("Tally { ")
        .trim_end_matches(" }")
        .split(", ");
    fields
        .map(|field| {
            let (name, count) = field.split_once(": ").unwrap();
            (name.into(), count.parse().unwrap())
        })
        .collect()
}

/// Counts that are kept by shard alone.
fn has_no_class(name: &str) -> bool {
    matches!(name, "evictions" | "expirations" | "lost_writes")
}

/// Whether nothing happened for so long before the end that nothing can be under way.
fn is_quiet(sim: &Sim) -> bool {
    let scenario = sim.plan.scenario();
    let poll = match scenario.client.guard {
        Guard::Lock { poll_ms } => f64::from(poll_ms),
        _ => 0.0,
    };
    let database = &scenario.database;
    let again = f64::from(database.timeout_ms.unwrap_or(0).max(scenario.client.timeout_ms))
        + 2.0 * f64::from(database.backoff_ms) * 2_f64.powi(database.retries as i32);
    let mut seconds = 0.0;
    for interval in sim.recorder.intervals().iter().rev() {
        let all = sum(&interval.tallies);
        if all.reads + all.writes + all.queries + all.extra_commands > 0.0 {
            break;
        }
        seconds += interval.seconds;
    }
    // A query that is tried again was first asked when its node had answered.
    let latency = sim.recorder.total_latency().all();
    let [longest] = latency.quantiles([0.999_999]).unwrap_or_default();
    seconds * 1e3 > poll.max(again) + longest as f64 * 1e-3 + 2e3
}

/// All that is wrong with the run of a scenario, and whether it came to rest.
fn broken(seed: u64, scenario: &Scenario) -> (Vec<String>, bool) {
    let sim = run(scenario, || 1_000_000);
    let mut broken = Broken::default();
    let recorder = &sim.recorder;
    for (at, interval) in recorder.intervals().iter().enumerate() {
        for (shard, tally) in interval.tallies.iter().enumerate() {
            broken.tally(&format!("interval {at}, shard {shard}"), tally);
        }
    }
    memory(&mut broken, &sim);
    // Where keys move, one shard is asked again for what another refused, and reads what was prefetched into another.
    let moves = scenario.cluster.auto_scaling.is_some()
        || (scenario.timeline.iter()).any(|happening| matches!(happening.what, What::Reshard { .. }));
    for (shard, tally) in recorder.totals().iter().enumerate() {
        if moves {
            broken.tally(&format!("shard {shard}"), tally);
        } else {
            broken.whole(&format!("shard {shard}"), tally, &scenario.client);
        }
    }
    for (class, tally) in recorder.class_totals().iter().enumerate() {
        broken.whole(&format!("class {class}"), tally, &scenario.client);
    }
    let (all, of_classes) = (sum(recorder.totals()), sum(recorder.class_totals()));
    for ((name, shards), (_, classes)) in counts(&all).into_iter().zip(counts(&of_classes)) {
        if !has_no_class(&name) {
            broken.equal(&format!("{name} of shards and of classes"), shards, classes);
        }
    }
    let intervals = sum(recorder.intervals().iter().flat_map(|interval| &interval.tallies));
    for ((name, whole), (_, parts)) in counts(&all).into_iter().zip(counts(&intervals)) {
        broken.equal(&format!("{name} of the run and of its intervals"), whole, parts);
    }
    if sim.thinning.is_none() {
        let requests = all.reads + all.writes + all.shed;
        broken.equal("requests served and counted", sim.requests as f64, requests);
    }
    let answered = recorder.total_latency().all().total();
    let requests = all.reads + all.writes;
    broken.at_most("answers <= requests", answered, requests);
    let quiet = is_quiet(&sim);
    if quiet {
        broken.equal("answers of a run at rest", answered, requests);
    }
    let whole = serde_json::to_string(&Report::of(&sim)).unwrap();
    let mut dice = Dice(Stream::new(seed, 101));
    let sliced = run(scenario, || u64::from(dice.between(1, 500)));
    let sliced = serde_json::to_string(&Report::of(&sliced)).unwrap();
    broken.holds("slices change nothing", whole == sliced, &());
    (broken.0, quiet)
}

/// Memory at the end of any interval is at most what the limit or an empty node takes, what one command and what
/// comes with it adds, and what tables take that grow after room was made.
fn memory(broken: &mut Broken, sim: &Sim) {
    let scenario = sim.plan.scenario();
    let cluster = &scenario.cluster;
    let server = cluster.policy == SERVER_POLICY && !cluster.engine.is_memcached();
    if server && cluster.redis.maxmemory_eviction_tenacity < UNLIMITED {
        return;
    }
    let deployed: f64 = scenario
        .timeline
        .iter()
        .map(|happening| match happening.what {
            What::Deploy { value_factor, .. } => value_factor.max(1.0),
            _ => 1.0,
        })
        .product();
    let items = sim.keys.iter().map(|key| {
        let bytes = f64::from(key.value_bytes) * deployed + ITEM_OVERHEAD;
        f64::from(key.keys) * bytes
    });
    let item = items.fold(0.0, f64::max);
    let stands_for = sim.keys.iter().map(|key| key.keys).max().unwrap_or(1);
    for (number, keys) in sim.keys.shards().iter().enumerate() {
        let empty = super::node::store(&sim.plan, &sim.topology, number, keys.simulated, sim.plan.node());
        let intervals = sim.recorder.intervals().iter();
        let loads = intervals.filter_map(|interval| interval.shards.get(number));
        let (used, resident) = loads
            .map(|load| (load.used.0, load.keys))
            .max()
            .unwrap_or_default();
        let more = if scenario.cluster.engine.is_memcached() {
            SLAB_CLASSES * PAGE
        } else {
            2.0 * item + TABLES * (resident + u64::from(stands_for)) as f64
        };
        let most = empty.maxmemory().max(empty.used()).0 as f64 + more;
        broken.at_most(&format!("shard {number}: memory"), used as f64, most);
    }
}

fn seeds() -> Range<u64> {
    let Ok(text) = std::env::var("CACHEPLAN_LAWS") else {
        return 0..SCENARIOS;
    };
    let number = |text: &str| text.parse().unwrap();
    match text.split_once("..") {
        Some((from, to)) => number(from)..number(to),
        None => 0..number(&text),
    }
}

#[test]
fn laws_hold_in_random_scenarios_with_random_faults() {
    let seeds = seeds();
    let (mut failures, mut at_rest) = (Vec::new(), 0);
    let count = seeds.end - seeds.start;
    for seed in seeds {
        let scenario = scenario(seed);
        let run = std::panic::catch_unwind(|| broken(seed, &scenario));
        let (laws, quiet) = run.unwrap_or_else(|_| (vec!["panicked".into()], false));
        at_rest += u64::from(quiet);
        if !laws.is_empty() {
            failures.push(format!("seed {seed}: {}", laws.join("; ")));
        }
    }
    println!("{count} scenarios, {at_rest} of them at rest in the end");
    assert!(
        failures.is_empty(),
        "{} of {count} scenarios broke a law:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert!(count < 50 || at_rest * 10 > count, "{at_rest} runs came to rest");
}

#[test]
fn users_who_are_answered_ask_again() {
    // The refresh behind a stale answer fails again and again, and nobody waits for it.
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(20),
            warm_up_s: Seconds(0),
            warm_start: true,
            ..RunSettings::default()
        },
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys: 5,
                writes: Share(0.0),
                ttl: Ttl::Fixed {
                    seconds: Seconds(1),
                    jitter: Share(0.0),
                },
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.client.guard = Guard::StaleWhileRevalidate { grace_s: Seconds(60) };
    scenario.client.users = Some(Users {
        count: 10,
        think_ms: 100,
    });
    scenario.database.retries = 3;
    scenario.timeline.push(Happening {
        at_s: Seconds(0),
        duration_s: Seconds(0),
        what: What::DatabaseDown,
    });
    let sim = run(&scenario, || 1_000);
    for interval in sim.recorder.intervals() {
        let reads = sum(&interval.tallies).reads;
        assert!((50.0..150.0).contains(&reads), "{reads} reads in a second");
    }
}

#[test]
fn who_has_waited_for_a_lock_long_enough_asks_the_database() {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(30),
            warm_up_s: Seconds(0),
            ..RunSettings::default()
        },
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys: 1,
                rate: Rate::Constant {
                    per_s: PerSecond(100.0),
                },
                writes: Share(0.0),
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.client.guard = Guard::Lock { poll_ms: 100 };
    // Whoever has the lock holds it for longer than the run.
    scenario.database.latency_us = 60_000_000;
    scenario.database.service = ServiceTime::Fixed;
    let tally = sum(run(&scenario, || 1_000).recorder.totals());
    let (reads, gave_up) = (tally.reads, tally.queries - 1.0);
    assert_eq!((tally.misses(), tally.waited), (reads, reads - 1.0));
    // Those of the first 25 s have lost patience in the end.
    assert!((gave_up - 2_500.0).abs() < 200.0, "{gave_up} of {reads}");
    // Each asks for the lock once and looks 50 times, who comes in the last 5 s half as often.
    let looks = tally.extra_commands / reads;
    assert!((looks - (1.0 + 50.0 * 5.5 / 6.0)).abs() < 1.0, "{looks}");
}

/// Nothing but happenings, on one shard with so many replicas.
fn faults(replicas: u32, what: &[(u64, u64, What)]) -> Sim {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(100),
            warm_up_s: Seconds(0),
            ..RunSettings::default()
        },
        timeline: what
            .iter()
            .map(|(at, duration, what)| Happening {
                at_s: Seconds(*at),
                duration_s: Seconds(*duration),
                what: what.clone(),
            })
            .collect(),
        ..Scenario::default()
    };
    scenario.cluster.shards = 1;
    scenario.cluster.replicas = replicas;
    run(&scenario, || 100_000)
}

#[test]
fn a_flush_does_not_bring_a_dead_node_back() {
    let failure = What::NodeFailure { shard: 0 };
    let sim = faults(0, &[(10, 0, failure), (20, 0, What::Flush { shard: None })]);
    assert!(sim.shards[0].dead);
    assert!(sim.recorder.intervals()[50].tallies[0].unreachable > 0.0);
}

#[test]
fn a_failure_of_a_node_that_is_dead_already_takes_none_and_brings_none_back() {
    let failure = || What::NodeFailure { shard: 0 };
    let sim = faults(1, &[(10, 60, failure()), (11, 5, failure()), (12, 5, failure())]);
    // The replica took over, and the first node follows it.
    assert_eq!((sim.shards[0].dead, sim.shards[0].replicas), (false, 1));
}

#[test]
fn a_shard_that_gave_its_slots_away_runs_in_cluster_mode_still() {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(100),
            warm_up_s: Seconds(0),
            ..RunSettings::default()
        },
        timeline: vec![Happening {
            at_s: Seconds(1),
            duration_s: Seconds(0),
            what: What::Reshard { shards: 2 },
        }],
        ..Scenario::default()
    };
    scenario.cluster.shards = 3;
    let sim = run(&scenario, || 100_000);
    assert_eq!(sim.topology.slots_owned(2), 0);
    let empty = |shard| super::node::store(&sim.plan, &sim.topology, shard, 0, sim.plan.node()).used();
    assert_eq!(empty(2), empty(0));
}
