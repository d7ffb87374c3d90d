//! Published cases: each is a scenario in `tests/cases`, and a test shows its mechanism and the direction in which its
//! cure moves the figures.

#![allow(clippy::unwrap_used, clippy::panic)]

use cacheplan_engine::report::{Event, Metric, Report};
use cacheplan_engine::scenario::parameters::redis::MaxmemoryPolicy;
use cacheplan_engine::scenario::{
    Guard, Happening, Invalidation, KeyClass, Popularity, Reads, Scenario, Ttl, What, Workload, Writes,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, Seconds, Share};
use std::fs;
use std::path::Path;

fn case(name: &str) -> Scenario {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../tests/cases/{name}.json"));
    Scenario::from_json(&fs::read_to_string(path).unwrap()).unwrap()
}

fn run(scenario: &Scenario) -> Report {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(1_000_000).complete {}
    Report::of(&sim)
}

/// The scenario with a change.
fn with(scenario: &Scenario, change: impl FnOnce(&mut Scenario)) -> Scenario {
    let mut changed = scenario.clone();
    change(&mut changed);
    changed
}

fn class(scenario: &mut Scenario) -> &mut KeyClass {
    match &mut scenario.workload {
        Workload::Synthetic { classes } => &mut classes[0],
        Workload::Trace(_) => panic!("synthetic"),
    }
}

fn happens(at_s: u64, duration_s: u64, what: What) -> Happening {
    Happening {
        at_s: Seconds(at_s),
        duration_s: Seconds(duration_s),
        what,
    }
}

/// Mean of a figure of the cluster between two times, seconds.
fn between(report: &Report, metric: Metric, from: usize, to: usize) -> f64 {
    let interval = report.series.interval.as_secs();
    let at = |seconds: usize| (seconds as f64 / interval) as usize;
    let column = &report.series.cluster(metric).unwrap()[at(from)..at(to)];
    column.iter().sum::<f64>() / column.len() as f64
}

#[test]
fn every_case_has_a_name_and_runs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/cases");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let scenario = Scenario::from_json(&text).unwrap();
        assert!(
            scenario.name.len() > 20 && scenario.plan().is_ok(),
            "{}",
            scenario.name
        );
        count += 1;
    }
    assert_eq!(count, 13);
}

/// Published: p99 from 380 ms to under 40 ms within a day, and a database relieved.
#[test]
fn c01_a_cache_takes_the_database_out_of_the_way() {
    let cached = case("c01-product-catalogue");
    let bare = with(&cached, |scenario| {
        // Every command refused: each request goes to the database.
        let share = Share(1.0);
        scenario.timeline = vec![happens(0, 0, What::AuthFailures { share })];
    });
    let (cached, bare) = (run(&cached).summary, run(&bare).summary);
    let p99_ms = |summary: &cacheplan_engine::report::Summary| summary.latency.p99.0 as f64 / 1e3;
    assert!(
        p99_ms(&bare) > 300.0 && p99_ms(&cached) < 40.0,
        "{} {}",
        p99_ms(&bare),
        p99_ms(&cached)
    );
    assert!(bare.database.peak_utilisation > 0.7 && cached.database.peak_utilisation < 0.05);
}

/// Published: the very spike that caching should prevent. Jitter, which spreads the expiries of many keys, does
/// nothing for a single one: guards against the herd of its readers do.
#[test]
fn c02_guards_keep_the_herd_off_the_database() {
    let herd = case("c02-thundering-herd");
    let unguarded = run(&herd).summary;
    // A thousand readers a second for the tenth of a second of a rebuild.
    assert!(unguarded.database.peak_per_s.0 > 80.0);
    for guard in [
        Guard::Lock { poll_ms: 10 },
        Guard::StaleWhileRevalidate { grace_s: Seconds(10) },
        Guard::Coalesce,
        Guard::Early { beta: 1.0 },
    ] {
        let guarded = run(&with(&herd, |scenario| scenario.client.guard = guard)).summary;
        let instances = f64::from(herd.client.instances);
        let most = if guard == Guard::Coalesce { instances } else { 6.0 };
        assert!(
            guarded.database.peak_per_s.0 <= most,
            "{guard:?}: {:?}",
            guarded.database
        );
        // Who waits for somebody else's rebuild still waits; who is served the old value does not.
        let waits = matches!(guard, Guard::Lock { .. } | Guard::Coalesce);
        assert_eq!(guarded.counts.waited > 0, waits, "{guard:?}");
    }
    let through = run(&with(&herd, |scenario| scenario.client.reads = Reads::Through)).summary;
    assert!(through.database.peak_per_s.0 <= 2.0);
}

/// Many keys stored together expire together unless their TTLs differ.
#[test]
fn c02_jitter_spreads_the_expiries_of_many_keys() {
    let mut aligned = case("c02-thundering-herd");
    aligned.run.warm_start = false;
    aligned.run.warm_up_s = Seconds(30);
    class(&mut aligned).keys = 1_000;
    let jittered = with(&aligned, |scenario| {
        class(scenario).ttl = Ttl::Fixed {
            seconds: Seconds(10),
            jitter: Share(0.5),
        };
    });
    let (aligned, jittered) = (run(&aligned).summary.database, run(&jittered).summary.database);
    assert!(
        jittered.peak_per_s.0 < aligned.peak_per_s.0,
        "{aligned:?} {jittered:?}"
    );
}

/// Published: a write cost on every update and few hits; the cure is a TTL.
#[test]
fn c03_a_ttl_gives_back_the_memory_of_unread_values() {
    let kept = case("c03-write-through-of-cold-data");
    let expiring = with(&kept, |scenario| {
        class(scenario).ttl = Ttl::Fixed {
            seconds: Seconds(60),
            jitter: Share(0.0),
        };
    });
    let around = with(&kept, |scenario| scenario.client.writes = Writes::Around);
    let (kept, expiring, around) = (run(&kept).summary, run(&expiring).summary, run(&around).summary);
    // Nineteen of twenty values are stored and hardly one of them is read.
    assert!(kept.counts.hits * 20 < kept.counts.writes);
    assert!(expiring.memory.used.0 * 10 < kept.memory.used.0);
    // Nothing is lost by it: the database gets the same queries within a few percent.
    let load = |summary: &cacheplan_engine::report::Summary| summary.database.mean_per_s.0;
    assert!((load(&expiring) / load(&kept) - 1.0).abs() < 0.05);
    // Writes that leave the cache alone cost it nothing.
    assert!(around.memory.used.0 * 4 < kept.memory.used.0);
}

/// Published: the loss of a single-node cache takes the database down with it.
#[test]
fn c04_a_replica_takes_over_where_a_single_node_comes_back_empty() {
    let cluster = case("c04-loss-of-a-node");
    let single = with(&cluster, |scenario| {
        scenario.cluster.shards = 1;
        scenario.cluster.replicas = 0;
    });
    let (cluster, single) = (run(&cluster), run(&single));
    let promoted = |report: &Report| {
        let mut log = report.log.iter();
        log.find(|logged| logged.event == Event::Promoted { shard: 0 })
            .map(|logged| logged.at.as_secs())
    };
    // The nodes' timeout is 5 s; recorded failovers took at most some seconds more.
    let after = promoted(&cluster).unwrap() - 60.0;
    assert!((5.0..60.0).contains(&after), "{after}");
    assert_eq!(promoted(&single), None);
    assert_eq!(
        (cluster.summary.counts.failed, cluster.summary.counts.misses_lost),
        (0, 0)
    );
    // While it is away all requests go to a database that takes half of them, and after it all values are gone.
    assert!(between(&single, Metric::FailedPerS, 80, 170) > 100.0);
    assert!(single.summary.counts.misses_lost > 1_000);
}

/// `allkeys-lru` for a pure cache, `volatile-lru` where data must not be lost; many evictions with a good hit rate are
/// the sign of too little memory.
#[test]
fn c05_volatile_policies_keep_what_has_no_ttl() {
    let volatile = case("c05-eviction-policy");
    let policy = |policy| {
        run(&with(&volatile, |scenario| {
            scenario.cluster.redis.maxmemory_policy = policy;
        }))
    };
    let of_sessions = |report: &Report| report.classes[1].counts.misses_evicted;
    let (all, none) = (
        policy(MaxmemoryPolicy::AllkeysLru),
        policy(MaxmemoryPolicy::Noeviction),
    );
    let kept = run(&volatile);
    assert_eq!(of_sessions(&kept), 0);
    assert!(of_sessions(&all) > 1_000);
    assert!(all.summary.hit_ratio() > kept.summary.hit_ratio());
    // A server that may not evict refuses what is new.
    assert!(none.summary.counts.out_of_memory > 1_000 && none.summary.counts.evictions == 0);
    let roomy = run(&with(&volatile, |scenario| {
        scenario.cluster.maxmemory_bytes = Some(Bytes::mib(96));
    }));
    assert!(kept.summary.hit_ratio() > 0.7 && kept.summary.counts.evictions > 10_000);
    assert_eq!(roomy.summary.counts.evictions, 0);
    assert!(roomy.summary.hit_ratio() > kept.summary.hit_ratio() + 0.1);
}

/// Published: a change took up to hours to reach every server; with local TTLs it takes minutes or seconds. The
/// engine has one region: what stands for the remote cache is its round trip, and what stands for the way of a change
/// is the near caches' TTL.
#[test]
fn c14_a_change_reaches_every_process_within_its_near_caches_ttl() {
    let hours = case("c14-configuration-cache");
    let near = |ttl_ms, invalidation| {
        run(&with(&hours, |scenario| {
            let near = scenario.client.near.as_mut().unwrap();
            (near.ttl_ms, near.invalidation) = (ttl_ms, invalidation);
        }))
        .summary
    };
    let seconds = near(10_000, Invalidation::None);
    let told = near(10_000, Invalidation::Tracking);
    let hours = run(&hours).summary;
    let age = |summary: &cacheplan_engine::report::Summary| summary.stale_age.as_secs();
    assert!(age(&hours) > 300.0, "{}", age(&hours));
    assert!(age(&seconds) < 10.0, "{}", age(&seconds));
    assert!(told.counts.stale * 10 < seconds.counts.stale && seconds.counts.stale * 10 < hours.counts.stale);
    // What it costs: more reads across the network.
    assert!(seconds.latency.mean > hours.latency.mean);
}

/// Published: minutes or seconds instead of hours, with replicas in several regions and a short TTL in the processes.
#[test]
fn c14_a_region_of_its_own_makes_a_short_ttl_cheap() {
    let regions = case("c14-second-region");
    let afar = run(&with(&case("c14-configuration-cache"), |scenario| {
        scenario.client.near = regions.client.near;
    }));
    let regions = run(&regions);
    let secondary = regions.secondary.unwrap();
    let (afar, regions) = (afar.summary, regions.summary);
    // A change is known as soon, but for the lag of the region, ...
    let later = regions.stale_age.as_secs() - afar.stale_age.as_secs();
    assert!((-0.5..0.8).contains(&later), "{later}");
    // ... and what the short TTL asks of the cache is answered nearby.
    assert!(secondary.hits * 100 > secondary.reads * 99);
    assert!(regions.latency.mean.0 * 20 < afar.latency.mean.0);
}

/// Published: database reads down by 60 %, p99 by 40 %.
#[test]
fn c15_a_sidecar_relieves_cluster_and_database() {
    let sidecar = case("c15-sidecar");
    let shared = run(&with(&sidecar, |scenario| scenario.client.near = None)).summary;
    let sidecar = run(&sidecar).summary;
    let load = sidecar.database.mean_per_s.0 / shared.database.mean_per_s.0;
    let p99 = sidecar.latency.p99.0 as f64 / shared.latency.p99.0 as f64;
    assert!((0.3..0.6).contains(&load), "{load}");
    assert!((0.4..0.8).contains(&p99), "{p99}");
    assert!(sidecar.counts.near_hits > sidecar.counts.reads / 2);
}

/// Published: median latency down by 25 % with a warm shared cache, beside which here stands what the connection of
/// each function costs.
#[test]
fn c16_functions_gain_by_a_warm_cache_and_by_keeping_connections() {
    let functions = case("c16-functions");
    let pooled = run(&with(&functions, |scenario| {
        scenario.client.new_connections = Share(0.0);
    }))
    .summary;
    let cold = run(&with(&functions, |scenario| {
        // Values that nobody reads before they expire are as good as no cache.
        class(scenario).popularity = Popularity::Uniform;
        class(scenario).ttl = Ttl::Fixed {
            seconds: Seconds(1),
            jitter: Share(0.0),
        };
    }))
    .summary;
    let warm = run(&functions).summary;
    assert!(warm.latency.p50.0 as f64 <= 0.75 * cold.latency.p50.0 as f64);
    assert!(pooled.latency.p50.0 * 4 < warm.latency.p50.0);
    assert!(pooled.hit_ratio() > 0.9 && (pooled.hit_ratio() - warm.hit_ratio()).abs() < 0.02);
}

/// Published: the hit ratio drops, the database is overloaded, errors; scale out, cut TTLs, limit rates, roll back.
/// The engine cannot scale out in the middle of a run yet: memory enough from the start stands for it.
#[test]
fn c17_larger_values_evict_and_overload_until_they_are_rolled_back() {
    let storm = case("c17-eviction-storm");
    let report = run(&storm);
    let hit = |report: &Report, from, to| between(report, Metric::HitRatio, from, to);
    let failed = |report: &Report, from, to| between(report, Metric::FailedPerS, from, to);
    assert!(hit(&report, 200, 300) > 0.95 && failed(&report, 200, 300) < 0.1);
    assert!(hit(&report, 500, 900) < 0.75 && failed(&report, 500, 900) > 50.0);
    assert!(report.summary.counts.evictions > 5_000 && report.summary.database.peak_utilisation > 1.0);
    // Rolled back after 150 s, the database is overloaded still: nothing that it answers too late gets into the cache.
    let rolled_back = with(&storm, |scenario| scenario.timeline[0].duration_s = Seconds(150));
    assert!(failed(&run(&rolled_back), 600, 900) > 50.0);
    // With half of the load turned away for as long, it recovers, and stays so under full load.
    let share = Share(0.5);
    let shed = with(&rolled_back, |scenario| {
        scenario
            .timeline
            .push(happens(450, 150, What::LoadShedding { share }));
    });
    let shed = run(&shed);
    assert!(hit(&shed, 750, 900) > 0.95 && failed(&shed, 750, 900) < 0.1);
    let roomy = run(&with(&storm, |scenario| {
        scenario.cluster.maxmemory_bytes = Some(Bytes::mib(128));
    }));
    assert_eq!(
        (roomy.summary.counts.evictions, roomy.summary.counts.failed),
        (0, 0)
    );
}

/// A cache is flushed and the load is threefold for ten seconds. All queries time out, each is tried five times more,
/// and no answer comes in time to be cached: at the usual load the database stays at four times its capacity.
#[test]
fn retries_after_a_lost_cache_keep_the_database_down() {
    let collapse = case("metastable-collapse");
    let capacity = collapse.database.capacity_per_s.0;
    let calm = run(&with(&collapse, |scenario| scenario.timeline.clear()));
    assert_eq!((calm.summary.counts.failed, calm.summary.counts.retries), (0, 0));
    assert!(calm.summary.database.peak_per_s.0 < capacity / 4.0);
    let collapsed = run(&collapse);
    // The trigger ends at 70 s.
    assert!(between(&collapsed, Metric::DatabasePerS, 240, 300) > 3.0 * capacity);
    assert!(between(&collapsed, Metric::FailedPerS, 240, 300) > 200.0);
    for name in ["metastable-retry-budget", "metastable-queue-bound"] {
        let guarded = run(&case(name));
        assert!(
            between(&guarded, Metric::DatabasePerS, 150, 300) < capacity / 4.0,
            "{name}"
        );
        assert!(between(&guarded, Metric::FailedPerS, 150, 300) < 0.1, "{name}");
    }
}
