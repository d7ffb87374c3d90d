//! The whole simulation where theory has an exact answer: queues, and caches under independent requests.

#![allow(clippy::unwrap_used)]

use cacheplan_engine::report::{Latencies, Report};
use cacheplan_engine::scenario::{
    Happening, KeyClass, Popularity, Rate, RunSettings, Scenario, ServiceTime, Ttl, ValueSize, What, Workload,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};

fn run(scenario: &Scenario) -> Report {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(1_000_000).complete {}
    let report = Report::of(&sim);
    assert_eq!(report.sampling.one_in, 1, "every request is simulated");
    report
}

/// One class that only reads, on one shard, for so many seconds after the warm-up.
fn scenario(keys: u64, popularity: Popularity, per_s: f64, seconds: u64, warm_up: u64) -> Scenario {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(warm_up + seconds),
            warm_up_s: Seconds(warm_up),
            request_budget: 100_000_000,
            warm_start: false,
        },
        workload: Workload::Synthetic {
            classes: vec![KeyClass {
                keys,
                popularity,
                value_size: ValueSize::Fixed { bytes: Bytes(1_000) },
                rate: Rate::Constant {
                    per_s: PerSecond(per_s),
                },
                writes: Share(0.0),
                ..KeyClass::default()
            }],
        },
        ..Scenario::default()
    };
    scenario.cluster.shards = 1;
    scenario.cluster.replicas = 0;
    scenario.client.connections = 0;
    scenario.database.service = ServiceTime::Exponential;
    scenario
}

/// Chance to wait in an M/M/c queue: Erlang's C formula.
fn erlang_c(servers: u32, offered: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..servers {
        term *= offered / f64::from(n);
        sum += term;
    }
    let last = term * offered / f64::from(servers) / (1.0 - offered / f64::from(servers));
    last / (sum + last)
}

/// Mean and 99th percentile of the sojourn in an M/M/c queue, in mean service times.
fn sojourn(servers: u32, utilisation: f64) -> (f64, f64) {
    let c = f64::from(servers);
    let wait = erlang_c(servers, utilisation * c);
    let drain = c * (1.0 - utilisation);
    // Wait and service are independent; the chance that they exceed t together.
    let tail = |t: f64| {
        if (drain - 1.0).abs() < 1e-9 {
            (1.0 + wait * t) * (-t).exp()
        } else {
            (1.0 - wait) * (-t).exp() + wait * (drain * (-t).exp() - (-drain * t).exp()) / (drain - 1.0)
        }
    };
    let (mut low, mut high) = (0.0, 1e4);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        if tail(middle) > 0.01 {
            low = middle;
        } else {
            high = middle;
        }
    }
    (1.0 + wait / drain, low)
}

/// Compares latencies less what does not queue, both in microseconds, with theory.
fn agree(label: &str, found: Latencies, fixed: f64, service: f64, servers: u32, utilisation: f64) {
    let (mean, p99) = sojourn(servers, utilisation);
    let found = (
        (found.mean.0 as f64 - fixed) / service,
        (found.p99.0 as f64 - fixed) / service,
    );
    println!(
        "{label} at {utilisation}: mean {:.3} against {mean:.3}, p99 {:.3} against {p99:.3}",
        found.0, found.1
    );
    assert!(
        (found.0 / mean - 1.0).abs() < 0.03,
        "{label} at {utilisation}: mean"
    );
    assert!(
        (found.1 / p99 - 1.0).abs() < 0.03,
        "{label} at {utilisation}: p99"
    );
}

#[test]
fn the_sojourn_of_one_server_is_exponential() {
    let (mean, p99) = sojourn(1, 0.8);
    assert!((mean - 5.0).abs() < 1e-9 && (p99 - 5.0 * 100_f64.ln()).abs() < 1e-6);
    assert!((erlang_c(2, 1.5) - 9.0 / 14.0).abs() < 1e-12);
}

#[test]
fn a_database_behind_a_cache_that_always_misses_is_an_mmc_queue() {
    // A scan of so many keys that none is asked for twice.
    const SERVERS: u32 = 20;
    const LATENCY_US: u32 = 50_000;
    let capacity = f64::from(SERVERS) * 1e6 / f64::from(LATENCY_US);
    for (utilisation, seconds) in [(0.5, 2_000), (0.8, 3_000), (0.95, 10_000)] {
        let per_s = capacity * utilisation;
        let mut scenario = scenario(6_000_000, Popularity::Scan, per_s, seconds, 100);
        scenario.cluster.policy = "lru".into();
        scenario.cluster.maxmemory_bytes = Some(Bytes::mib(4));
        scenario.client.round_trip_us = 1;
        scenario.database.latency_us = LATENCY_US;
        scenario.database.capacity_per_s = PerSecond(capacity);
        let summary = run(&scenario).summary;
        assert_eq!(summary.counts.hits, 0);
        // The look-up and the store: two commands of some microseconds each.
        let hit = 20.0;
        agree(
            "database",
            summary.miss_latency,
            hit,
            f64::from(LATENCY_US),
            SERVERS,
            utilisation,
        );
    }
}

#[test]
fn a_node_whose_reads_all_hit_is_an_mm1_queue() {
    // Commands so slow that whole microseconds tell them apart.
    const SLOWER: f64 = 1_000.0;
    // A queue that is nearly full forgets slowly: its 99th percentile takes this long to settle within 2 %.
    for (utilisation, seconds) in [(0.5, 2_000), (0.8, 5_000), (0.95, 160_000)] {
        let mut scenario = scenario(100, Popularity::Uniform, 1.0, seconds, 100);
        scenario.run.warm_start = true;
        scenario.timeline = vec![Happening {
            at_s: Seconds(0),
            duration_s: Seconds(0),
            what: What::SlowNode {
                shard: None,
                factor: SLOWER,
            },
        }];
        let capacity = scenario.plan().unwrap().peak_ops().0 / SLOWER;
        let class = class(&mut scenario);
        class.value_size = ValueSize::Fixed { bytes: Bytes(1) };
        class.rate = Rate::Constant {
            per_s: PerSecond(capacity * utilisation),
        };
        let round_trip = f64::from(scenario.client.round_trip_us);
        let summary = run(&scenario).summary;
        assert_eq!(summary.counts.misses(), 0);
        agree(
            "node",
            summary.hit_latency,
            round_trip,
            1e6 / capacity,
            1,
            utilisation,
        );
    }
}

fn class(scenario: &mut Scenario) -> &mut KeyClass {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => &mut classes[0],
        Workload::Trace(_) => unreachable!(),
    }
}

const KEYS: u32 = 20_000;
const PER_S: f64 = 1_000.0;

/// A class of Zipf's law in front of a database that is never in the way, and the rate of each of its keys.
fn zipf(exponent: f64) -> (Scenario, Vec<f64>) {
    let mut scenario = scenario(u64::from(KEYS), Popularity::Zipf { exponent }, PER_S, 1_800, 600);
    scenario.client.round_trip_us = 10;
    scenario.database.latency_us = 100;
    scenario.database.capacity_per_s = PerSecond(1e6);
    let weights: Vec<f64> = (1..=KEYS).map(|rank| f64::from(rank).powf(-exponent)).collect();
    let all: f64 = weights.iter().sum();
    let rates = weights.iter().map(|weight| weight / all * PER_S).collect();
    (scenario, rates)
}

/// Hit ratio of a cache that keeps a key for so long, by the chance that a request of a key of this rate hits.
fn hit_ratio(rates: &[f64], hits: impl Fn(f64) -> f64) -> f64 {
    rates.iter().map(|rate| rate * hits(*rate)).sum::<f64>() / PER_S
}

#[test]
fn lru_is_ches_approximation() {
    for exponent in [0.6, 0.8, 1.0] {
        for mebibytes in [4, 8, 16] {
            let (mut scenario, rates) = zipf(exponent);
            scenario.cluster.policy = "lru".into();
            scenario.cluster.maxmemory_bytes = Some(Bytes::mib(mebibytes));
            let summary = run(&scenario).summary;
            // The time after which a key that is not asked for leaves, by the number of keys that fit.
            let (mut low, mut high) = (0.0, 1e9);
            for _ in 0..100 {
                let middle = (low + high) / 2.0;
                let resident: f64 = rates.iter().map(|rate| 1.0 - (-rate * middle).exp()).sum();
                if resident < summary.memory.keys as f64 {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            let expected = hit_ratio(&rates, |rate| 1.0 - (-rate * low).exp());
            let found = summary.hit_ratio();
            println!("LRU, Zipf {exponent}, {mebibytes} MiB: {found:.4} against {expected:.4}");
            assert!(summary.counts.evictions > 0);
            assert!(
                (found - expected).abs() < 0.005,
                "Zipf {exponent}, {mebibytes} MiB"
            );
        }
    }
}

#[test]
fn a_cache_of_ttls_is_a_renewal_process() {
    for exponent in [0.6, 0.8, 1.0] {
        for seconds in [5, 60, 300] {
            let (mut scenario, rates) = zipf(exponent);
            class(&mut scenario).ttl = Ttl::Fixed {
                seconds: Seconds(seconds),
                jitter: Share(0.0),
            };
            let summary = run(&scenario).summary;
            // After the miss that stores it, a value is hit until its TTL ends.
            let ttl = seconds as f64;
            let expected = hit_ratio(&rates, |rate| rate * ttl / (1.0 + rate * ttl));
            let found = summary.hit_ratio();
            println!("TTL {seconds} s, Zipf {exponent}: {found:.4} against {expected:.4}");
            assert_eq!(summary.counts.evictions, 0);
            assert!(
                (found - expected).abs() < 0.005,
                "TTL {seconds} s, Zipf {exponent}"
            );
        }
    }
}
