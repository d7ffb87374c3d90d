//! What memory and TTL do to the hit rate.

use super::load::TIGHT;
use super::{Change, Finding, Step, Tone, more_shards, points, sentence, share};
use crate::quantity::{Unit, clock, percent, text};
use crate::report::Report;
use crate::scenario::{Scenario, Ttl, Workload};

fn bytes(value: u64) -> String {
    text(value as f64, Unit::Bytes)
}

/// Where the misses come from.
pub(super) fn misses(report: &Report) -> Option<Finding> {
    let counts = &report.summary.counts;
    if counts.reads == 0 {
        return None;
    }
    let (cold, evicted, expired) = (counts.misses_cold, counts.misses_evicted, counts.misses_expired);
    let title = if counts.misses() == 0 {
        "Every read hits".to_string()
    } else if evicted >= cold && evicted >= expired {
        "Most misses are evicted keys".into()
    } else if expired >= cold {
        "Most misses are expired keys".into()
    } else {
        "Most misses are first reads".into()
    };
    let of_reads = |part: u64| points(share(part, counts.reads));
    Some(Finding {
        id: "misses".into(),
        tone: Tone::Plain,
        tag: "Misses".into(),
        title,
        text: sentence(&format!(
            "{} % of reads miss: {} points evicted before they were asked for again, {} expired, {} never stored before. {}",
            of_reads(counts.misses()),
            of_reads(evicted),
            of_reads(expired),
            of_reads(cold),
            match counts.misses() {
                0 => "",
                _ if evicted >= cold && evicted >= expired =>
                    "More memory, or a better choice of what to evict, raises the hit rate.",
                _ if expired >= cold => "A longer TTL raises the hit rate; more memory does not.",
                _ => "Neither memory nor TTL avoids a first read.",
            }
        )),
        step: None,
    })
}

/// Memory that cannot hold what is asked for.
pub(super) fn undersized(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (counts, memory) = (&report.summary.counts, &report.summary.memory);
    let since = memory.evicting_since?;
    if counts.evictions == 0 || report.summary.seconds <= 0.0 {
        return None;
    }
    let lost = share(counts.misses_evicted, counts.reads);
    let rate = counts.evictions as f64 / report.summary.seconds;
    let pressing = lost >= 0.01;
    Some(Finding {
        id: "undersized".into(),
        tone: if pressing { Tone::Warning } else { Tone::Plain },
        tag: if pressing { "Undersized" } else { "Full" }.into(),
        title: if pressing {
            format!("Evictions cost {} points of hit rate", points(lost))
        } else {
            "Full, and it hardly matters".into()
        },
        text: format!(
            "All keys would take {}; maxmemory is {}. From {} on {} are evicted; {} % of reads miss because of it.",
            bytes(memory.working_set.0),
            bytes(memory.maxmemory.0),
            clock(since.as_secs()),
            text(rate, Unit::Count) + " keys/s",
            points(lost)
        ),
        step: more_shards(scenario).filter(|_| pressing),
    })
}

/// Memory that nothing asks for.
pub(super) fn oversized(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let memory = &report.summary.memory;
    let used = share(memory.peak_used.0, memory.maxmemory.0);
    let fits = memory.evicting_since.is_some() || used >= 0.5 || memory.maxmemory.0 == 0;
    if fits || report.progress.0 < 1.0 || report.serverless.is_some() {
        return None;
    }
    let shards = scenario.cluster.shards;
    let fewer = {
        let growth = f64::from(shards) / f64::from(shards.max(2) - 1);
        let busiest = report
            .shards
            .iter()
            .map(|shard| shard.engine_cpu.0)
            .fold(0.0, f64::max);
        shards > 1 && used * growth < 0.9 && busiest * growth < TIGHT
    };
    Some(Finding {
        id: "oversized".into(),
        tone: Tone::Plain,
        tag: "Roomy".into(),
        title: format!("{} % of memory is never used", percent(1.0 - used)),
        text: format!(
            "At most {} of {} fill up and nothing is evicted: more memory would not raise the hit rate.",
            bytes(memory.peak_used.0),
            bytes(memory.maxmemory.0)
        ),
        step: fewer.then(|| Step {
            label: if shards == 2 {
                "Try 1 shard".into()
            } else {
                format!("Try {} shards", shards - 1)
            },
            change: Change::Shards(shards - 1),
        }),
    })
}

/// Writes that fail because nothing may go.
pub(super) fn out_of_memory(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let counts = &report.summary.counts;
    let memcached = scenario.cluster.engine.is_memcached();
    let policy = scenario.cluster.eviction();
    let spares_keys = policy == "noeviction" || policy.starts_with("volatile-");
    (counts.out_of_memory > 0).then(|| Finding {
        id: "out-of-memory".into(),
        tone: Tone::Bad,
        tag: "Out of memory".into(),
        title: "Stores fail: memory is full and nothing may go".into(),
        text: format!(
            "{} stores were answered with an error, {} % of all stores. {}",
            text(counts.out_of_memory as f64, Unit::Count),
            points(share(counts.out_of_memory, counts.writes + counts.misses())),
            match memcached {
                true => "Evictions are turned off.".to_string(),
                false if policy == "noeviction" => "Under noeviction nothing is ever evicted.".into(),
                false if spares_keys => {
                    format!("Under {policy} only keys with a TTL are evicted, and too few are left.")
                }
                false =>
                    "No key is left to evict: the server, its connections and the value to be stored fill maxmemory alone.".into(),
            }
        ),
        step: (!memcached && spares_keys).then(|| Step {
            label: "Try allkeys-lru".into(),
            change: Change::AllkeysLru,
        }),
    })
}

/// Values too large for a node.
pub(super) fn refused(report: &Report) -> Option<Finding> {
    let refused = report.summary.counts.refused;
    (refused > 0).then(|| Finding {
        id: "refused".into(),
        tone: Tone::Warning,
        tag: "Too large".into(),
        title: "Some values fit on no node".into(),
        text: format!(
            "{} stores were refused: larger than a node takes.",
            text(refused as f64, Unit::Count)
        ),
        step: None,
    })
}

/// A policy that evicts keys with a TTL only, where none has one.
pub(super) fn cannot_evict(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (policy, memory) = (scenario.cluster.eviction(), &report.summary.memory);
    let expires = match &scenario.workload {
        Workload::Synthetic { classes } => classes.iter().any(|class| class.ttl != Ttl::None),
        Workload::Trace(_) => true,
    };
    if expires || !policy.starts_with("volatile-") || report.summary.counts.out_of_memory > 0 {
        return None;
    }
    let used = share(memory.peak_used.0, memory.maxmemory.0);
    Some(Finding {
        id: "cannot-evict".into(),
        tone: if used >= TIGHT { Tone::Warning } else { Tone::Plain },
        tag: "Policy".into(),
        title: format!("{policy} has nothing to evict"),
        text: format!(
            "It evicts keys with a TTL, and none has one: when memory is full, stores fail. At its peak {} % are in use.",
            percent(used)
        ),
        step: Some(Step {
            label: "Try allkeys-lru".into(),
            change: Change::AllkeysLru,
        }),
    })
}
