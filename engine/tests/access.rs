//! How values get into the cache and out of it: TTLs that reads renew, keys that nobody has, bounded pools, warming,
//! prefetch, and the database's replicas. Expected figures are derived here, not taken from a run.

#![allow(clippy::unwrap_used)]

use cacheplan_engine::report::{Metric, Report, Summary};
use cacheplan_engine::scenario::{
    Engine, Follow, Happening, KeyClass, OnCacheError, Pool, Popularity, Prefetch, Rate, ReadFrom,
    RunSettings, SERVER_POLICY, Scenario, Ttl, ValueSize, Warming, What, Workload, Writes,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};

fn run(scenario: &Scenario) -> Report {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(1_000_000).complete {}
    Report::of(&sim)
}

fn summary(scenario: &Scenario) -> Summary {
    run(scenario).summary
}

fn class(keys: u64, per_s: f64) -> KeyClass {
    KeyClass {
        keys,
        popularity: Popularity::Uniform,
        value_size: ValueSize::Fixed { bytes: Bytes(100) },
        rate: Rate::Constant {
            per_s: PerSecond(per_s),
        },
        writes: Share(0.0),
        ..KeyClass::default()
    }
}

/// These classes on one shard with ample memory and a database that answers in 100 µs, for so many seconds.
fn scenario(classes: Vec<KeyClass>, seconds: u64) -> Scenario {
    let mut scenario = Scenario {
        run: RunSettings {
            duration_s: Seconds(seconds),
            warm_up_s: Seconds(0),
            request_budget: 100_000_000,
            warm_start: false,
        },
        workload: Workload::Synthetic { classes },
        ..Scenario::default()
    };
    scenario.cluster.shards = 1;
    scenario.cluster.replicas = 0;
    scenario.cluster.policy = "lru".into();
    scenario.database.latency_us = 100;
    scenario.database.capacity_per_s = PerSecond(1e6);
    scenario
}

fn near(found: f64, expected: f64, off: f64, what: &str) {
    println!("{what}: {found:.4} against {expected:.4}");
    assert!(
        (found - expected).abs() <= off,
        "{what}: {found} instead of {expected}"
    );
}

#[test]
fn a_ttl_that_reads_renew_outlives_one_that_they_do_not() {
    // Each key is read at random times, twice within a TTL on average. A renewed value is missed when a pause exceeds the
    // TTL, exp(-2); one that is not by one read in three: each miss is followed by two hits on average.
    for engine in [None, Some(Engine::Valkey81), Some(Engine::Memcached16)] {
        for (sliding, expected) in [(true, 1.0 - (-2f64).exp()), (false, 2.0 / 3.0)] {
            let mut keys = class(2_000, 200.0);
            let seconds = Seconds(20);
            keys.ttl = if sliding {
                Ttl::Sliding { seconds }
            } else {
                Ttl::Fixed {
                    seconds,
                    jitter: Share(0.0),
                }
            };
            let mut scenario = scenario(vec![keys], 3_000);
            scenario.run.warm_up_s = Seconds(500);
            if let Some(engine) = engine {
                scenario.cluster.engine = engine;
                scenario.cluster.policy = SERVER_POLICY.into();
            }
            // Memcached counts whole seconds.
            near(
                summary(&scenario).hit_ratio(),
                expected,
                0.012,
                &format!("{engine:?}, sliding: {sliding}"),
            );
        }
    }
}

#[test]
fn renewing_on_replicas_takes_a_command_of_the_primary() {
    let mut keys = class(100, 500.0);
    keys.ttl = Ttl::Sliding { seconds: Seconds(60) };
    let mut scenario = scenario(vec![keys], 100);
    scenario.cluster.replicas = 1;
    let with_getex = run(&scenario).shards[0].operations_per_s.0;
    scenario.client.read_from = ReadFrom::Replicas;
    let report = run(&scenario);
    let more = report.shards[0].operations_per_s.0 - with_getex;
    near(
        more,
        report.summary.counts.hits as f64 / 100.0,
        5.0,
        "EXPIRE a second",
    );
}

#[test]
fn sliding_ttls_of_thinned_hot_keys_miss_as_often() {
    let mut keys = class(50_000, 5_000.0);
    keys.popularity = Popularity::Zipf { exponent: 0.9 };
    keys.ttl = Ttl::Sliding { seconds: Seconds(30) };
    let mut scenario = scenario(vec![keys], 400);
    scenario.run.warm_up_s = Seconds(100);
    let full = summary(&scenario).hit_ratio();
    scenario.run.request_budget = 200_000;
    near(summary(&scenario).hit_ratio(), full, 0.01, "sampled");
}

#[test]
fn what_nobody_has_is_asked_for_once_in_a_negative_ttl() {
    let mut keys = class(100, 1_000.0);
    keys.absent = Share(1.0);
    // Whatever the class would write is a read: there is nothing to be written.
    keys.writes = Share(0.5);
    let mut scenario = scenario(vec![keys], 200);
    let without = summary(&scenario).counts;
    assert_eq!((without.hits, without.writes), (0, 0));
    assert_eq!(without.queries, without.reads);
    assert_eq!(without.queries_absent, without.queries);
    scenario.client.negative_ttl_s = Some(Seconds(5));
    for budget in [100_000_000, 20_000] {
        scenario.run.request_budget = budget;
        let report = run(&scenario);
        let counts = report.summary.counts;
        // Each key: a query at once, then 5 s in which the answer is known and 0.1 s until it is asked for again.
        let expected = 1.0 + 200.0 / 5.1;
        let found = counts.queries as f64 / 100.0;
        near(
            found,
            expected,
            0.03 * expected,
            &format!("queries for a key of {budget}"),
        );
        // Weights of a sampled run are not whole.
        assert!(counts.negative_hits.abs_diff(counts.hits) <= 1);
        assert_eq!(report.summary.memory.keys, 100);
        // A name of 32 bytes, a value of one, the overhead of an item with TTL; beside them the empty server and its tables.
        scenario.client.negative_ttl_s = None;
        let empty = summary(&scenario).memory.used.0;
        scenario.client.negative_ttl_s = Some(Seconds(5));
        let each = (report.summary.memory.used.0 - empty) as f64 / 100.0;
        assert!((80.0..200.0).contains(&each), "{each} bytes");
    }
}

#[test]
fn absent_keys_take_their_part_of_the_requests() {
    let mut keys = class(10_000, 1_000.0);
    keys.popularity = Popularity::Zipf { exponent: 0.7 };
    keys.absent = Share(0.3);
    let mut scenario = scenario(vec![keys], 200);
    scenario.run.warm_start = true;
    let counts = summary(&scenario).counts;
    // All others are there from the start.
    near(
        counts.queries_absent as f64 / counts.reads as f64,
        0.3,
        0.02,
        "absent",
    );
    assert_eq!(counts.queries, counts.queries_absent);
}

#[test]
fn a_bounded_pool_makes_commands_wait() {
    // One connection. A command takes a round trip of 1 ms and some microseconds at the node: M/D/1.
    let mut scenario = scenario(vec![class(100, 700.0)], 2_000);
    scenario.run.warm_start = true;
    scenario.client.round_trip_us = 1_000;
    scenario.client.instances = 1;
    let alone = summary(&scenario).hit_latency.mean.0 as f64;
    scenario.client.pool = Some(Pool {
        size: 1,
        wait_ms: 60_000,
    });
    let pooled = summary(&scenario);
    let busy = 700.0 * alone * 1e-6;
    let wait = busy * alone / (2.0 * (1.0 - busy));
    near(
        pooled.hit_latency.mean.0 as f64 - alone,
        wait,
        0.03 * wait,
        "wait for a connection",
    );
    near(
        pooled.counts.pool_waits as f64 / pooled.counts.reads as f64,
        busy,
        0.01,
        "chance to wait",
    );
    assert_eq!(pooled.counts.pool_timeouts, 0);
    // Ten processes with one connection each, of which each is used a tenth as much: ten times the requests.
    scenario.client.instances = 10;
    let keys = class(100, 7_000.0);
    scenario.workload = Workload::Synthetic { classes: vec![keys] };
    scenario.run.duration_s = Seconds(200);
    let ten = summary(&scenario);
    near(
        ten.hit_latency.mean.0 as f64 - alone,
        wait,
        0.05 * wait,
        "wait of ten processes",
    );
    scenario.run.request_budget = 100_000;
    near(
        summary(&scenario).hit_latency.mean.0 as f64 - alone,
        wait,
        0.15 * wait,
        "wait in a sampled run",
    );
}

#[test]
fn a_pool_that_is_too_small_times_out_and_sends_readers_to_the_database() {
    let mut scenario = scenario(vec![class(100, 1_200.0)], 200);
    scenario.run.warm_start = true;
    scenario.client.round_trip_us = 1_000;
    scenario.client.instances = 1;
    scenario.client.pool = Some(Pool { size: 1, wait_ms: 50 });
    // Sampled, loads are known by the window: a pool that is overloaded is so for a whole one.
    for (budget, off) in [(100_000_000, 15.0), (40_000, 90.0)] {
        scenario.run.request_budget = budget;
        let counts = summary(&scenario).counts;
        // What exceeds a thousand commands a second, or a little less, is given up.
        near(
            counts.pool_timeouts as f64 / 200.0,
            205.0,
            off,
            &format!("timeouts a second, {budget}"),
        );
        assert_eq!(counts.unreachable, counts.pool_timeouts);
        assert_eq!(counts.queries, counts.pool_timeouts);
    }
    scenario.client.on_cache_error = OnCacheError::Fail;
    let counts = summary(&scenario).counts;
    assert_eq!((counts.failed, counts.queries), (counts.pool_timeouts, 0));
}

#[test]
fn warming_loads_every_key_at_its_pace_and_again_after_a_flush() {
    let flush = |shard| Happening {
        at_s: Seconds(50),
        duration_s: Seconds(0),
        what: What::Flush { shard },
    };
    let classes = || {
        let mut other = class(1_000, 0.001);
        other.name = "other".into();
        other.churn_per_day = 100.0;
        vec![class(1_000, 0.001), other]
    };
    let mut scenario = scenario(classes(), 100);
    scenario.client.warming = Warming::Throttled {
        keys_per_s: PerSecond(100.0),
    };
    let report = run(&scenario);
    near(report.summary.counts.warmed as f64, 2_000.0, 30.0, "warmed");
    let queries = report.series.cluster(Metric::DatabasePerS).unwrap();
    near(queries[5], 100.0, 2.0, "queries a second while it warms");
    near(queries[30], 0.0, 0.1, "and when it is done");
    assert_eq!(report.summary.counts.queries_ahead, report.summary.counts.warmed);
    scenario.timeline = vec![flush(None)];
    near(
        summary(&scenario).counts.warmed as f64,
        4_000.0,
        60.0,
        "warmed twice",
    );
    // One of two shards: half of the keys.
    scenario.cluster.shards = 2;
    scenario.timeline = vec![flush(Some(1))];
    near(
        summary(&scenario).counts.warmed as f64,
        3_000.0,
        130.0,
        "warmed one again",
    );
    // As fast as the database gives, which is 500 a second.
    scenario.timeline.clear();
    scenario.client.warming = Warming::Greedy;
    scenario.database.capacity_per_s = PerSecond(500.0);
    let report = run(&scenario);
    near(
        report.summary.counts.warmed as f64,
        2_000.0,
        30.0,
        "warmed greedily",
    );
    let queries = report.series.cluster(Metric::DatabasePerS).unwrap();
    near(queries[1], 500.0, 10.0, "queries a second of a greedy one");
}

#[test]
fn warming_begins_with_the_most_popular() {
    let mut keys = class(1_000_000, 2_000.0);
    keys.popularity = Popularity::Zipf { exponent: 1.0 };
    let mut scenario = scenario(vec![keys], 20);
    scenario.client.warming = Warming::Throttled {
        keys_per_s: PerSecond(5_000.0),
    };
    scenario.run.warm_up_s = Seconds(18);
    // In the last two seconds the 95,000 hottest of a million keys are there: H(95,000) / H(1,000,000) of the reads, and
    // some that readers have brought in.
    let harmonic = |n: f64| n.ln() + 0.5772;
    let expected = harmonic(95_000.0) / harmonic(1e6);
    near(
        summary(&scenario).hit_ratio(),
        expected + 0.01,
        0.025,
        "hit ratio",
    );
}

#[test]
fn warming_ends_when_the_node_is_full() {
    let mut keys = class(1_000_000, 1_000.0);
    keys.popularity = Popularity::Zipf { exponent: 1.0 };
    let mut scenario = scenario(vec![keys], 60);
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(8));
    let cold = summary(&scenario);
    scenario.client.warming = Warming::Throttled {
        keys_per_s: PerSecond(5_000.0),
    };
    let warm = summary(&scenario);
    let (warmed, fits) = (warm.counts.warmed as f64, warm.memory.keys as f64);
    assert!(0.8 * fits < warmed && warmed < 1.02 * fits, "{warmed} of {fits}");
    assert!(
        warm.hit_ratio() > cold.hit_ratio() + 0.1,
        "{} {}",
        warm.hit_ratio(),
        cold.hit_ratio()
    );
}

/// Reads of one class that those of another follow a second later with this probability, all of a million keys.
fn followed(probability: f64, seconds: u64) -> Scenario {
    let mut follower = class(1_000_000, 0.001);
    follower.name = "next".into();
    follower.follows = Some(Follow {
        class: "objects".into(),
        probability: Share(probability),
        delay_ms: 1_000,
    });
    scenario(vec![class(1_000_000, 1_000.0), follower], seconds)
}

#[test]
fn a_prediction_that_is_right_is_used_and_one_that_is_wrong_is_not() {
    for (accuracy, probability) in [(1.0, 1.0), (1.0, 0.5), (0.4, 0.75)] {
        let mut scenario = followed(probability, 20);
        scenario.client.prefetch = Some(Prefetch {
            accuracy: Share(accuracy),
            depth: 1,
        });
        let report = run(&scenario);
        let counts = &report.summary.counts;
        // Some follow after the end, and a value comes a little too late.
        let used = counts.prefetched_used as f64 / counts.prefetched as f64;
        near(used, accuracy * probability * 0.95, 0.03, "used");
        near(
            report.classes[1].counts.hit_ratio(),
            accuracy,
            0.03,
            "hits of those that follow",
        );
        // Nothing is evicted, but some readers miss while the value is on its way, and store it once more.
        assert!(counts.prefetched_wasted * 500 < counts.prefetched);
        // The last ones are not there yet when the run ends.
        near(
            counts.prefetched as f64 / counts.queries_ahead as f64,
            1.0,
            1e-3,
            "answered",
        );
    }
    // Sampled, one key in some hundred: the mean of several samples, each of which is off by 0.03 by chance.
    const SAMPLES: u64 = 8;
    let mut scenario = followed(1.0, 100);
    scenario.client.prefetch = Some(Prefetch {
        accuracy: Share(0.5),
        depth: 2,
    });
    let full = run(&scenario);
    scenario.run.request_budget = 30_000;
    let samples: Vec<Report> = (1..=SAMPLES)
        .map(|seed| {
            scenario.seed = seed;
            run(&scenario)
        })
        .collect();
    assert!(samples.iter().all(|sampled| sampled.sampling.one_in > 1));
    let mean = |figure: fn(&Report) -> f64| samples.iter().map(figure).sum::<f64>() / SAMPLES as f64;
    let hits = |report: &Report| report.classes[1].counts.hit_ratio();
    for found in [hits(&full), mean(hits)] {
        near(found, 0.5 + 0.5 * 0.08, 0.05, "hits full or sampled");
    }
    let prefetched = |report: &Report| report.summary.counts.prefetched as f64;
    near(
        mean(prefetched) / prefetched(&full),
        1.0,
        0.1,
        "prefetched, sampled over full",
    );
}

#[test]
fn prefetching_much_floods_the_cache() {
    let mut scenario = followed(0.2, 100);
    let Workload::Synthetic { classes } = &mut scenario.workload else {
        unreachable!()
    };
    classes[0].popularity = Popularity::Zipf { exponent: 1.0 };
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(8));
    let without = run(&scenario);
    scenario.client.prefetch = Some(Prefetch {
        accuracy: Share(0.8),
        depth: 10,
    });
    let flooded = run(&scenario);
    let counts = &flooded.summary.counts;
    assert!(
        counts.prefetched_wasted > 9 * counts.prefetched_used,
        "{counts:?}"
    );
    let hits = |report: &Report| report.classes[0].counts.hit_ratio();
    assert!(
        hits(&flooded) < hits(&without) - 0.1,
        "{} {}",
        hits(&flooded),
        hits(&without)
    );
    // Each is read, wasted, or still there.
    let left = counts.prefetched - counts.prefetched_used - counts.prefetched_wasted;
    assert!(left <= flooded.summary.memory.keys, "{left} are left");
}

#[test]
fn a_lagging_replica_gives_back_what_was_just_replaced() {
    // A key is read once a second and seldom written. A write deletes it; the next read, an exponential time later, brings
    // back the old value if it comes within the lag: 1 - exp(-lag).
    let mut keys = class(500, 505.0);
    keys.writes = Share(5.0 / 505.0);
    let mut scenario = scenario(vec![keys], 2_000);
    scenario.client.writes = Writes::Invalidate;
    scenario.run.warm_start = true;
    let alone = summary(&scenario);
    assert_eq!(alone.counts.queries_replicas, 0);
    near(
        alone.counts.stale_fills as f64,
        0.0,
        20.0,
        "stale fills without replicas",
    );
    scenario.database.replicas = 2;
    scenario.database.replica_lag_ms = 700;
    let lagging = summary(&scenario);
    let counts = &lagging.counts;
    near(
        counts.stale_fills as f64 / counts.misses_invalidated as f64,
        1.0 - (-0.7f64).exp(),
        0.02,
        "stale fills",
    );
    assert_eq!(counts.queries_replicas, counts.misses());
    // Such a value stays until the key is written again, which takes a hundred seconds on average.
    near(
        counts.stale as f64 / counts.reads as f64,
        1.0 - (-0.7f64).exp(),
        0.05,
        "stale reads",
    );
    assert!(lagging.stale_age.as_secs() > 50.0);
}

#[test]
fn replicas_of_the_database_share_the_reads() {
    let mut keys = class(1_000_000, 300.0);
    keys.writes = Share(0.1);
    let mut scenario = scenario(vec![keys], 200);
    scenario.database.latency_us = 10_000;
    scenario.database.capacity_per_s = PerSecond(100.0);
    scenario.database.replicas = 4;
    // 270 reads of four replicas, 30 writes of the primary: each replica has 67 of its 100.
    let database = summary(&scenario).database;
    near(database.peak_utilisation, 0.675, 0.15, "busiest");
    assert!(database.peak_wait.as_secs() < 1.0);
    scenario.run.request_budget = 10_000;
    assert!(summary(&scenario).database.peak_wait.as_secs() < 1.0, "sampled");
    scenario.database.replicas = 0;
    scenario.run.request_budget = 100_000_000;
    assert!(summary(&scenario).database.peak_wait.as_secs() > 100.0);
}
