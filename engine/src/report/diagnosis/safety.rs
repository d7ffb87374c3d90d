//! What a failure, a snapshot or a replica that is behind would cost.

use super::{Change, Finding, Step, Tone, points, share};
use crate::quantity::{Unit, clock, digits3, exact, text};
use crate::report::{Event, Metric, Report};
use crate::scenario::{Objective, ReadFrom, Scenario, limits};

/// Times the mean load at which a snapshot begins at a bad time: an assumption.
const BUSY: f64 = 1.2;

/// Shards whose values are gone when their only node fails.
pub(super) fn no_replica(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (cluster, database) = (&scenario.cluster, &report.summary.database);
    let seconds = report.summary.seconds;
    if cluster.replicas > 0 || seconds <= 0.0 || cluster.serverless.is_some() {
        return None;
    }
    let hits = report.shards.iter().map(|shard| shard.counts.hits).max()?;
    let turned = hits as f64 / seconds;
    let (load, capacity) = (database.mean_per_s.0 + turned, scenario.database.capacity_per_s.0);
    let over = load > capacity;
    let allowed = limits::NODES.contains(f64::from(2 * cluster.shards)) && !cluster.engine.is_memcached();
    Some(Finding {
        id: "no-replica".into(),
        tone: if over { Tone::Warning } else { Tone::Plain },
        tag: "No replica".into(),
        title: if over {
            "The loss of a node would overload the database".into()
        } else {
            "A node that fails takes its values along".into()
        },
        text: format!(
            "Without the busiest node {} of its hits turn to the database, which then gets {} of the {} that it can take.",
            text(turned, Unit::PerSecond),
            text(load, Unit::PerSecond),
            text(capacity, Unit::PerSecond)
        ),
        step: allowed.then(|| Step {
            label: "Try 1 replica".into(),
            change: Change::Replicas(1),
        }),
    })
}

/// Nodes that all lie in one zone.
pub(super) fn one_zone(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (cluster, database) = (&scenario.cluster, &report.summary.database);
    let nodes = cluster.shards * (1 + cluster.replicas);
    if cluster.zones > 1 || nodes < 2 || cluster.serverless.is_some() {
        return None;
    }
    Some(Finding {
        id: "one-zone".into(),
        tone: Tone::Plain,
        tag: "One zone".into(),
        title: format!("All {nodes} nodes lie in one zone"),
        text: format!(
            "Its loss takes the whole cache: the database would get {}, and can take {}. Replicas in another zone survive \
             it; writes then travel between zones.",
            text(database.without_cache_per_s.0, Unit::PerSecond),
            text(scenario.database.capacity_per_s.0, Unit::PerSecond)
        ),
        step: Some(Step {
            label: "Try 2 zones".into(),
            change: Change::Zones(2),
        }),
    })
}

/// Snapshots that begin when most is asked for.
pub(super) fn snapshot_at_peak(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let series = &report.series;
    let rates = series.cluster(Metric::RequestsPerS)?;
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    let begins = |logged: &&crate::report::Logged| logged.event == Event::Snapshot;
    let Report { log, .. } = report;
    let times = log.iter().filter(begins).map(|logged| logged.at.as_secs());
    let rate_at = |seconds: f64| rates.get((seconds / series.interval.as_secs()) as usize).copied();
    let (at, rate) = times
        .filter_map(|at| Some((at, rate_at(at)?)))
        .max_by(|(_, a), (_, b)| a.total_cmp(b))?;
    if mean <= 0.0 || rate < BUSY * mean {
        return None;
    }
    let alone = scenario.cluster.replicas == 0;
    let who = if alone {
        "The primaries fork, and every request waits for that."
    } else {
        "Replicas write it, which reads from them notice."
    };
    Some(Finding {
        id: "snapshot-at-peak".into(),
        tone: if alone { Tone::Warning } else { Tone::Plain },
        tag: "Snapshot".into(),
        title: format!(
            "A snapshot begins at {} times the mean load",
            digits3(rate / mean)
        ),
        text: format!(
            "At {} there are {}; {} on average. {who} Up to {} are needed beside maxmemory while it is written.",
            clock(at),
            text(rate, Unit::PerSecond),
            text(mean, Unit::PerSecond),
            text(report.summary.memory.snapshot_copies.0 as f64, Unit::Bytes)
        ),
        step: quietest_hour(report).map(|hour| Step {
            label: format!("Try {}", exact(f64::from(hour), Unit::Hour)),
            change: Change::SnapshotHour(hour),
        }),
    })
}

/// The hour of the first day in which least is asked for; `None` of a shorter run.
fn quietest_hour(report: &Report) -> Option<u32> {
    let series = &report.series;
    let rates = series.cluster(Metric::RequestsPerS)?;
    let at = |hour: u32| (f64::from(hour) * 3_600.0 / series.interval.as_secs()) as usize;
    if rates.len() < at(24) || series.interval.0 == 0 {
        return None;
    }
    let load = |hour: u32| {
        let of_hour = rates.get(at(hour)..at(hour + 1).max(at(hour) + 1));
        of_hour.map_or(f64::MAX, |rates| rates.iter().sum::<f64>() / rates.len() as f64)
    };
    (0..24).min_by(|a, b| load(*a).total_cmp(&load(*b)))
}

/// Replicas that are read and are behind.
pub(super) fn replica_lag(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let counts = &report.summary.counts;
    let stale = counts.stale.saturating_sub(counts.stale_near);
    if scenario.client.read_from != ReadFrom::Replicas || scenario.cluster.replicas == 0 || stale == 0 {
        return None;
    }
    let lag = report.summary.replication_lag.0 as f64;
    let target = scenario.objectives.target(Objective::ReplicationLagMs);
    Some(Finding {
        id: "replica-lag".into(),
        tone: if target.is_some_and(|target| lag > target * 1e3) {
            Tone::Warning
        } else {
            Tone::Plain
        },
        tag: "Replica lag".into(),
        title: format!("Reads from replicas up to {} behind", text(lag, Unit::Micros)),
        text: format!(
            "{} % of reads get an old value from a node. What has to be new is read from the primary.",
            points(share(stale, counts.reads))
        ),
        step: Some(Step {
            label: "Try reading primaries".into(),
            change: Change::ReadPrimaries,
        }),
    })
}
