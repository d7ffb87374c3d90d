//! What the settings of key classes do.

use super::load::HIDDEN;
use super::{Change, Finding, JITTER, Step, Tone, classes, points, share, verdict};
use crate::catalog::node_type;
use crate::quantity::{Unit, digits3, exact, percent, text};
use crate::report::{Metric, Outcome, Report};
use crate::scenario::{Objective, Scenario, Ttl, Writes, limits};
use crate::units::{Micros, Seconds};

/// Part of the reads that expiry costs from which on it is worth a word, and a warning: a third of what the usual
/// objective of 85 % allows to miss, and all of it.
const EXPIRY_TELLS: f64 = 0.05;
const EXPIRY_WARNS: f64 = 0.15;
/// Reads of a key in a run below which caching it serves little: an assumption.
const FEW_READS: f64 = 3.0;
/// Writes for a hit from which on values are written for nobody: an assumption.
const UNREAD: f64 = 2.0;
/// Bytes of a value that is large: at 1 Gbit/s it takes longer than a round trip in a zone. An assumption.
const LARGE: f64 = 100_000.0;
/// Times the mean that is no chance any more where the load is even: an assumption.
const BURST: f64 = 2.0;

/// Values that expire before they are asked for again.
pub(super) fn short_ttl(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (number, class, summary) =
        classes(scenario, report).max_by_key(|(_, _, summary)| summary.counts.misses_expired)?;
    let seconds = class.ttl.seconds()?;
    let counts = &summary.counts;
    let lost = share(counts.misses_expired, counts.reads);
    if lost < EXPIRY_TELLS || counts.misses_expired * 2 < counts.misses() {
        return None;
    }
    let longer = Seconds((seconds.0 * 4).min(limits::TTL_S.max as u64));
    let ttl = |seconds: Seconds| exact(seconds.0 as f64, Unit::Seconds);
    Some(Finding {
        id: "short-ttl".into(),
        tone: if lost >= EXPIRY_WARNS {
            Tone::Warning
        } else {
            Tone::Plain
        },
        tag: "TTL".into(),
        title: format!(
            "A TTL of {} costs {} points of hit rate",
            ttl(seconds),
            points(lost)
        ),
        text: format!(
            "Of the reads of {}, {} % find a value that has expired, {} % of the misses. {} % of its requests change a \
             value: how long an old one may be served decides how long the TTL can be.",
            class.name,
            points(lost),
            percent(share(counts.misses_expired, counts.misses())),
            points(class.writes.0 + class.deletes.0)
        ),
        step: (longer > seconds).then(|| Step {
            label: format!("Try a TTL of {}", ttl(longer)),
            change: Change::Ttl(number, longer),
        }),
    })
}

/// The largest value of a figure after the warm-up over its mean, and the largest.
fn peak(scenario: &Scenario, report: &Report, metric: Metric) -> Option<(f64, f64)> {
    let series = &report.series;
    let from = scenario.run.warm_up_s.0 as f64 / series.interval.as_secs();
    let column = series.cluster(metric)?.get(from.ceil() as usize..)?;
    let mean = column.iter().sum::<f64>() / column.len() as f64;
    let peak = column.iter().copied().fold(0.0, f64::max);
    (mean > 0.0).then_some((peak / mean, peak))
}

/// Values stored together that expire together.
pub(super) fn aligned(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let is_aligned = |ttl: Ttl| match ttl {
        Ttl::None => false,
        Ttl::Fixed { jitter, .. } => jitter.0 <= 0.0,
        Ttl::Sliding { .. } => true,
    };
    let (number, class, summary) = classes(scenario, report)
        .filter(|(_, class, _)| is_aligned(class.ttl))
        .max_by_key(|(_, _, summary)| summary.counts.misses_expired)?;
    let (requests, _) = peak(scenario, report, Metric::RequestsPerS)?;
    let (expired, per_s) = peak(scenario, report, Metric::ExpirationsPerS)?;
    let (load, queries) = peak(scenario, report, Metric::DatabasePerS)?;
    // What is uneven because the load is, or because something happened, says nothing of the TTL.
    let by_expiry = scenario.timeline.is_empty() && expired >= BURST * requests && load >= BURST * requests;
    let counts = &summary.counts;
    if !by_expiry || counts.misses_expired * 2 < counts.misses() {
        return None;
    }
    Some(Finding {
        id: "aligned".into(),
        tone: Tone::Warning,
        tag: "TTL".into(),
        title: "Values expire together".into(),
        text: format!(
            "At the worst {} keys/s expire, {} times the mean, and the database gets {}, {} times its mean, while \
             requests come evenly. {} has a TTL without jitter.",
            text(per_s, Unit::Count),
            digits3(expired),
            text(queries, Unit::PerSecond),
            digits3(load),
            class.name
        ),
        // One that reads renew has none to set.
        step: matches!(class.ttl, Ttl::Fixed { .. }).then(|| Step {
            label: format!("Try jitter of {} %", percent(JITTER.0)),
            change: Change::Jitter(number),
        }),
    })
}

/// A class whose keys are hardly asked for twice.
pub(super) fn low_reuse(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (_, class, summary) = classes(scenario, report)
        .filter(|(_, class, summary)| {
            let counts = &summary.counts;
            let reads = counts.reads as f64 / class.keys as f64;
            counts.hit_ratio() < 0.5 && counts.misses_cold * 2 > counts.misses() && reads < FEW_READS
        })
        .max_by_key(|(_, _, summary)| summary.counts.misses_cold)?;
    let counts = &summary.counts;
    Some(Finding {
        id: "low-reuse".into(),
        tone: Tone::Warning,
        tag: "Low reuse".into(),
        title: format!("{} is hardly asked for twice", class.name),
        text: format!(
            "{} reads of {} keys, {} % of them hits: most are the first of their key. Neither memory nor TTL helps; \
             such data may be better left out of the cache.",
            text(counts.reads as f64, Unit::Count),
            text(class.keys as f64, Unit::Count),
            percent(counts.hit_ratio())
        ),
        step: None,
    })
}

/// Values that are written into the cache for nobody.
pub(super) fn unread_writes(scenario: &Scenario, report: &Report) -> Option<Finding> {
    if !matches!(scenario.client.writes, Writes::Through | Writes::Behind { .. }) {
        return None;
    }
    let (_, class, summary) = classes(scenario, report)
        .filter(|(_, _, summary)| summary.counts.writes as f64 > UNREAD * summary.counts.hits as f64)
        .max_by_key(|(_, _, summary)| summary.counts.writes)?;
    let counts = &summary.counts;
    let expires = match class.ttl {
        Ttl::None => "Without a TTL they also stay for ever.",
        Ttl::Fixed { .. } | Ttl::Sliding { .. } => "Their TTL gives the memory back in the end.",
    };
    Some(Finding {
        id: "unread-writes".into(),
        tone: Tone::Warning,
        tag: "Writes".into(),
        title: format!(
            "{} writes of {} for each hit",
            digits3(counts.writes as f64 / counts.hits.max(1) as f64),
            class.name
        ),
        text: format!(
            "{} values went into the cache with a write, and reads hit {} times. {expires} Deleting the cached value on a \
             write stores only what is read.",
            text(counts.writes as f64, Unit::Count),
            text(counts.hits as f64, Unit::Count)
        ),
        step: Some(Step {
            label: "Try invalidation".into(),
            change: Change::Invalidate,
        }),
    })
}

/// Values so large that sending them is what takes the time.
pub(super) fn large_values(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let gbps = node_type(&scenario.cluster.node_type)?.network_baseline_gbps;
    let (_, class, _) = classes(scenario, report)
        .filter(|(_, class, _)| class.value_size.mean() >= LARGE)
        .max_by(|(_, a, _), (_, b, _)| a.value_size.mean().total_cmp(&b.value_size.mean()))?;
    let bytes = class.value_size.mean();
    let busiest = report
        .shards
        .iter()
        .map(|shard| shard.network.0)
        .fold(0.0, f64::max);
    Some(Finding {
        id: "large-values".into(),
        tone: if busiest >= 0.5 {
            Tone::Warning
        } else {
            Tone::Plain
        },
        tag: "Large values".into(),
        title: format!(
            "Values of {} take {} on average",
            class.name,
            text(bytes, Unit::Bytes)
        ),
        text: format!(
            "At the node's baseline of {} Gbit/s one takes {} to send, and the busiest node asks for {} % of its network. \
             Splitting, compressing, or storing a reference helps.",
            digits3(gbps),
            text(bytes * 8e-3 / gbps, Unit::Micros),
            percent(busiest)
        ),
        step: None,
    })
}

/// A class that the mean over all hides.
pub(super) fn hidden_class(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let all = report.summary.hit_ratio();
    let reads = report.summary.counts.reads;
    let (_, class, summary) = classes(scenario, report)
        .filter(|(_, _, summary)| summary.counts.hits + summary.counts.misses() > 0)
        .min_by(|(_, _, a), (_, _, b)| a.counts.hit_ratio().total_cmp(&b.counts.hit_ratio()))?;
    let ratio = summary.counts.hit_ratio();
    let missed =
        verdict(report, Objective::HitRatio).is_some_and(|verdict| verdict.outcome == Outcome::Missed);
    (all - ratio >= HIDDEN).then(|| Finding {
        id: "hidden-class".into(),
        tone: if missed { Tone::Warning } else { Tone::Plain },
        tag: "Averages".into(),
        title: format!("The mean hides {}: {} % hits", class.name, percent(ratio)),
        text: format!(
            "{} % overall, while this class, {} % of the reads, misses {} times.",
            percent(all),
            percent(share(summary.counts.reads, reads)),
            text(summary.counts.misses() as f64, Unit::Count)
        ),
        step: None,
    })
}

/// Near caches that serve older values than the objective allows.
pub(super) fn near_stale(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let near = scenario.client.near?;
    let target = scenario.objectives.stale_age_ms?;
    let (counts, age) = (&report.summary.counts, report.summary.stale_age);
    let allowed = Micros((target * 1e3) as u64);
    if counts.stale_near == 0 || age <= allowed {
        return None;
    }
    let ttl = (target as u32).max(limits::NEAR_TTL_MS.min as u32);
    let span = |ms: f64| text(ms * 1e3, Unit::Micros);
    Some(Finding {
        id: "near-stale".into(),
        tone: Tone::Warning,
        tag: "Stale".into(),
        title: format!("Near caches are staler than {}", span(target)),
        text: format!(
            "{} % of reads get an old value from a near cache; on average the database has held a newer one for {}. Copies \
             live for {} there.",
            points(share(counts.stale_near, counts.reads)),
            text(age.0 as f64, Unit::Micros),
            span(f64::from(near.ttl_ms))
        ),
        step: (ttl < near.ttl_ms).then(|| Step {
            label: format!("Try {} in near caches", span(f64::from(ttl))),
            change: Change::NearTtl(ttl),
        }),
    })
}
