//! A first diagnosis: plain sentences that the report's numbers support, and a step to try where one follows.

use crate::app::quantity::{Unit, clock, fixed, percent, text};
use cacheplan_engine::report::{Report, ShardSummary};
use cacheplan_engine::scenario::{Scenario, limits};

/// How pressing a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// Something fails.
    Bad,
    /// Something is tight.
    Warning,
    /// Good to know.
    Plain,
}

/// Something that the report says.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// For tests.
    pub id: &'static str,
    /// How pressing it is.
    pub tone: Tone,
    /// In a word or two.
    pub tag: &'static str,
    /// In a line.
    pub title: String,
    /// With the numbers.
    pub text: String,
    /// What to try.
    pub step: Option<Step>,
}

/// A change to try.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What it does.
    pub label: String,
    /// The change.
    pub change: Change,
}

/// What a step changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The number of shards, to this.
    Shards(u32),
}

impl Change {
    /// Path of the field that it changes.
    pub fn path(self) -> &'static str {
        match self {
            Self::Shards(_) => "cluster.shards",
        }
    }

    /// Makes the change.
    pub fn apply(self, scenario: &mut Scenario) {
        match self {
            Self::Shards(shards) => scenario.cluster.shards = shards,
        }
    }
}

/// Load of the database from which there is little left for a bad moment.
const TIGHT: f64 = 0.8;
/// A shard with so many times the mean of requests counts as hot.
const HOT: f64 = 1.25;

/// All findings, most pressing first.
pub fn findings(scenario: &Scenario, report: &Report) -> Vec<Finding> {
    let mut found: Vec<Finding> = [
        database(scenario, report),
        undersized(scenario, report),
        cpu(scenario, report),
        refused(report),
        hot_shard(report),
        tail(report),
        oversized(scenario, report),
        misses(report),
    ]
    .into_iter()
    .flatten()
    .collect();
    found.sort_by_key(|finding| finding.tone);
    found
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn points(share: f64) -> String {
    let places = match share {
        0.0 => 0,
        share if share < 0.01 => 2,
        _ => 1,
    };
    fixed(share * 100.0, places)
}

fn bytes(value: u64) -> String {
    text(value as f64, Unit::Bytes)
}

/// Where the misses come from.
fn misses(report: &Report) -> Option<Finding> {
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
        id: "misses",
        tone: Tone::Plain,
        tag: "Misses",
        title,
        text: format!(
            "{} % of reads miss: {} points evicted before they were asked for again, {} expired, {} never stored before. {}",
            of_reads(counts.misses()),
            of_reads(evicted),
            of_reads(expired),
            of_reads(cold),
            match counts.misses() {
                0 => "",
                _ if evicted >= cold && evicted >= expired => "More memory, or a better choice of what to evict, raises the hit rate.",
                _ if expired >= cold => "A longer TTL raises the hit rate; more memory does not.",
                _ => "Neither memory nor TTL avoids a first read.",
            }
        )
        .trim_end()
        .into(),
        step: None,
    })
}

/// Memory that cannot hold what is asked for.
fn undersized(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (counts, memory) = (&report.summary.counts, &report.summary.memory);
    let since = memory.evicting_since?;
    if counts.evictions == 0 || report.summary.seconds <= 0.0 {
        return None;
    }
    let lost = share(counts.misses_evicted, counts.reads);
    let rate = counts.evictions as f64 / report.summary.seconds;
    let pressing = lost >= 0.01;
    Some(Finding {
        id: "undersized",
        tone: if pressing { Tone::Warning } else { Tone::Plain },
        tag: if pressing { "Undersized" } else { "Full" },
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
            text(rate, Unit::PerSecond).replace("/s", " keys/s"),
            points(lost)
        ),
        step: more_shards(scenario).filter(|_| pressing),
    })
}

/// Memory that nothing asks for.
fn oversized(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let memory = &report.summary.memory;
    let used = share(memory.peak_used.0, memory.maxmemory.0);
    if memory.evicting_since.is_some() || used >= 0.5 || report.progress.0 < 1.0 || memory.maxmemory.0 == 0 {
        return None;
    }
    let shards = scenario.cluster.shards;
    let fewer = shards > 1 && used * f64::from(shards) / f64::from(shards - 1) < 0.9;
    Some(Finding {
        id: "oversized",
        tone: Tone::Plain,
        tag: "Roomy",
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

/// What the database gets.
fn database(scenario: &Scenario, report: &Report) -> Option<Finding> {
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
        id: "database",
        tone,
        tag,
        title,
        text: format!("At its peak it gets {peak} and completes {can_take} at most.{waiting}{lost}"),
        step: None,
    })
}

fn busiest(shards: &[ShardSummary], of: fn(&ShardSummary) -> f64) -> Option<(usize, &ShardSummary)> {
    shards
        .iter()
        .enumerate()
        .max_by(|(_, a), (_, b)| of(a).total_cmp(&of(b)))
}

/// A shard that gets more than its share.
fn hot_shard(report: &Report) -> Option<Finding> {
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
        id: "hot-shard",
        tone: if hot.engine_cpu.0 >= TIGHT {
            Tone::Warning
        } else {
            Tone::Plain
        },
        tag: "Hot shard",
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

/// A primary close to what its engine thread can do.
fn cpu(scenario: &Scenario, report: &Report) -> Option<Finding> {
    let (number, busy) = busiest(&report.shards, |shard| shard.engine_cpu.0)?;
    let used = busy.engine_cpu.0;
    if used < TIGHT {
        return None;
    }
    Some(Finding {
        id: "cpu",
        tone: if used >= 1.0 { Tone::Bad } else { Tone::Warning },
        tag: "CPU",
        title: format!("Shard {} at {} % of its engine CPU", number + 1, percent(used)),
        text: format!(
            "It gets {} on average; latency rises steeply from here, and a peak or a failover has no room.",
            text(busy.operations_per_s.0, Unit::PerSecond)
        ),
        step: more_shards(scenario),
    })
}

/// Values too large for a node.
fn refused(report: &Report) -> Option<Finding> {
    let refused = report.summary.counts.refused;
    (refused > 0).then(|| Finding {
        id: "refused",
        tone: Tone::Warning,
        tag: "Too large",
        title: "Some values fit on no node".into(),
        text: format!(
            "{} stores were refused: larger than maxmemory.",
            text(refused as f64, Unit::Count)
        ),
        step: None,
    })
}

/// What sets the slowest requests.
fn tail(report: &Report) -> Option<Finding> {
    let summary = &report.summary;
    let missing = 1.0 - summary.hit_ratio();
    let (hit, miss) = (
        summary.hit_latency.p99.0 as f64,
        summary.miss_latency.p50.0 as f64,
    );
    if summary.counts.reads == 0 || hit <= 0.0 || miss <= 0.0 {
        return None;
    }
    let by_misses = missing > 0.01;
    Some(Finding {
        id: "tail",
        tone: Tone::Plain,
        tag: "Latency",
        title: if by_misses {
            "Misses set the p99"
        } else {
            "Hits set the p99"
        }
        .into(),
        text: format!(
            "A miss takes {} at the median, a hit {} at its p99. {}",
            text(miss, Unit::Micros),
            text(hit, Unit::Micros),
            if by_misses {
                format!(
                    "With {} % of reads missing, the slowest 1 % are misses.",
                    percent(missing)
                )
            } else {
                format!(
                    "With {} % of reads missing, the slowest 1 % still hit.",
                    percent(missing)
                )
            }
        ),
        step: None,
    })
}

/// One shard more, where the cluster may have one.
fn more_shards(scenario: &Scenario) -> Option<Step> {
    let shards = scenario.cluster.shards + 1;
    let nodes = shards * (1 + scenario.cluster.replicas);
    let allowed = limits::SHARDS.contains(f64::from(shards)) && limits::NODES.contains(f64::from(nodes));
    allowed.then(|| Step {
        label: format!("Try {shards} shards"),
        change: Change::Shards(shards),
    })
}
