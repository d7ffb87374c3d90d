//! Runs of whole clusters.

mod dice;
mod laws;

use super::{Sim, sum};
use crate::scenario::{
    Guard, Happening, KeyClass, Rate, RunSettings, Scenario, ServiceTime, Ttl, Users, What, Workload,
};
use crate::units::{PerSecond, Seconds, Share};

/// Runs it in slices of so many requests.
fn run(scenario: &Scenario, mut slice: impl FnMut() -> u64) -> Sim {
    let plan = scenario
        .plan()
        .unwrap_or_else(|error| panic!("not a valid scenario: {error}"));
    let mut sim = Sim::new(plan, None).unwrap();
    while !sim.advance(slice()).complete {}
    sim
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
