//! The simulation against theory, against itself, and against laws that always hold.

#![allow(clippy::unwrap_used, clippy::panic)]

use cacheplan_engine::report::{Metric, Report, Tone};
use cacheplan_engine::scenario::{KeyClass, Popularity, Rate, Scenario, Ttl, ValueSize, Workload, presets};
use cacheplan_engine::sim::{Sim, SimError};
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};
use cacheplan_engine::workload::trace::{Options, Reader, Trace};
use std::sync::Arc;

fn run(scenario: &Scenario) -> Report {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(100_000).complete {}
    Report::of(&sim)
}

/// One class on one node: 20,000 keys of 1,000 bytes, 500 requests/s for an hour.
fn small() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.run.duration_s = Seconds(3_600);
    scenario.run.warm_up_s = Seconds(900);
    scenario.run.request_budget = 10_000_000;
    scenario.cluster.shards = 1;
    scenario.workload = Workload::Synthetic {
        classes: vec![KeyClass {
            keys: 20_000,
            popularity: Popularity::Zipf { exponent: 0.8 },
            value_size: ValueSize::Fixed { bytes: Bytes(1_000) },
            rate: Rate::Constant {
                per_s: PerSecond(500.0),
            },
            writes: Share(0.0),
            ..KeyClass::default()
        }],
    };
    scenario
}

fn class(scenario: &mut Scenario) -> &mut KeyClass {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => &mut classes[0],
        Workload::Trace(_) => panic!("synthetic"),
    }
}

fn rates(scenario: &Scenario) -> Vec<f64> {
    let weights: Vec<f64> = (1..=20_000).map(|rank| f64::from(rank).powf(-0.8)).collect();
    let total: f64 = weights.iter().sum();
    let Workload::Synthetic { classes } = &scenario.workload else {
        panic!("synthetic")
    };
    weights
        .iter()
        .map(|w| w / total * classes[0].rate.peak())
        .collect()
}

/// Hit ratio of an LRU cache of `keys` keys: Che, Tung and Wang 2002.
fn che(rates: &[f64], keys: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e9);
    for _ in 0..100 {
        let middle = (low + high) / 2.0;
        let resident: f64 = rates.iter().map(|rate| 1.0 - (-rate * middle).exp()).sum();
        if resident < keys {
            low = middle;
        } else {
            high = middle;
        }
    }
    let hits: f64 = rates.iter().map(|rate| rate * (1.0 - (-rate * low).exp())).sum();
    hits / rates.iter().sum::<f64>()
}

#[test]
fn lru_agrees_with_che() {
    for mebibytes in [4, 8, 16] {
        let mut scenario = small();
        scenario.cluster.policy = "lru".into();
        scenario.cluster.maxmemory_bytes = Some(Bytes::mib(mebibytes));
        let report = run(&scenario);
        let expected = che(&rates(&scenario), report.summary.memory.keys as f64);
        let found = report.summary.hit_ratio();
        assert!(
            (found - expected).abs() < 0.005,
            "{mebibytes} MiB: {found} against {expected}"
        );
    }
}

#[test]
fn ttl_alone_agrees_with_renewal_theory() {
    // A key asked at rate r whose value lives T after it was stored hits r T times per miss.
    let mut scenario = small();
    class(&mut scenario).ttl = Ttl::Fixed {
        seconds: Seconds(120),
        jitter: Share(0.0),
    };
    let report = run(&scenario);
    let rates = rates(&scenario);
    let hits: f64 = rates
        .iter()
        .map(|rate| rate * (rate * 120.0) / (1.0 + rate * 120.0))
        .sum();
    let expected = hits / rates.iter().sum::<f64>();
    let found = report.summary.hit_ratio();
    assert!((found - expected).abs() < 0.005, "{found} against {expected}");
    assert_eq!(report.summary.counts.evictions, 0);
}

#[test]
fn a_sampled_run_agrees_with_the_full_one() {
    let mut full = Scenario::default();
    full.run.duration_s = Seconds(1_800);
    full.run.warm_up_s = Seconds(600);
    full.run.request_budget = 100_000_000;
    class(&mut full).keys = 200_000;
    class(&mut full).rate = Rate::Constant {
        per_s: PerSecond(1_000.0),
    };
    for (ttl, mebibytes) in [
        (Ttl::None, 24),
        (
            Ttl::Fixed {
                seconds: Seconds(300),
                jitter: Share(0.1),
            },
            512,
        ),
        (
            Ttl::Fixed {
                seconds: Seconds(120),
                jitter: Share(0.0),
            },
            24,
        ),
    ] {
        class(&mut full).ttl = ttl;
        full.cluster.maxmemory_bytes = Some(Bytes::mib(mebibytes));
        let mut sampled = full.clone();
        sampled.run.request_budget = 150_000;
        let (full, sampled) = (run(&full), run(&sampled));
        assert_eq!(full.sampling.one_in, 1);
        assert!(
            sampled.sampling.requests * 8 < full.sampling.requests,
            "{:?}",
            sampled.sampling
        );
        let (a, b) = (full.summary.hit_ratio(), sampled.summary.hit_ratio());
        assert!((a - b).abs() < 0.01, "{ttl:?}: full {a}, sampled {b}");
        let used = |r: &Report| r.summary.memory.peak_used.0 as f64;
        assert!((used(&full) / used(&sampled) - 1.0).abs() < 0.03, "{ttl:?}");
        let load = |r: &Report| r.summary.database.mean_per_s.0;
        assert!((load(&full) / load(&sampled) - 1.0).abs() < 0.05, "{ttl:?}");
        let keys = |r: &Report| r.sampling.keys_represented;
        assert_eq!(keys(&full), keys(&sampled));
    }
}

#[test]
fn a_sampled_run_of_keys_in_motion_agrees_with_the_full_one() {
    let mut full = Scenario::default();
    full.run.duration_s = Seconds(3_600);
    full.run.warm_up_s = Seconds(1_200);
    full.run.request_budget = 100_000_000;
    full.cluster.maxmemory_bytes = Some(Bytes::mib(32));
    // A day's turnover of 6 is a quarter of the keys in the hour.
    for (popularity, churn_per_day, drift_per_day) in [
        (Popularity::Zipf { exponent: 0.9 }, 6.0, 0.0),
        (Popularity::Zipf { exponent: 0.9 }, 0.0, 6.0),
        (Popularity::Latest { exponent: 0.9 }, 6.0, 0.0),
        (
            Popularity::HotSet {
                keys: Share(0.05),
                traffic: Share(0.6),
            },
            6.0,
            6.0,
        ),
        (Popularity::Scan, 6.0, 0.0),
    ] {
        let class = class(&mut full);
        class.keys = 100_000;
        class.rate = Rate::Constant {
            per_s: PerSecond(500.0),
        };
        (class.popularity, class.churn_per_day, class.drift_per_day) =
            (popularity.clone(), churn_per_day, drift_per_day);
        let mut sampled = full.clone();
        sampled.run.request_budget = 200_000;
        let (full, sampled) = (run(&full), run(&sampled));
        assert_eq!(full.sampling.one_in, 1);
        assert!(sampled.sampling.requests * 6 < full.sampling.requests);
        let (a, b) = (full.summary.hit_ratio(), sampled.summary.hit_ratio());
        println!("{popularity:?}: full {a:.4}, sampled {b:.4}");
        assert!((a - b).abs() < 0.015, "{popularity:?}: full {a}, sampled {b}");
        let used = |r: &Report| r.summary.memory.peak_used.0 as f64;
        assert!(
            (used(&full) / used(&sampled) - 1.0).abs() < 0.03,
            "{popularity:?}"
        );
    }
}

#[test]
fn requests_for_few_keys_by_age_are_thinned_out() {
    let mut full = Scenario::default();
    full.run.duration_s = Seconds(1_800);
    full.run.warm_up_s = Seconds(600);
    full.run.request_budget = 100_000_000;
    // Nobody asks while a value is rebuilt: a herd would be another matter.
    (full.database.latency_us, full.client.round_trip_us) = (10, 1);
    // All keys are replaced twice.
    for keys in [1, 50, 300] {
        let class = class(&mut full);
        class.keys = keys;
        class.popularity = Popularity::Latest { exponent: 0.9 };
        class.churn_per_day = 96.0;
        class.writes = Share(0.0);
        class.rate = Rate::Constant {
            per_s: PerSecond(1_000.0),
        };
        class.ttl = Ttl::Fixed {
            seconds: Seconds(20),
            jitter: Share(0.0),
        };
        let mut sampled = full.clone();
        sampled.run.request_budget = 300_000;
        let (full, sampled) = (run(&full), run(&sampled));
        assert!(sampled.sampling.requests < 400_000, "{:?}", sampled.sampling);
        let misses = |report: &Report| report.summary.counts.misses() as f64;
        let (a, b) = (misses(&full), misses(&sampled));
        println!("{keys} keys: full {a}, sampled {b} misses");
        assert!(
            (b / a - 1.0).abs() < 0.1,
            "{keys} keys: full {a}, sampled {b} misses"
        );
    }
}

#[test]
fn new_keys_are_cold_and_cost_their_share_of_hits() {
    // All keys fit; every key is asked for often: a key misses once, when it is new.
    let mut scenario = small();
    let of_class = class(&mut scenario);
    of_class.keys = 1_000;
    of_class.popularity = Popularity::Uniform;
    of_class.churn_per_day = 24.0;
    let report = run(&scenario);
    // After the warm-up, of 500 requests/s the 1,000 keys an hour.
    let expected = 1.0 - 1_000.0 / 3_600.0 / 500.0;
    let found = report.summary.hit_ratio();
    assert!((found - expected).abs() < 5e-5, "{found} against {expected}");
}

#[test]
fn a_scan_of_more_keys_than_fit_never_hits() {
    let mut scenario = small();
    scenario.cluster.policy = "lru".into();
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(8));
    class(&mut scenario).popularity = Popularity::Scan;
    assert!(run(&scenario).summary.hit_ratio() < 1e-9);
    // With room for all each key misses once, here before the warm-up ends.
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(64));
    assert!(run(&scenario).summary.hit_ratio() > 1.0 - 1e-9);
}

#[test]
fn the_books_balance_in_every_report() {
    for (seed, policy) in [(1, "lru"), (2, "random"), (3, "lru")] {
        let mut scenario = Scenario {
            seed,
            ..Scenario::default()
        };
        scenario.run.duration_s = Seconds(1_000);
        scenario.run.warm_up_s = Seconds(0);
        scenario.run.request_budget = 40_000 * seed;
        scenario.cluster.policy = policy.into();
        scenario.cluster.maxmemory_bytes = Some(Bytes::mib(8));
        class(&mut scenario).keys = 50_000;
        class(&mut scenario).rate = Rate::Constant {
            per_s: PerSecond(100.0),
        };
        class(&mut scenario).writes = Share(0.1);
        class(&mut scenario).ttl = Ttl::Fixed {
            seconds: Seconds(300),
            jitter: Share(0.5),
        };
        let report = run(&scenario);
        let counts = report.summary.counts;
        assert_eq!(counts.hits + counts.misses(), counts.reads);
        let of_shards: u64 = report.shards.iter().map(|shard| shard.counts.requests()).sum();
        assert!(of_shards.abs_diff(counts.requests()) <= report.shards.len() as u64);
        assert!(report.summary.memory.peak_used <= report.summary.memory.maxmemory);
        let represented = report.sampling.requests_represented as f64;
        assert!((represented / 100_000.0 - 1.0).abs() < 0.05, "{represented}");
        // What the series says adds up to what the headline says.
        let seconds = report.series.interval.as_secs();
        let requests = report.series.cluster(Metric::RequestsPerS).unwrap();
        let sum: f64 = requests.iter().map(|rate| rate * seconds).sum();
        assert!((sum / counts.requests() as f64 - 1.0).abs() < 1e-5);
        let columns = &report.series.columns;
        assert!(columns.iter().all(|column| column.len() == requests.len()));
    }
}

#[test]
fn the_seed_decides_the_run_and_nothing_else_does() {
    let mut scenario = small();
    scenario.run.duration_s = Seconds(300);
    scenario.run.warm_up_s = Seconds(0);
    let first = run(&scenario);
    assert_eq!(
        serde_json::to_string(&first).unwrap(),
        serde_json::to_string(&run(&scenario)).unwrap()
    );
    scenario.seed = 2;
    assert_ne!(first.summary, run(&scenario).summary);
}

fn trace(csv: &str) -> Arc<Trace> {
    let mut reader = Reader::new(csv.as_bytes(), &Options::default()).unwrap();
    while reader.read_some(1_000).unwrap().more() {}
    Arc::new(reader.finish().unwrap())
}

#[test]
fn a_trace_is_replayed_request_by_request() {
    let trace = trace(
        "time,key,size,op,ttl\n0,a,100,get,\n1,a,100,get,\n2,b,50,set,3\n4,b,50,get,\n9,b,50,get,\n9,a,0,delete,\n9,a,100,get,\n",
    );
    let mut scenario = Scenario::default();
    scenario.run.duration_s = Seconds(86_400);
    scenario.run.warm_up_s = Seconds(0);
    scenario.workload = Workload::Trace(Default::default());
    let mut sim = Sim::new(scenario.plan().unwrap(), Some(trace)).unwrap();
    while !sim.advance(2).complete {}
    let counts = Report::of(&sim).summary.counts;
    // a: cold, hit, deleted, missed again. b: written for 3 s, hit after 2, expired after 7.
    assert_eq!((counts.reads, counts.writes, counts.hits), (5, 2, 2));
    assert_eq!(
        (
            counts.misses_cold,
            counts.misses_invalidated,
            counts.misses_expired
        ),
        (1, 1, 1)
    );
}

#[test]
fn the_trace_must_be_the_scenarios() {
    let trace = trace("time,key,size\n0,a,100\n");
    let mut scenario = Scenario::default();
    let wanted = cacheplan_engine::scenario::TraceWorkload {
        name: "mine.csv".into(),
        fingerprint: trace.fingerprint() ^ 1,
        ..Default::default()
    };
    scenario.workload = Workload::Trace(wanted);
    let missing = Sim::new(scenario.plan().unwrap(), None).err();
    assert_eq!(
        missing,
        Some(SimError::TraceMissing {
            name: "mine.csv".into()
        })
    );
    let other = Sim::new(scenario.plan().unwrap(), Some(trace)).err();
    assert!(matches!(other, Some(SimError::TraceMismatch { .. })), "{other:?}");
}

/// Who starts from a preset looks at what it shows: nothing that fails, and nothing that hangs on chance.
#[test]
fn presets_are_of_clusters_that_hold() {
    for preset in presets() {
        let mut scenario = preset.scenario;
        scenario.run.request_budget = 200_000;
        let report = run(&scenario);
        let bad = report.findings.iter().find(|finding| finding.tone == Tone::Bad);
        assert_eq!(bad, None, "{}", preset.id);
    }
}
