//! Checks a scenario: every problem with the field's path, the value and the bounds.

use super::limits::{self, Limit};
use super::parameters::memcached::Automove;
use super::{
    Cluster, FORMAT_VERSION, KeyClass, Memcached, Popularity, Rate, Redis, SERVER_POLICY, Scenario,
    TraceWorkload, Ttl, ValueSize, Workload,
};
use crate::catalog::{NodeType, node_price, node_type, node_types, regions};
use crate::policy;
use crate::units::{Bytes, decimals};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a field accepts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Bounds {
    /// A number between two others, both included, with its unit (empty for a pure number).
    Range {
        /// Smallest accepted value.
        min: f64,
        /// Largest accepted value.
        max: f64,
        /// Unit of both.
        unit: String,
    },
    /// One of these.
    OneOf(Vec<String>),
    /// Something else, in words that go after "it must be".
    Rule(String),
}

/// One thing that is wrong with a scenario. Displays as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    /// Path of the field, such as `workload.classes[0].keys`.
    pub path: String,
    /// The value found, as text.
    pub value: String,
    /// What would be accepted.
    pub bounds: Bounds,
}

impl Scenario {
    /// Everything that is wrong with the scenario, in the order of its fields; empty when it can be simulated.
    pub fn issues(&self) -> Vec<Issue> {
        let mut checks = Checks::default();
        checks.scenario(self);
        checks.issues
    }
}

#[derive(Default)]
struct Checks {
    issues: Vec<Issue>,
}

impl Checks {
    fn scenario(&mut self, scenario: &Scenario) {
        if scenario.version != FORMAT_VERSION {
            self.report(
                "version",
                scenario.version,
                Bounds::Rule(FORMAT_VERSION.to_string()),
            );
        }
        self.length("name", &scenario.name, limits::NAME_LENGTH);
        self.run(scenario);
        match &scenario.workload {
            Workload::Synthetic { classes } => self.classes(classes),
            Workload::Trace(trace) => self.trace(trace),
        }
        self.cluster(&scenario.cluster);
        self.integer(
            "client.round_trip_us",
            scenario.client.round_trip_us.into(),
            limits::ROUND_TRIP_US,
        );
        self.integer(
            "client.connections",
            scenario.client.connections.into(),
            limits::CONNECTIONS,
        );
        let database = &scenario.database;
        self.integer(
            "database.latency_us",
            database.latency_us.into(),
            limits::DATABASE_LATENCY_US,
        );
        self.number(
            "database.capacity_per_s",
            database.capacity_per_s.0,
            limits::DATABASE_CAPACITY_PER_S,
        );
        self.number(
            "database.usd_per_million_reads",
            database.usd_per_million_reads.0,
            limits::USD_PER_MILLION_READS,
        );
        self.prices(scenario);
    }

    fn run(&mut self, scenario: &Scenario) {
        let run = &scenario.run;
        self.integer("run.duration_s", run.duration_s.0, limits::DURATION_S);
        if run.warm_up_s >= run.duration_s {
            let bounds = format!("less than run.duration_s, {} s", Integer(run.duration_s.0));
            self.report("run.warm_up_s", Integer(run.warm_up_s.0), Bounds::Rule(bounds));
        }
        let budget = run.request_budget;
        self.integer("run.request_budget", budget, limits::REQUEST_BUDGET);
        let requests = scenario.workload.mean_rate() * run.duration_s.0 as f64;
        if requests > budget as f64 * limits::REQUESTS_PER_SIMULATED {
            let bounds = format!(
                "at least {}, as the workload makes {} requests and one simulated request may stand for {} at most",
                Number(libm::ceil(requests / limits::REQUESTS_PER_SIMULATED)),
                Number(libm::round(requests)),
                Number(limits::REQUESTS_PER_SIMULATED),
            );
            self.report("run.request_budget", Integer(budget), Bounds::Rule(bounds));
        }
    }

    fn classes(&mut self, classes: &[KeyClass]) {
        self.integer("workload.classes", classes.len() as u64, limits::CLASSES);
        for (index, class) in classes.iter().enumerate() {
            let path = |field: &str| format!("workload.classes[{index}].{field}");
            self.length(&path("name"), &class.name, limits::CLASS_NAME_LENGTH);
            let twin = classes.iter().position(|other| other.name == class.name);
            if let Some(twin) = twin.filter(|twin| *twin < index) {
                let bounds = format!("different from workload.classes[{twin}].name");
                self.report(&path("name"), Quoted(&class.name), Bounds::Rule(bounds));
            }
            self.integer(&path("keys"), class.keys, limits::KEYS);
            self.integer(&path("key_bytes"), class.key_bytes.into(), limits::KEY_BYTES);
            if let Popularity::Zipf { exponent } = class.popularity {
                self.number(&path("popularity.exponent"), exponent, limits::ZIPF_EXPONENT);
            }
            match class.value_size {
                ValueSize::Fixed { bytes } => {
                    self.integer(&path("value_size.bytes"), bytes.0, limits::VALUE_BYTES);
                }
                ValueSize::Lognormal { median_bytes, sigma } => {
                    self.integer(
                        &path("value_size.median_bytes"),
                        median_bytes.0,
                        limits::MEDIAN_BYTES,
                    );
                    self.number(&path("value_size.sigma"), sigma, limits::SIGMA);
                }
            }
            match class.rate {
                Rate::Constant { per_s } => self.number(&path("rate.per_s"), per_s.0, limits::RATE_PER_S),
                Rate::Diurnal {
                    mean_per_s,
                    peak_to_mean,
                    peak_hour,
                } => {
                    self.number(&path("rate.mean_per_s"), mean_per_s.0, limits::RATE_PER_S);
                    self.number(&path("rate.peak_to_mean"), peak_to_mean, limits::PEAK_TO_MEAN);
                    self.number(&path("rate.peak_hour"), peak_hour, limits::PEAK_HOUR);
                }
            }
            self.number(&path("writes"), class.writes.0, limits::WRITES);
            self.ttl(&path("ttl"), class.ttl);
        }
    }

    fn trace(&mut self, trace: &TraceWorkload) {
        self.length("workload.name", &trace.name, limits::TRACE_NAME_LENGTH);
        self.integer("workload.key_bytes", trace.key_bytes.into(), limits::KEY_BYTES);
        self.number("workload.speed", trace.speed, limits::TRACE_SPEED);
        self.ttl("workload.ttl", trace.ttl);
    }

    fn ttl(&mut self, path: &str, ttl: Ttl) {
        if let Ttl::Fixed { seconds, jitter } = ttl {
            self.integer(&format!("{path}.seconds"), seconds.0, limits::TTL_S);
            self.number(&format!("{path}.jitter"), jitter.0, limits::TTL_JITTER);
        }
    }

    fn cluster(&mut self, cluster: &Cluster) {
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

    fn prices(&mut self, scenario: &Scenario) {
        let region = &scenario.prices.region;
        if let Some(usd) = scenario.prices.node_usd_per_hour {
            self.length("prices.region", region, limits::REGION_LENGTH);
            self.number("prices.node_usd_per_hour", usd.0, limits::NODE_USD_PER_HOUR);
        } else if !regions().any(|known| known == region) {
            self.one_of("prices.region", region, regions());
        } else if node_type(&scenario.cluster.node_type).is_some_and(|node| unpriced(scenario, node)) {
            let bounds = format!(
                "set, as the catalogue has no price of {} in {region}",
                scenario.cluster.node_type
            );
            self.report("prices.node_usd_per_hour", "empty", Bounds::Rule(bounds));
        }
    }

    fn integer(&mut self, path: &str, value: u64, limit: Limit) {
        if !limit.contains(value as f64) {
            self.report(path, Integer(value), limit.into());
        }
    }

    fn number(&mut self, path: &str, value: f64, limit: Limit) {
        if !limit.contains(value) {
            self.report(path, Number(value), limit.into());
        }
    }

    fn length(&mut self, path: &str, text: &str, limit: Limit) {
        let length = text.chars().count();
        if !limit.contains(length as f64) {
            let bounds = format!(
                "at most {} {} long and not {length}",
                limit.max as u64, limit.unit
            );
            self.report(path, Quoted(text), Bounds::Rule(bounds));
        }
    }

    fn one_of<'a>(&mut self, path: &str, value: &str, accepted: impl Iterator<Item = &'a str>) {
        let accepted = accepted.map(String::from).collect();
        self.report(path, Quoted(value), Bounds::OneOf(accepted));
    }

    fn report(&mut self, path: &str, value: impl fmt::Display, bounds: Bounds) {
        self.issues.push(Issue {
            path: path.into(),
            value: value.to_string(),
            bounds,
        });
    }
}

/// Whether the catalogue lacks a price that it should have: not so where the engine does not run on the type, which is
/// an issue of its own.
fn unpriced(scenario: &Scenario, node: &NodeType) -> bool {
    let engine = scenario.cluster.engine;
    node.supports(engine) && node_price(&scenario.prices.region, node, engine).is_none()
}

impl Workload {
    /// Mean requests per second over the run; 0 for a trace, which is replayed whole.
    fn mean_rate(&self) -> f64 {
        match self {
            Self::Synthetic { classes } => classes.iter().map(|class| class.rate.mean_per_s()).sum(),
            Self::Trace(_) => 0.0,
        }
    }
}

impl Rate {
    fn mean_per_s(self) -> f64 {
        match self {
            Self::Constant { per_s } => per_s.0,
            Self::Diurnal { mean_per_s, .. } => mean_per_s.0,
        }
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, value, bounds } = self;
        write!(f, "{path} is {value}; it must be ")?;
        match bounds {
            Bounds::Range { min, max, unit } => {
                write!(f, "between {} and {}", Number(*min), Number(*max))?;
                if unit.is_empty() {
                    Ok(())
                } else {
                    write!(f, " {unit}")
                }
            }
            Bounds::OneOf(accepted) if accepted.len() <= MOST_LISTED => {
                write!(f, "one of {}", accepted.join(", "))
            }
            Bounds::OneOf(accepted) => {
                let found = value.trim_matches('"');
                let mut left: Vec<&str> = accepted.iter().map(String::as_str).collect();
                let mut nearest = Vec::new();
                while nearest.len() < MOST_LISTED {
                    // From the back, as the last of equals is the greatest: names alike keep their order.
                    let best = left
                        .iter()
                        .enumerate()
                        .rev()
                        .max_by_key(|(_, name)| common_prefix(name, found));
                    let Some((at, _)) = best else { break };
                    nearest.push(left.remove(at));
                }
                write!(
                    f,
                    "one of {} names such as {}",
                    accepted.len(),
                    nearest.join(", ")
                )
            }
            Bounds::Rule(rule) => f.write_str(rule),
        }
    }
}

/// Longer lists of accepted names are told by the names most like the one found.
const MOST_LISTED: usize = 8;

fn common_prefix(a: &str, b: &str) -> usize {
    a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count()
}

/// A whole number with thousands separators.
struct Integer(u64);

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                f.write_str(",")?;
            }
            write!(f, "{digit}")?;
        }
        Ok(())
    }
}

/// A number, whole ones with thousands separators.
struct Number(f64);

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const EXACT: f64 = (1u64 << 53) as f64;
        if (1_000.0..EXACT).contains(&self.0) && libm::trunc(self.0).total_cmp(&self.0).is_eq() {
            Integer(self.0 as u64).fmt(f)
        } else {
            // No bound has more decimals, and nobody reads more.
            let text = decimals(self.0, 9);
            f.write_str(if text.contains('.') {
                text.trim_end_matches('0').trim_end_matches('.')
            } else {
                &text
            })
        }
    }
}

/// A text in quotes, cut where it is too long to be read in a sentence.
struct Quoted<'a>(&'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const MOST: usize = 40;
        let mut rest = self.0.chars();
        let shown: String = rest.by_ref().take(MOST).collect();
        let more = if rest.next().is_some() { "…" } else { "" };
        write!(f, "\"{shown}{more}\"")
    }
}
