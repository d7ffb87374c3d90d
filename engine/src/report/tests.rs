use super::*;
use crate::scenario::parameters::redis::MaxmemoryPolicy;
use crate::scenario::{
    Happening, KeyClass, Objective, Objectives, OnCacheError, Popularity, Rate, Scenario, Ttl, ValueSize,
    What, Workload,
};
use crate::sim::Sim;
use crate::units::Seconds;

/// Half an hour of 200 requests/s for 10,000 keys of 100 bytes, all of them in the cache from the start, on two shards.
fn calm() -> Scenario {
    let mut scenario = Scenario::default();
    scenario.run.duration_s = Seconds(1_800);
    scenario.run.warm_up_s = Seconds(60);
    scenario.run.warm_start = true;
    scenario.workload = Workload::Synthetic {
        classes: vec![class("objects")],
    };
    scenario.cluster.shards = 2;
    scenario.cluster.replicas = 1;
    scenario.objectives.stale_age_ms = Some(1_000.0);
    scenario
}

fn class(name: &str) -> KeyClass {
    KeyClass {
        name: name.into(),
        keys: 10_000,
        rate: Rate::Constant {
            per_s: PerSecond(200.0),
        },
        value_size: ValueSize::Fixed { bytes: Bytes(100) },
        ttl: Ttl::None,
        writes: Share(0.0),
        ..KeyClass::default()
    }
}

fn happens(at_s: u64, duration_s: u64, what: What) -> Happening {
    Happening {
        at_s: Seconds(at_s),
        duration_s: Seconds(duration_s),
        what,
    }
}

fn report(scenario: &Scenario) -> Report {
    let mut sim = Sim::new(scenario.plan().unwrap(), None).unwrap();
    while !sim.advance(1_000_000).complete {}
    Report::of(&sim)
}

fn verdict(report: &Report, objective: Objective) -> &Verdict {
    let mut all = report.objectives.iter();
    all.find(|verdict| verdict.objective == objective).unwrap()
}

fn alarms(report: &Report, symptom: Symptom) -> Vec<&Alarm> {
    let all = report.alarms.iter();
    all.filter(|alarm| alarm.symptom == symptom).collect()
}

const fn seconds(seconds: u64) -> Micros {
    Micros(seconds * 1_000_000)
}

#[test]
fn a_calm_run_meets_every_objective_that_it_can_measure_and_calls_nobody() {
    let report = report(&calm());
    for verdict in &report.objectives {
        let expected = match verdict.objective {
            Objective::FailoverS => Outcome::NotMeasured,
            _ => Outcome::Met,
        };
        assert_eq!(verdict.outcome, expected, "{verdict:?}");
        assert_eq!(
            (verdict.outside, verdict.first_outside),
            (Share(0.0), None),
            "{verdict:?}"
        );
    }
    assert_eq!(report.objectives.len(), Objective::ALL.len());
    assert_eq!(verdict(&report, Objective::FailoverS).note, "no primary failed");
    assert_eq!(report.alarms, []);
    let budget = verdict(&report, Objective::Errors).budget.unwrap();
    assert_eq!((budget.used, budget.window), (0.0, seconds(1_740)));
}

#[test]
fn nothing_is_judged_that_nobody_asked_for_or_before_the_warm_up_is_over() {
    let mut scenario = calm();
    let mut objectives = Objectives::default();
    for objective in Objective::ALL {
        *objectives.target_mut(objective) = None;
    }
    objectives.memory = Some(0.0);
    scenario.objectives = objectives;
    scenario.timeline = vec![happens(600, 300, What::DatabaseDown)];
    let judged = report(&scenario);
    let outcomes: Vec<Outcome> = judged.objectives.iter().map(|verdict| verdict.outcome).collect();
    assert_eq!((outcomes, judged.alarms.len()), (vec![Outcome::Missed], 0));

    let mut sim = Sim::new(calm().plan().unwrap(), None).unwrap();
    sim.advance(1_000);
    for verdict in Report::of(&sim).objectives {
        assert_eq!(verdict.outcome, Outcome::NotMeasured, "{verdict:?}");
    }
}

/// A mean over classes would hide that one of them never hits.
#[test]
fn the_worst_class_decides_on_the_hit_ratio() {
    let mut scenario = calm();
    let mut cold = class("cold");
    cold.rate = Rate::Constant {
        per_s: PerSecond(2.0),
    };
    cold.ttl = Ttl::Fixed {
        seconds: Seconds(1),
        jitter: Share(0.0),
    };
    scenario.workload = Workload::Synthetic {
        classes: vec![class("objects"), cold],
    };
    let report = report(&scenario);
    assert!(report.summary.hit_ratio() > 0.98);
    let verdict = verdict(&report, Objective::HitRatio);
    assert_eq!(verdict.outcome, Outcome::Missed);
    assert!(
        verdict.measured.unwrap() < 0.3 && verdict.outside.0 > 0.99,
        "{verdict:?}"
    );
    assert!(
        verdict.note.starts_with("cold, the worst class"),
        "{}",
        verdict.note
    );
}

/// Ten minutes of a database that refuses every query, asked only by the 10 % of the requests that write.
#[test]
fn an_error_budget_is_used_as_fast_as_requests_fail() {
    let mut scenario = calm();
    let mut writing = class("objects");
    writing.writes = Share(0.1);
    scenario.workload = Workload::Synthetic {
        classes: vec![writing],
    };
    scenario.timeline = vec![happens(900, 600, What::DatabaseDown)];
    scenario.objectives.errors = Some(0.01);
    let report = report(&scenario);
    let verdict = verdict(&report, Objective::Errors);
    let counts = &report.summary.counts;
    let ratio = counts.failed as f64 / counts.requests() as f64;
    assert!((verdict.measured.unwrap() - ratio).abs() < 1e-9 && ratio > 0.03);
    assert_eq!(
        (verdict.outcome, verdict.first_outside),
        (Outcome::Missed, Some(seconds(900)))
    );
    // 600 of 1,740 s.
    assert!((verdict.outside.0 - 600.0 / 1_740.0).abs() < 0.01, "{verdict:?}");
    let budget = verdict.budget.unwrap();
    assert!((budget.used - ratio / 0.01).abs() < 1e-9);
    assert!(
        (budget.worst_burn - budget.used).abs() < 1e-9,
        "the run is one window"
    );
    let [alarm] = alarms(&report, Symptom::ErrorBudget)[..] else {
        panic!("{:?}", report.alarms);
    };
    assert_eq!((alarm.severity, &alarm.shards[..]), (Severity::Page, &[][..]));
    assert_eq!((alarm.from, alarm.until), (seconds(900), Some(seconds(1_500))));
}

#[test]
fn the_worst_hour_burns_faster_than_the_run() {
    let mut scenario = calm();
    scenario.run.duration_s = Seconds(14_400);
    scenario.run.warm_up_s = Seconds(0);
    scenario.client.on_cache_error = OnCacheError::Fail;
    scenario.timeline = vec![happens(7_200, 360, What::AuthFailures { share: Share(0.1) })];
    let report = report(&scenario);
    let budget = verdict(&report, Objective::Errors).budget.unwrap();
    assert_eq!(budget.window, seconds(3_600));
    // A tenth of the requests of six minutes fails: 1 % of those of the hour, ten times what may.
    assert!((budget.worst_burn - 10.0).abs() < 1.0, "{budget:?}");
    assert!((budget.worst_burn / budget.used - 4.0).abs() < 0.1, "{budget:?}");
    let [ticket] = alarms(&report, Symptom::AuthFailures)[..] else {
        panic!("{:?}", report.alarms);
    };
    assert_eq!(
        (ticket.severity, ticket.until),
        (Severity::Ticket, Some(seconds(7_560)))
    );
}

#[test]
fn slow_requests_use_the_budget_of_the_p99() {
    let mut scenario = calm();
    scenario.client.round_trip_us = 30_000;
    let report = report(&scenario);
    let verdict = verdict(&report, Objective::P99Ms);
    assert_eq!((verdict.outcome, verdict.outside), (Outcome::Missed, Share(1.0)));
    // All requests are slow where one in a hundred may be.
    assert!((verdict.budget.unwrap().used - 100.0).abs() < 1e-6, "{verdict:?}");
    assert_eq!(alarms(&report, Symptom::LatencyBudget).len(), 1);
}

#[test]
fn a_node_without_replica_pages_until_it_is_back() {
    let mut scenario = calm();
    scenario.cluster.replicas = 0;
    let failure = |at, shard| happens(at, 200, What::NodeFailure { shard });
    scenario.timeline = vec![failure(600, 1), failure(620, 0), failure(1_700, 0)];
    let report = report(&scenario);
    let failover = verdict(&report, Objective::FailoverS);
    assert_eq!(
        (failover.outcome, failover.measured),
        (Outcome::Missed, Some(200.0))
    );
    assert_eq!(failover.first_outside, Some(seconds(660)));
    assert_eq!(
        verdict(&report, Objective::ReplicationLagMs).note,
        "there are no replicas"
    );
    let [both, last] = alarms(&report, Symptom::NodeDown)[..] else {
        panic!("{:?}", report.alarms);
    };
    assert_eq!((&both.shards[..], both.severity), (&[0, 1][..], Severity::Page));
    assert_eq!((both.from, both.until), (seconds(600), Some(seconds(820))));
    assert_eq!(
        (&last.shards[..], last.from, last.until),
        (&[0][..], seconds(1_700), None)
    );
    let late = alarms(&report, Symptom::FailoverLate);
    assert_eq!(
        late.iter().map(|alarm| alarm.from).collect::<Vec<_>>(),
        [seconds(660), seconds(1_760)]
    );
}

#[test]
fn a_promotion_in_time_meets_the_objective() {
    let mut scenario = calm();
    scenario.cluster.shards = 3;
    scenario.timeline = vec![happens(600, 600, What::NodeFailure { shard: 2 })];
    let report = report(&scenario);
    let failover = verdict(&report, Objective::FailoverS);
    assert_eq!(failover.outcome, Outcome::Met, "{failover:?}");
    assert!((5.0..60.0).contains(&failover.measured.unwrap()), "{failover:?}");
    assert_eq!(alarms(&report, Symptom::FailoverLate).len(), 0);
    assert_eq!(alarms(&report, Symptom::NodeDown).len(), 1);
}

#[test]
fn a_replica_that_is_lost_pages_until_one_is_in_step() {
    let mut scenario = calm();
    scenario.timeline = vec![happens(600, 300, What::ReplicaFailure { shard: 1 })];
    let report = report(&scenario);
    let [alarm] = alarms(&report, Symptom::ReplicaDown)[..] else {
        panic!("{:?}", report.alarms);
    };
    assert_eq!((alarm.severity, &alarm.shards[..]), (Severity::Page, &[1][..]));
    assert_eq!(alarm.from, seconds(600));
    let until = alarm.until.unwrap();
    assert!((seconds(900)..seconds(960)).contains(&until), "{until:?}");
    assert_eq!(alarms(&report, Symptom::NodeDown).len(), 0);
}

#[test]
fn replicas_that_are_far_behind_page() {
    let mut scenario = calm();
    scenario.cluster.replication.one_way_us = 300_000;
    scenario.cluster.replication.cross_zone_one_way_us = 300_000;
    let report = report(&scenario);
    let lag = verdict(&report, Objective::ReplicationLagMs);
    assert_eq!((lag.outcome, lag.outside), (Outcome::Missed, Share(1.0)));
    assert!((300.0..310.0).contains(&lag.measured.unwrap()), "{lag:?}");
    let [alarm] = alarms(&report, Symptom::ReplicationLag)[..] else {
        panic!("{:?}", report.alarms);
    };
    assert_eq!((&alarm.shards[..], alarm.until), (&[0, 1][..], None));
}

/// Values that grow in a deploy push each other out, for long or for a moment.
#[test]
fn evictions_that_last_page_and_a_spike_makes_a_ticket() {
    let mut scenario = calm();
    scenario.cluster.maxmemory_bytes = Some(Bytes::mib(16));
    scenario.cluster.redis.maxmemory_policy = MaxmemoryPolicy::AllkeysLru;
    let deploy = |seconds| {
        let what = What::Deploy {
            class: None,
            value_factor: 100.0,
            ttl_s: None,
        };
        happens(900, seconds, what)
    };
    let mut writing = class("objects");
    writing.writes = Share(0.3);
    scenario.workload = Workload::Synthetic {
        classes: vec![writing],
    };
    scenario.timeline = vec![deploy(0)];
    let lasting = report(&scenario);
    let [alarm] = alarms(&lasting, Symptom::Evictions)[..] else {
        panic!("{:?}", lasting.alarms);
    };
    assert_eq!((alarm.severity, alarm.until), (Severity::Page, None));
    assert_eq!(verdict(&lasting, Objective::Evictions).outcome, Outcome::Missed);
    scenario.timeline = vec![deploy(60)];
    let spike = report(&scenario);
    let [ticket] = alarms(&spike, Symptom::Evictions)[..] else {
        panic!("{:?}", spike.alarms);
    };
    assert_eq!(ticket.severity, Severity::Ticket);
    assert!(
        ticket.until.is_some_and(|until| until < seconds(1_080)),
        "{ticket:?}"
    );
}

#[test]
fn the_busiest_keys_have_the_shares_of_their_ranks() {
    let mut scenario = calm();
    let mut skewed = class("objects");
    skewed.popularity = Popularity::Zipf { exponent: 1.0 };
    scenario.workload = Workload::Synthetic {
        classes: vec![
            skewed,
            KeyClass {
                popularity: Popularity::Uniform,
                ..class("others")
            },
        ],
    };
    let hot = report(&scenario).hot;
    let numbers: Vec<u64> = hot.keys.iter().map(|key| key.number).collect();
    assert_eq!(numbers, (1..=10).collect::<Vec<_>>());
    let harmonic: f64 = (1..=10_000).map(|rank| 1.0 / f64::from(rank)).sum();
    for (rank, key) in (1..).zip(&hot.keys) {
        let expected = 0.5 / harmonic / f64::from(rank);
        assert!((key.of_all.0 / expected - 1.0).abs() < 1e-3, "{key:?}");
        assert!(key.of_shard.0 > key.of_all.0, "{key:?}");
        assert_eq!(key.class, "objects");
    }
    assert!((1.0..1.5).contains(&hot.shard_ratio), "{}", hot.shard_ratio);
}
