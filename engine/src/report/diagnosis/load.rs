//! What the database and the primaries have to bear, and what that does to latency.

use super::{Change, Finding, Step, Tone, more_shards, points, share};
use crate::quantity::{Unit, fixed, percent, text};
use crate::report::{Limit, Report, ShardSummary};
use crate::scenario::Scenario;
use crate::units::PerSecond;

/// Part of what the database or an engine thread can bear from which little is left for a bad moment.
pub(super) const TIGHT: f64 = 0.8;
/// Part of a shard's requests from which on a key counts as hot: an assumption.
const HOT_KEY: f64 = 0.1;
/// By so much of the hit ratio a class or shard is worse than the mean when that hides it: an assumption.
pub(super) const HIDDEN: f64 = 0.1;
/// A shard with so many times the mean of requests counts as hot.
const HOT: f64 = 1.25;

/// What the database gets.
pub(super) fn database(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let database = &report.summary.database;
    let used = database.peak_utilisation;
    if used <= 0.0 {
        return None;
    }
    let capacity = scenario.database.capacity_per_s.0;
    let peak = text(database.peak_per_s.0, Unit::PerSecond);
    let can_take = text(capacity, Unit::PerSecond);
    let without = database.without_cache_per_s.0;
    let lost = if without > capacity {
        format!(
            " Without the cache it would get {}, {} times what it can take: losing the cache takes it down.",
            text(without, Unit::PerSecond),
            fixed(without / capacity, 1)
        )
    } else {
        String::new()
    };
    let (tone, tag, title) = if used >= 1.0 {
        (Tone::Bad, "Overload", "The database cannot keep up".to_string())
    } else if used >= TIGHT {
        (
            Tone::Warning,
            "Tight",
            format!("Database at {} % of capacity", percent(used)),
        )
    } else if lost.is_empty() {
        return None;
    } else {
        (
            Tone::Plain,
            "Dependence",
            "The database lives on the cache".into(),
        )
    };
    let waiting = if used >= 1.0 {
        format!(
            " Queries wait up to {}.",
            text(database.peak_wait.0 as f64, Unit::Micros)
        )
    } else {
        String::new()
    };
    Some(Finding {
        id: "database".into(),
        tone,
        tag: tag.into(),
        title,
        text: format!("At its peak it gets {peak} and completes {can_take} at most.{waiting}{lost}"),
        step: None,
    })
}

/// A shard that gets more than its share.
pub(super) fn hot_shard(report: &Report) -> Option<Finding> {
    let shards = &report.shards;
    if shards.len() < 2 {
        return None;
    }
    let (number, hot) = busiest(shards, |shard| shard.operations_per_s.0)?;
    let mean = shards.iter().map(|shard| shard.operations_per_s.0).sum::<f64>() / shards.len() as f64;
    let times = hot.operations_per_s.0 / mean.max(1e-9);
    if times < HOT {
        return None;
    }
    let key = hot.hottest_key_share.0;
    let cause = if key >= 0.05 {
        " More shards do not spread a single key."
    } else {
        ""
    };
    Some(Finding {
        id: "hot-shard".into(),
        tone: if hot.engine_cpu.0 >= TIGHT {
            Tone::Warning
        } else {
            Tone::Plain
        },
        tag: "Hot shard".into(),
        title: format!("Shard {} gets {} times the mean", number + 1, fixed(times, 2)),
        text: format!(
            "{} against {} on average. Its busiest key takes {} % of it.{cause}",
            text(hot.operations_per_s.0, Unit::PerSecond),
            text(mean, Unit::PerSecond),
            percent(key)
        ),
        step: None,
    })
}

fn busiest(shards: &[ShardSummary], of: impl Fn(&ShardSummary) -> f64) -> Option<(usize, &ShardSummary)> {
    shards
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| of(a).total_cmp(&of(b)))
}

/// A primary close to what its engine thread can do.
pub(super) fn cpu(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (number, busy) = busiest(&report.shards, |shard| shard.engine_cpu.0)?;
    let used = busy.engine_cpu.0;
    if used < TIGHT || report.serverless.is_some() {
        return None;
    }
    Some(Finding {
        id: "cpu".into(),
        tone: if used >= 1.0 { Tone::Bad } else { Tone::Warning },
        tag: "CPU".into(),
        title: if used >= 1.0 {
            format!(
                "Shard {} is asked for {} times what it can do",
                number + 1,
                fixed(used, 1)
            )
        } else {
            format!("Shard {} at {} % of its engine CPU", number + 1, percent(used))
        },
        text: format!(
            "It gets {} on average. Requests wait for one another, and a peak or a failover finds no room.",
            text(busy.operations_per_s.0, Unit::PerSecond)
        ),
        step: more_shards(scenario),
    })
}

/// Commands that a Serverless cache refuses.
pub(super) fn throttled(report: &Report) -> Option<Finding> {
    let of = report.serverless.filter(|of| of.throttled > 0)?;
    let count = text(of.throttled as f64, Unit::Count);
    let ecpu = |per_s: PerSecond| text(per_s.0, Unit::Count) + " ECPU/s";
    let takes = ecpu(of.capacity_per_s);
    let why = match report.shards.first().and_then(|shard| shard.binding) {
        Some(Limit::SlotRate) => format!(
            "Hash slot {} was asked for {}, more than one slot gets. A cache of any size gives it no more: spread its keys, or read from replicas.",
            of.busiest_slot,
            ecpu(of.busiest_slot_per_s)
        ),
        Some(Limit::MaximumRate) => {
            format!("It takes {takes} at most, as is set or as the service ends there.")
        }
        _ => format!(
            "The load grew faster than the cache, which takes {takes} in the end: a least number of ECPUs keeps it ready."
        ),
    };
    Some(Finding {
        id: "throttled".into(),
        tone: Tone::Bad,
        tag: "Throttled".into(),
        title: format!("{count} commands are throttled"),
        text: why,
        step: None,
    })
}

/// What sets the slowest requests.
pub(super) fn tail(report: &Report) -> Option<Finding> {
    let (summary, counts) = (&report.summary, &report.summary.counts);
    let (hit, miss) = (
        summary.hit_latency.p99.0 as f64,
        summary.miss_latency.p50.0 as f64,
    );
    // Where hits are as slow as misses, what sets the tail is the load, of which other findings tell.
    if counts.reads == 0 || hit <= 0.0 || miss <= hit {
        return None;
    }
    let slow = share(counts.misses() + counts.writes, counts.requests());
    let title = match (slow > 0.01, counts.writes > counts.misses()) {
        (true, true) => "Writes set the p99",
        (true, false) => "Misses set the p99",
        (false, _) => "Hits set the p99",
    };
    let conclusion = if slow > 0.01 {
        "the slowest 1 % are among them, however fast the cache is."
    } else {
        "the slowest 1 % are still answered by the cache."
    };
    Some(Finding {
        id: "tail".into(),
        tone: Tone::Plain,
        tag: "Latency".into(),
        title: title.into(),
        text: format!(
            "A hit takes {} at its p99, a miss {} at the median. {} % of requests go to the database (misses and writes): {conclusion}",
            text(hit, Unit::Micros),
            text(miss, Unit::Micros),
            points(slow)
        ),
        step: None,
    })
}

/// A node close to its bandwidth.
pub(super) fn network(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (number, busy) = busiest(&report.shards, |shard| shard.network.0)?;
    let used = busy.network.0;
    if used < TIGHT || report.serverless.is_some() {
        return None;
    }
    let counts = &busy.counts;
    Some(Finding {
        id: "network".into(),
        tone: if used >= 1.0 { Tone::Bad } else { Tone::Warning },
        tag: "Network".into(),
        title: format!("Shard {} asks for {} % of its network", number + 1, percent(used)),
        text: format!(
            "In its busiest window, burst allowance considered; its engine CPU is at {} % in the mean of {} hits. \
             Smaller or compressed values, more shards, or nodes with more bandwidth help; a faster CPU does not.",
            percent(busy.engine_cpu.0),
            text(counts.hits as f64, Unit::Count)
        ),
        step: more_shards(scenario),
    })
}

/// Connections close to what a node takes.
pub(super) fn connections(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (_, busy) = busiest(&report.shards, |shard| shard.connections.0)?;
    let used = busy.connections.0;
    (used >= TIGHT && report.serverless.is_none()).then(|| Finding {
        id: "connections".into(),
        tone: if used >= 1.0 { Tone::Bad } else { Tone::Warning },
        tag: "Connections".into(),
        title: format!("{} % of the connections that a node takes", percent(used)),
        text: format!(
            "The application keeps {} open to each node. Smaller pools, shared by what runs in a process, leave room for \
             a deploy or a failover, which open them anew.",
            text(f64::from(scenario.client.connections), Unit::Count)
        ),
        step: None,
    })
}

/// A key that gets a good part of its shard's requests.
pub(super) fn hot_key(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let key = report.hot.keys.first()?;
    if key.of_shard.0 < HOT_KEY {
        return None;
    }
    let shard = report.shards.get(usize::from(key.shard))?;
    let near = scenario.client.near.is_some();
    Some(Finding {
        id: "hot-key".into(),
        tone: if shard.engine_cpu.0 >= TIGHT || shard.network.0 >= TIGHT {
            Tone::Warning
        } else {
            Tone::Plain
        },
        tag: "Hot key".into(),
        title: format!(
            "One key takes {} % of shard {}",
            percent(key.of_shard.0),
            key.shard + 1
        ),
        text: format!(
            "Number {} of {}, asked for by {} % of all requests. More shards do not spread it: a near cache{}, or copies \
             under several names, do.",
            key.number,
            key.class,
            percent(key.of_all.0),
            if near {
                ", which there is"
            } else {
                " in each process"
            }
        ),
        step: (!near).then(|| Step {
            label: "Try a near cache".into(),
            change: Change::NearCache,
        }),
    })
}

/// A shard that hits far less than all of them.
pub(super) fn hidden_shard(report: &Report) -> Option<Finding> {
    let all = report.summary.hit_ratio();
    let asked = |shard: &ShardSummary| shard.counts.hits + shard.counts.misses() > 0;
    let (number, shard) = busiest(&report.shards, |shard| -shard.counts.hit_ratio())?;
    let ratio = shard.counts.hit_ratio();
    (asked(shard) && all - ratio >= HIDDEN).then(|| Finding {
        id: "hidden-shard".into(),
        tone: Tone::Warning,
        tag: "Averages".into(),
        title: format!("The mean hides shard {}: {} % hits", number + 1, percent(ratio)),
        text: format!(
            "{} % overall. It evicted {} keys, and lost {} of its misses to failures or flushes.",
            percent(all),
            text(shard.counts.evictions as f64, Unit::Count),
            text(shard.counts.misses_lost as f64, Unit::Count)
        ),
        step: None,
    })
}
