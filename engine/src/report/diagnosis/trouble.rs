//! What goes wrong when something happens, and whether it ends with its cause.

use super::{Finding, Tone, points, share};
use crate::quantity::{Unit, clock, text};
use crate::report::{Metric, Report};
use crate::scenario::{Scenario, What};

/// Intervals after the end of the last happening that tell whether the database recovers.
const AFTERWARDS: usize = 3;

/// Requests that got no answer.
pub(super) fn failed(report: &Report) -> Option<Finding> {
    let counts = &report.summary.counts;
    let count = |value: u64| text(value as f64, Unit::Count);
    (counts.failed > 0).then(|| Finding {
        id: "failed".into(),
        tone: Tone::Bad,
        tag: "Failures".into(),
        title: format!("{} requests get no answer", count(counts.failed)),
        text: format!(
            "{} % of all. {} reads found no node to ask; the database refused {} queries, and {} were given up.",
            points(share(counts.failed, counts.requests())),
            count(counts.unreachable),
            count(counts.queries_refused),
            count(counts.queries_given_up)
        ),
        step: None,
    })
}

/// A database that stays overloaded after the last cause is gone.
pub(super) fn collapse(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let ends = scenario.timeline.iter().map(|happening| match happening.what {
        What::Flush { .. } => Some(happening.at_s.0),
        _ if happening.duration_s.0 > 0 => Some(happening.at_s.0 + happening.duration_s.0),
        // Until the end of the run.
        _ => None,
    });
    let last = ends.collect::<Option<Vec<u64>>>()?.into_iter().max()? as f64;
    let series = &report.series;
    let from = (last / series.interval.as_secs()).ceil() as usize;
    let after = series.cluster(Metric::DatabasePerS)?.get(from..)?;
    let capacity = scenario.database.capacity_per_s.0;
    if after.len() < AFTERWARDS || after.iter().any(|load| *load < capacity) {
        return None;
    }
    let mean = after.iter().sum::<f64>() / after.len() as f64;
    Some(Finding {
        id: "collapse".into(),
        tone: Tone::Bad,
        tag: "No recovery".into(),
        title: "The database does not recover".into(),
        text: format!(
            "The last happening is over at {}, and the database still gets {} to the end of the run. It can take {}.",
            clock(last),
            text(mean, Unit::PerSecond),
            text(capacity, Unit::PerSecond)
        ),
        step: None,
    })
}

/// Reads of what the database no longer holds.
pub(super) fn stale(report: &Report) -> Option<Finding> {
    let counts = &report.summary.counts;
    (counts.stale > 0).then(|| Finding {
        id: "stale".into(),
        tone: Tone::Plain,
        tag: "Stale".into(),
        title: format!(
            "{} % of reads get an old value",
            points(share(counts.stale, counts.reads))
        ),
        text: format!(
            "For {} on average the database has held something newer.",
            text(report.summary.stale_age.0 as f64, Unit::Micros)
        ),
        step: None,
    })
}
