//! Sampled runs against full ones, ten varied scenarios of 2 million keys.
//!
//! `cargo bench -p cacheplan-engine --bench sampling` prints a table, which takes minutes, and fails where hit ratios differ
//! by more than half a point or than the error that the sampled run states, or other figures by more than 5 %.
//! `simulation.rs` tests smaller ones.

#![allow(clippy::unwrap_used)]

use cacheplan_engine::report::{Report, Summary};
use cacheplan_engine::scenario::parameters::redis::MaxmemoryPolicy;
use cacheplan_engine::scenario::{
    Engine, Guard, KeyClass, Near, Popularity, Rate, Reads, Scenario, Ttl, ValueSize, Workload, Writes,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};
use std::time::Instant;

/// Points by which hit ratios may differ.
const POINTS: f64 = 0.005;

/// Part by which load, evictions and the 99th percentile may differ.
const PART: f64 = 0.05;

/// 2 million keys asked 20,000 times a second for 1,000 s, of which one request in twenty is simulated.
fn base() -> Scenario {
    let mut scenario = Scenario {
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys: 2_000_000,
                popularity: Popularity::Zipf { exponent: 0.9 },
                value_size: ValueSize::Fixed { bytes: Bytes(500) },
                rate: Rate::Constant {
                    per_s: PerSecond(20_000.0),
                },
                writes: Share(0.0),
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.run.duration_s = Seconds(1_000);
    scenario.run.warm_up_s = Seconds(300);
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(128));
    scenario.database.capacity_per_s = PerSecond(20_000.0);
    scenario
}

fn class(scenario: &mut Scenario) -> &mut KeyClass {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => &mut classes[0],
        Workload::Trace(_) => unreachable!(),
    }
}

fn ttl(seconds: u64) -> Ttl {
    Ttl::Fixed {
        seconds: Seconds(seconds),
        jitter: Share(0.1),
    }
}

fn scenarios() -> Vec<(&'static str, Scenario)> {
    let mut all = Vec::new();
    let mut add = |name, change: fn(&mut Scenario)| {
        let mut scenario = base();
        change(&mut scenario);
        all.push((name, scenario));
    };
    add("exact LRU", |scenario| scenario.cluster.policy = "lru".into());
    add("allkeys-lru, warm start", |scenario| {
        scenario.run.warm_start = true;
    });
    add("allkeys-lfu, Zipf 1.1", |scenario| {
        scenario.cluster.redis.maxmemory_policy = MaxmemoryPolicy::AllkeysLfu;
        class(scenario).popularity = Popularity::Zipf { exponent: 1.1 };
    });
    add("TTL 120 s, ample memory", |scenario| {
        class(scenario).ttl = ttl(120);
        scenario.cluster.maxmemory_bytes = Some(Bytes::gib(4));
    });
    add("TTL 60 s", |scenario| {
        class(scenario).ttl = ttl(60);
    });
    add("lognormal sizes, 20 % writes, invalidation", |scenario| {
        class(scenario).writes = Share(0.2);
        class(scenario).value_size = ValueSize::Lognormal {
            median_bytes: Bytes(300),
            sigma: 1.0,
        };
        scenario.client.writes = Writes::Invalidate;
    });
    add("Memcached", |scenario| {
        scenario.cluster.engine = Engine::Memcached16;
        scenario.cluster.replicas = 0;
    });
    add("near caches and coalescing", |scenario| {
        scenario.client.near = Some(Near::default());
        scenario.client.guard = Guard::Coalesce;
    });
    add("refresh-ahead, TTL 60 s, ample memory", |scenario| {
        class(scenario).ttl = ttl(60);
        scenario.client.reads = Reads::RefreshAhead { after: Share(0.8) };
        scenario.cluster.maxmemory_bytes = Some(Bytes::gib(4));
    });
    add("hot set", |scenario| {
        class(scenario).popularity = Popularity::HotSet {
            keys: Share(0.1),
            traffic: Share(0.8),
        };
    });
    all
}

fn run(scenario: &Scenario, budget: u64) -> (Report, f64) {
    let mut scenario = scenario.clone();
    scenario.run.request_budget = budget;
    let start = Instant::now();
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(1_000_000).complete {}
    (Report::of(&sim), start.elapsed().as_secs_f64())
}

fn main() {
    println!(
        "scenario | one in | times as fast | hit ratio | stated error | database/s | evictions/s | p99 ms"
    );
    let mut off = Vec::new();
    for (name, scenario) in scenarios() {
        let (full, full_s) = run(&scenario, 100_000_000);
        let (sampled, sampled_s) = run(&scenario, 1_000_000);
        assert_eq!(full.sampling.one_in, 1);
        let pair = |figure: fn(&Summary) -> f64| (figure(&full.summary), figure(&sampled.summary));
        let hits = pair(Summary::hit_ratio);
        let load = pair(|summary| summary.database.mean_per_s.0);
        let evicted = pair(|summary| summary.counts.evictions as f64 / summary.seconds);
        let p99 = pair(|summary| summary.latency.p99.0 as f64 / 1e3);
        let error = sampled.sampling.hit_ratio_error.0;
        println!(
            "{name} | {} | {:.0} | {:.4} {:.4} | {:.4} | {:.0} {:.0} | {:.0} {:.0} | {:.2} {:.2}",
            full.sampling.requests / sampled.sampling.requests,
            full_s / sampled_s,
            hits.0,
            hits.1,
            error,
            load.0,
            load.1,
            evicted.0,
            evicted.1,
            p99.0,
            p99.1,
        );
        let differs = |(full, sampled): (f64, f64)| (full - sampled).abs() > PART * full;
        if (hits.0 - hits.1).abs() > POINTS.min(error) || [load, evicted, p99].into_iter().any(differs) {
            off.push(name);
        }
    }
    assert!(off.is_empty(), "off by more than they may be: {off:?}");
}
