//! What happens to the nodes of a cluster: each mechanism, and its direction.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use cacheplan_engine::report::{Event, Metric, Report};
use cacheplan_engine::scenario::{
    Aof, AutoScaling, Happening, KeyClass, Popularity, Rate, ReadFrom, Scenario, Snapshots, Ttl, ValueSize,
    What, Workload,
};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::units::{Bytes, PerSecond, Seconds, Share};

fn run(scenario: &Scenario) -> Report {
    let plan = scenario.plan().unwrap_or_else(|error| panic!("{error}"));
    let mut sim = Sim::new(plan, None).unwrap();
    while !sim.advance(100_000).complete {}
    Report::of(&sim)
}

/// Three shards with a replica each in as many zones, warm: 20,000 keys of 1,000 bytes without TTL, 2,000 requests/s for
/// ten minutes, one in ten of which writes.
fn cluster(timeline: &[(u64, u64, What)]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.run.duration_s = Seconds(600);
    scenario.run.warm_up_s = Seconds(0);
    scenario.run.warm_start = true;
    scenario.run.request_budget = 10_000_000;
    scenario.cluster.zones = 3;
    scenario.workload = Workload::Synthetic {
        classes: vec![KeyClass {
            keys: 20_000,
            popularity: Popularity::Zipf { exponent: 0.8 },
            value_size: ValueSize::Fixed { bytes: Bytes(1_000) },
            rate: Rate::Constant {
                per_s: PerSecond(2_000.0),
            },
            writes: Share(0.1),
            ttl: Ttl::None,
            ..KeyClass::default()
        }],
    };
    scenario.timeline = timeline
        .iter()
        .map(|(at, duration, what)| Happening {
            at_s: Seconds(*at),
            duration_s: Seconds(*duration),
            what: what.clone(),
        })
        .collect();
    scenario
}

/// When an event came first, seconds.
fn first(report: &Report, event: Event) -> Option<f64> {
    let logged = report.log.iter().find(|logged| logged.event == event);
    logged.map(|logged| logged.at.as_secs())
}

fn count(report: &Report, event: Event) -> usize {
    report.log.iter().filter(|logged| logged.event == event).count()
}

/// Mean of a figure of the cluster over some seconds.
fn mean(report: &Report, metric: Metric, from: usize, to: usize) -> f64 {
    let column = report.series.cluster(metric).unwrap();
    let step = report.series.interval.as_secs() as usize;
    let part = &column[from / step..to / step];
    part.iter().sum::<f64>() / part.len() as f64
}

#[test]
fn a_zone_takes_all_its_nodes_and_they_come_back_by_full_synchronisation() {
    let report = run(&cluster(&[(100, 200, What::ZoneLoss { zone: 0 })]));
    // In zone 0 are the primary of shard 0 and the replica of shard 2.
    assert_eq!(first(&report, Event::ReplicaLost { shard: 2 }), Some(100.0));
    let promoted = first(&report, Event::Promoted { shard: 0 }).unwrap();
    assert!((115.0..130.0).contains(&promoted), "{promoted}");
    assert_eq!(first(&report, Event::Promoted { shard: 2 }), None);
    for shard in [0, 2] {
        // The delay of 5.5 s, a snapshot of some 7 MB, and what was written meanwhile.
        let forked = first(&report, Event::SyncBegins { shard }).unwrap();
        let synced = first(&report, Event::Synced { shard }).unwrap();
        assert!((forked - 305.5).abs() < 0.1, "{forked}");
        assert!((0.05..2.0).contains(&(synced - forked)), "{forked} {synced}");
    }
    assert_eq!(report.summary.counts.misses_lost, 0);
}

#[test]
fn with_two_zones_there_is_no_majority_and_the_service_promotes() {
    let mut scenario = cluster(&[(100, 200, What::ZoneLoss { zone: 0 })]);
    scenario.cluster.zones = 2;
    let report = run(&scenario);
    // Two of three primaries are gone.
    for shard in [0, 2] {
        assert_eq!(first(&report, Event::Promoted { shard }), Some(110.0));
    }
}

#[test]
fn a_replica_that_is_not_in_step_does_not_take_over() {
    let failure = || What::NodeFailure { shard: 0 };
    let report = run(&cluster(&[(100, 100, failure()), (203, 100, failure())]));
    assert_eq!(count(&report, Event::Promoted { shard: 0 }), 1);
    // The replica was five seconds from its synchronisation: the shard is down until its primary is back, empty.
    assert_eq!(first(&report, Event::Emptied { shard: 0 }), Some(303.0));
    assert!(mean(&report, Metric::HitRatio, 302, 304) < 0.99);
    let late = run(&cluster(&[(100, 100, failure()), (230, 100, failure())]));
    assert_eq!(count(&late, Event::Promoted { shard: 0 }), 2);
    assert_eq!(late.summary.counts.misses_lost, 0);
}

#[test]
fn a_restart_loads_what_was_on_disk() {
    let all = || (300, 20, What::Restart { shard: None });
    let lost = |scenario: &Scenario| {
        let report = run(scenario);
        let (restored, emptied) = (
            count(&report, Event::Restored { shard: 1 }),
            count(&report, Event::Emptied { shard: 1 }),
        );
        assert_eq!(count(&report, Event::Promoted { shard: 1 }), 0);
        assert_eq!(count(&report, Event::Synced { shard: 1 }), 1);
        (report.summary.counts.misses_lost, restored, emptied)
    };
    let (without, restored, emptied) = lost(&cluster(&[all()]));
    assert!(without > 5_000 && restored == 0 && emptied == 1, "{without}");
    let mut scenario = cluster(&[all()]);
    scenario.cluster.persistence.aof = Aof::Always;
    let (with, restored, emptied) = lost(&scenario);
    assert!(with == 0 && restored == 1 && emptied == 0, "{with}");
    scenario.cluster.persistence.aof = Aof::Everysec;
    let (some, ..) = lost(&scenario);
    assert!(some > 0 && some < without / 10, "{some}");
    // Of a snapshot, what was stored since is lost: about a minute of 200 writes/s.
    let snapshot = cluster(&[(240, 0, What::Snapshot), all()]);
    let (since, restored, _) = lost(&snapshot);
    assert!(restored == 1 && since > some && since < without, "{since}");
    scenario.cluster.persistence.aof = Aof::Off;
    scenario.cluster.persistence.snapshots = Some(Snapshots { hour: 0, every_h: 1 });
    let (older, ..) = lost(&scenario);
    assert!(older > since, "{older}");
}

#[test]
fn a_short_absence_needs_no_snapshot() {
    let cut_off = |seconds| run(&cluster(&[(100, seconds, What::ReplicaPartition { shard: 1 })]));
    // 67 writes/s of 1,000 bytes: 10 MiB of backlog last two and a half minutes.
    let short = cut_off(60);
    assert_eq!(first(&short, Event::SyncBegins { shard: 1 }), None);
    assert!((first(&short, Event::Synced { shard: 1 }).unwrap() - 160.0).abs() < 1.0);
    let long = cut_off(300);
    let forked = first(&long, Event::SyncBegins { shard: 1 }).unwrap();
    assert!((forked - 405.5).abs() < 0.1, "{forked}");
}

#[test]
fn a_replica_that_falls_behind_is_dropped_for_as_long_as_it_does() {
    let mut scenario = cluster(&[(100, 60, What::ReplicaFailure { shard: 0 })]);
    scenario.cluster.replication.output_limit_bytes = Bytes(1 << 10);
    scenario.cluster.redis.backlog_bytes = 16 << 10;
    scenario.cluster.persistence.load_mb_per_s = 1.0;
    let report = run(&scenario);
    assert_eq!(count(&report, Event::SyncFails { shard: 0 }), 1);
    assert_eq!(count(&report, Event::Synced { shard: 0 }), 0);
    scenario.cluster.replication.dual_channel = true;
    assert_eq!(count(&run(&scenario), Event::Synced { shard: 0 }), 1);
}

#[test]
fn reads_of_replicas_go_to_the_primary_while_none_is_in_step() {
    let mut scenario = cluster(&[(100, 100, What::ReplicaFailure { shard: 0 })]);
    scenario.client.read_from = ReadFrom::Replicas;
    let usual = run(&cluster(&[]));
    let report = run(&scenario);
    assert_eq!(report.summary.counts.unreachable, 0);
    assert_eq!(report.summary.counts.reads, usual.summary.counts.reads);
    assert!(report.summary.counts.stale > 0);
}

#[test]
fn connections_beyond_what_a_node_takes_are_refused() {
    let count = 130_000 - Scenario::default().client.connections;
    let report = run(&cluster(&[(100, 100, What::Connections { count })]));
    let unreachable = report.summary.counts.unreachable as f64;
    // Half of 1,800 reads/s for 100 s.
    assert!((unreachable / 90_000.0 - 1.0).abs() < 0.03, "{unreachable}");
    let few = run(&cluster(&[(100, 100, What::Connections { count: 1_000 })]));
    assert_eq!(few.summary.counts.unreachable, 0);
}

#[test]
fn redirects_cost_a_way_and_a_connection() {
    let usual = run(&cluster(&[]));
    let wrong = run(&cluster(&[(0, 0, What::WrongShard { share: Share(1.0) })]));
    let more = wrong.summary.hit_latency.p50.0 as f64 - usual.summary.hit_latency.p50.0 as f64;
    let way = f64::from(Scenario::default().client.round_trip_us);
    assert!((more / (2_610.0 + way) - 1.0).abs() < 0.1, "{more}");
    assert_eq!(wrong.summary.counts.hits, usual.summary.counts.hits);
}

#[test]
fn a_snapshot_at_any_time_forks_once() {
    let mut scenario = cluster(&[(100, 0, What::Snapshot)]);
    scenario.cluster.replicas = 0;
    scenario.cluster.persistence.fork_ms_per_gb = 1_000.0;
    if let Workload::Synthetic { classes } = &mut scenario.workload {
        classes[0].writes = Share(0.0);
        classes[0].value_size = ValueSize::Fixed { bytes: Bytes(10_000) };
    }
    let report = run(&scenario);
    assert_eq!(first(&report, Event::Snapshot), Some(100.0));
    assert_eq!(count(&report, Event::Snapshot), 1);
    assert!(report.summary.memory.snapshot_copies > Bytes(0));
    // 70 MB a shard: 70 ms, of an interval of 2 s.
    let p99 = |at| mean(&report, Metric::P99Us, at, at + 2);
    assert!(p99(100) > 20.0 * p99(50), "{} {}", p99(100), p99(50));
}

/// Hits over look-ups from one second to another.
fn hit_ratio(report: &Report, from: usize, to: usize) -> f64 {
    mean(report, Metric::HitRatio, from, to)
}

#[test]
fn slots_move_with_their_values() {
    let scenario = cluster(&[(100, 0, What::Reshard { shards: 5 })]);
    let report = run(&scenario);
    assert_eq!(first(&report, Event::Reshards { shards: 5 }), Some(100.0));
    let done = first(&report, Event::Resharded { shards: 5 }).unwrap();
    // Two fifths of the slots, of a key or two each: seven round trips for each, of 0.3 or 0.8 ms.
    assert!((25.0..35.0).contains(&(done - 100.0)), "{done}");
    assert_eq!(report.shards.len(), 5);
    assert_eq!(
        report.summary.counts.misses(),
        run(&cluster(&[])).summary.counts.misses()
    );
    let resident: u64 = report.shards.iter().map(|shard| shard.keys).sum();
    assert_eq!(resident, 20_000);
    for shard in &report.shards {
        assert!((3_500..4_500).contains(&shard.keys), "{}", shard.keys);
    }
    // The new shards have replicas, too.
    let failure = (400, 100, What::NodeFailure { shard: 2 });
    let mut scenario = cluster(&[(100, 0, What::Reshard { shards: 2 }), failure]);
    let fewer = run(&scenario);
    assert!(first(&fewer, Event::Resharded { shards: 2 }).is_some());
    assert_eq!(fewer.summary.counts.misses(), 0);
    assert_eq!(fewer.shards[2].keys, 0);
    assert_eq!(
        count(&fewer, Event::Promoted { shard: 2 }),
        0,
        "it is not there any more"
    );
    // Atomic migration sends values as fast as the network takes them.
    scenario.cluster.engine = cacheplan_engine::scenario::Engine::Valkey90;
    let atomic = run(&scenario);
    let seconds = first(&atomic, Event::Resharded { shards: 2 }).unwrap() - 100.0;
    assert!(seconds < 1.0, "{seconds}");
}

#[test]
fn moving_keys_takes_of_both_shards() {
    let mut scenario = cluster(&[(100, 0, What::Reshard { shards: 6 })]);
    if let Workload::Synthetic { classes } = &mut scenario.workload {
        classes[0].writes = Share(0.0);
    }
    let report = run(&scenario);
    let p99 = |from, to| mean(&report, Metric::P99Us, from, to);
    assert!(
        p99(104, 120) > p99(50, 100) + 200.0,
        "{} {}",
        p99(104, 120),
        p99(50, 100)
    );
    assert!(p99(500, 600) < p99(50, 100) + 20.0);
}

#[test]
fn ttls_move_with_the_values() {
    let with_ttl = |timeline: &[(u64, u64, What)]| {
        let mut scenario = cluster(timeline);
        if let Workload::Synthetic { classes } = &mut scenario.workload {
            classes[0].ttl = Ttl::Fixed {
                seconds: Seconds(200),
                jitter: Share(0.0),
            };
        }
        run(&scenario)
    };
    let (usual, moved) = (with_ttl(&[]), with_ttl(&[(100, 0, What::Reshard { shards: 5 })]));
    let (usual, moved) = (&usual.summary.counts, &moved.summary.counts);
    assert!(usual.misses_expired > 10_000);
    let apart = moved.misses_expired as f64 / usual.misses_expired as f64 - 1.0;
    assert!(apart.abs() < 0.01, "{apart}");
    assert_eq!(moved.misses_cold, usual.misses_cold);
}

#[test]
fn what_does_not_fit_is_not_removed() {
    let mut scenario = cluster(&[(300, 0, What::Reshard { shards: 1 })]);
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(20));
    let report = run(&scenario);
    assert_eq!(first(&report, Event::ScaleRefused), Some(300.0));
    assert!(report.shards.iter().all(|shard| shard.keys > 5_000));
}

#[test]
fn clients_of_memcached_look_elsewhere_at_once() {
    let lost = |distribution| {
        let mut scenario = cluster(&[(300, 0, What::Reshard { shards: 4 })]);
        scenario.cluster.engine = cacheplan_engine::scenario::Engine::Memcached16;
        scenario.cluster.replicas = 0;
        scenario.cluster.distribution = distribution;
        let report = run(&scenario);
        assert_eq!(first(&report, Event::Resharded { shards: 4 }), Some(300.0));
        assert!((hit_ratio(&report, 250, 300) - 1.0).abs() < 1e-3);
        1.0 - hit_ratio(&report, 300, 302)
    };
    use cacheplan_engine::scenario::Distribution;
    // A quarter of the keys, against three quarters.
    let (ketama, modulo) = (lost(Distribution::Ketama), lost(Distribution::Modulo));
    assert!(ketama > 0.1 && ketama < 0.3, "{ketama}");
    assert!(modulo > 2.0 * ketama && modulo < 0.8, "{modulo}");
}

#[test]
fn replicas_come_into_step_before_they_count() {
    let report = run(&cluster(&[(100, 0, What::Replicas { replicas: 2 })]));
    for shard in 0..3 {
        let synced = first(&report, Event::Synced { shard }).unwrap();
        assert!((105.5..108.0).contains(&synced), "{synced}");
    }
    let failure = || What::NodeFailure { shard: 0 };
    let fewer = run(&cluster(&[
        (100, 0, What::Replicas { replicas: 0 }),
        (200, 50, failure()),
    ]));
    assert_eq!(count(&fewer, Event::Promoted { shard: 0 }), 0);
    assert!(fewer.summary.counts.misses_lost > 0);
}

#[test]
fn other_nodes_take_over_with_all_values() {
    let what = What::NodeType {
        node_type: "cache.r7g.xlarge".into(),
    };
    let report = run(&cluster(&[(100, 0, what)]));
    for shard in 0..3 {
        let replaced = first(&report, Event::Replaced { shard }).unwrap();
        assert!((107.0..112.0).contains(&replaced), "{replaced}");
    }
    let counts = &report.summary.counts;
    assert_eq!(counts.misses(), 0);
    // Two seconds in which nobody answers.
    assert!(
        (2_700..4_500).contains(&counts.unreachable),
        "{}",
        counts.unreachable
    );
    let before = run(&cluster(&[]));
    assert!(report.shards[0].maxmemory.0 as f64 > 1.9 * before.shards[0].maxmemory.0 as f64);
}

#[test]
fn a_scaled_cluster_costs_what_ran() {
    let what = What::NodeType {
        node_type: "cache.r7g.xlarge".into(),
    };
    let report = run(&cluster(&[
        (150, 0, What::Replicas { replicas: 0 }),
        (300, 0, what),
        (450, 0, What::Reshard { shards: 1 }),
    ]));
    let hours = |start: &str| {
        let lines = report
            .bill
            .lines
            .iter()
            .filter(|line| line.what.starts_with(start));
        lines.map(|line| line.quantity).sum::<f64>() / 730.0
    };
    // Three replicas for a quarter of the run; primaries less two of three for what is left after resharding.
    assert!((hours("Replicas") - 0.75).abs() < 0.05, "{}", hours("Replicas"));
    assert!((2.4..2.8).contains(&hours("Primaries")), "{}", hours("Primaries"));
    let types: Vec<&str> = report.bill.lines.iter().map(|line| line.what.as_str()).collect();
    assert!(
        types.iter().any(|what| what.contains("cache.r7g.large")),
        "{types:?}"
    );
    assert!(
        types.iter().any(|what| what.contains("cache.r7g.xlarge")),
        "{types:?}"
    );
}

#[test]
fn shards_follow_the_load() {
    let mut scenario = cluster(&[(
        1_800,
        3_600,
        What::Load {
            class: None,
            factor: 60.0,
        },
    )]);
    scenario.run.duration_s = Seconds(4 * 3_600);
    scenario.run.request_budget = 300_000;
    scenario.cluster.node_type = "cache.t4g.micro".into();
    scenario.cluster.auto_scaling = Some(AutoScaling {
        target: Share(0.2),
        least: 2,
        most: 8,
        ..AutoScaling::default()
    });
    let report = run(&scenario);
    let changes: Vec<(f64, u16)> = report
        .log
        .iter()
        .filter_map(|logged| match logged.event {
            Event::Reshards { shards } => Some((logged.at.as_secs(), shards)),
            _ => None,
        })
        .collect();
    let (outs, ins): (Vec<_>, Vec<_>) = changes
        .iter()
        .partition(|(at, _)| (1_800.0..5_400.0).contains(at));
    assert!(outs.iter().any(|(_, shards)| *shards > 4), "{changes:?}");
    assert!(
        ins.last()
            .is_some_and(|(at, shards)| *at > 5_400.0 && *shards == 2),
        "{changes:?}"
    );
    // Three minutes above the target and five until the nodes are there; two are enough before that.
    assert!((2_200.0..2_500.0).contains(&outs[0].0), "{changes:?}");
    assert!(report.bill.lines[0].what.starts_with("Primaries"));
}

#[test]
fn a_sampled_run_moves_slots_as_fast() {
    let seconds = |budget| {
        let mut scenario = cluster(&[(100, 0, What::Reshard { shards: 4 })]);
        scenario.run.request_budget = budget;
        if let Workload::Synthetic { classes } = &mut scenario.workload {
            classes[0].keys = 100_000;
        }
        let report = run(&scenario);
        let done = first(&report, Event::Resharded { shards: 4 }).unwrap();
        (
            report.sampling.one_in,
            done - 100.0,
            report.summary.counts.misses(),
        )
    };
    let (all, in_full, _) = seconds(10_000_000);
    let (one_in, sampled, misses) = seconds(100_000);
    assert!(all == 1 && one_in > 4, "{one_in}");
    assert!((sampled / in_full - 1.0).abs() < 0.1, "{sampled} {in_full}");
    assert_eq!(misses, 0);
}
