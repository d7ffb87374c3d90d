//! The headline figures as plain data: value, change against the baseline, and where each comes from.

use crate::app::quantity::{Unit, clock, exact, fixed, percent, percent_level, short, text};
use crate::session::Baseline;
use cacheplan_engine::cost::LineKind;
use cacheplan_engine::report::{Outcome, Report, Sampling};
use cacheplan_engine::scenario::{Scenario, Workload};

/// A headline figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// The figure itself in its base unit.
    pub raw: f64,
    /// Its number, rounded for people.
    pub value: String,
    /// What stands behind the number.
    pub unit: String,
    /// What to know beside it.
    pub note: String,
    /// Its change against the baseline, when one is pinned.
    pub delta: Option<Delta>,
    /// Where it comes from.
    pub origin: Origin,
}

/// A change against the baseline.
#[derive(Clone, Debug, PartialEq)]
pub struct Delta {
    /// Amount with sign and unit.
    pub text: String,
    /// Whether the figure rose; `None` when it is the same.
    pub rises: Option<bool>,
    /// Whether that is good; `None` when it is neither good nor bad.
    pub good: Option<bool>,
}

/// Where a figure comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    /// The formula in words.
    pub formula: &'static str,
    /// The formula with the numbers put in.
    pub numbers: String,
    /// What it takes for granted.
    pub assumption: String,
    /// How to measure the real one.
    pub measure: &'static str,
}

/// Whether more of a figure is better.
#[derive(Clone, Copy, PartialEq)]
enum Better {
    More,
    Less,
    /// Neither: it depends.
    Neither,
}

impl Delta {
    /// The change from one value to another; below `least` it is none that could be read off the figures.
    fn new(before: f64, now: f64, least: f64, better: Better, show: impl Fn(f64) -> String) -> Self {
        let change = now - before;
        if change.abs() < least {
            return Self {
                text: "as the baseline".into(),
                rises: None,
                good: None,
            };
        }
        let rises = change > 0.0;
        let sign = if rises { "+" } else { "−" };
        Self {
            text: sign.to_string() + &show(change.abs()),
            rises: Some(rises),
            good: match better {
                Better::More => Some(rises),
                Better::Less => Some(!rises),
                Better::Neither => None,
            },
        }
    }
}

/// How the run was thinned out, in words.
pub fn sampled(sampling: &Sampling) -> String {
    let requests = text(sampling.requests as f64, Unit::Count);
    let keys = match sampling.one_in {
        0 | 1 => "every key".into(),
        one_in => format!("1 key in {one_in}"),
    };
    let error = sampling.hit_ratio_error.0;
    if error <= 0.0 {
        return format!("{keys} simulated, {requests} requests");
    }
    let all = text(sampling.requests_represented as f64, Unit::Count);
    let error = points(error);
    format!("{keys} simulated, {requests} of {all} requests: hit rate ± {error}")
}

/// The figures behind the tiles that changes are computed from.
struct Heads {
    hit_ratio: f64,
    p99: f64,
    saved: f64,
    memory: f64,
    evictions: f64,
    cost: f64,
    met: f64,
}

impl Heads {
    fn new(report: &Report) -> Self {
        let summary = &report.summary;
        let without = summary.database.without_cache_per_s.0;
        let maxmemory = summary.memory.maxmemory.0 as f64;
        Self {
            hit_ratio: summary.hit_ratio(),
            p99: summary.latency.p99.0 as f64,
            saved: if without > 0.0 {
                1.0 - summary.database.mean_per_s.0 / without
            } else {
                0.0
            },
            memory: if maxmemory > 0.0 {
                summary.memory.peak_used.0 as f64 / maxmemory
            } else {
                0.0
            },
            evictions: if summary.seconds > 0.0 {
                summary.counts.evictions as f64 / summary.seconds
            } else {
                0.0
            },
            cost: report.bill.total(LineKind::Cache).0,
            met: verdicts(report, Outcome::Met).len() as f64,
        }
    }
}

fn points(change: f64) -> String {
    let points = change * 100.0;
    fixed(points, if points < 0.1 { 2 } else { 1 }) + " points"
}

/// The headline figures, in the order of the tiles.
pub fn tiles(scenario: &Scenario, report: &Report, baseline: Option<&Baseline>) -> Vec<Tile> {
    let heads = Heads::new(report);
    let before = baseline.map(|baseline| Heads::new(&baseline.report));
    let delta = |of: fn(&Heads) -> f64, least: f64, better: Better, show: &dyn Fn(f64) -> String| {
        before
            .as_ref()
            .map(|before| Delta::new(of(before), of(&heads), least, better, show))
    };
    let summary = &report.summary;
    let (counts, database, memory) = (&summary.counts, &summary.database, &summary.memory);
    let count = |value: u64| text(value as f64, Unit::Count);
    let span = exact(summary.seconds.round(), Unit::Seconds);
    let warm_up = match scenario.run.warm_up_s.0 {
        0 => format!("The whole run of {span} counts"),
        warm_up => format!("The first {} are left out", exact(warm_up as f64, Unit::Seconds)),
    };

    let (p99, p99_unit) = short(heads.p99, Unit::Micros);
    let (evictions, evictions_unit) = short(heads.evictions, Unit::PerSecond);
    vec![
        Tile {
            raw: heads.hit_ratio,
            value: percent(heads.hit_ratio),
            unit: "%".into(),
            note: format!("{} misses", count(counts.misses())),
            delta: delta(|h| h.hit_ratio, 5e-5, Better::More, &points),
            origin: Origin {
                formula: "hits ÷ (hits + misses)",
                numbers: format!(
                    "{} ÷ ({} + {}) = {} %",
                    count(counts.hits),
                    count(counts.hits),
                    count(counts.misses()),
                    percent(heads.hit_ratio)
                ),
                assumption: format!("Cache-aside reads. {warm_up}; {}", sampled(&report.sampling)),
                measure: "CloudWatch CacheHitRate, or keyspace_hits ÷ (keyspace_hits + keyspace_misses) from INFO stats",
            },
        },
        Tile {
            raw: heads.p99,
            value: p99,
            unit: p99_unit.into(),
            note: format!("p50 {}", text(summary.latency.p50.0 as f64, Unit::Micros)),
            delta: delta(|h| h.p99, 1.0, Better::Less, &|change| text(change, Unit::Micros)),
            origin: Origin {
                formula: "99 % of requests are answered faster, as the application sees it",
                numbers: format!(
                    "hits: p99 {}; misses, database and store included: p99 {}; {} % of requests are misses or writes, which the database answers",
                    text(summary.hit_latency.p99.0 as f64, Unit::Micros),
                    text(summary.miss_latency.p99.0 as f64, Unit::Micros),
                    percent(ratio(counts.misses() + counts.writes, counts.requests()))
                ),
                assumption: format!(
                    "Round trip {}, database {} a query when nobody waits, with a queue beyond its capacity",
                    text(f64::from(scenario.client.round_trip_us), Unit::Micros),
                    text(f64::from(scenario.database.latency_us), Unit::Micros)
                ),
                measure: "A timer around the lookup in the application; the cache's own latency metrics leave out the network and the misses",
            },
        },
        Tile {
            raw: heads.saved,
            value: percent(heads.saved),
            unit: "%".into(),
            note: format!(
                "{} of {} left",
                text(database.mean_per_s.0, Unit::PerSecond),
                text(database.without_cache_per_s.0, Unit::PerSecond)
            ),
            delta: delta(|h| h.saved, 5e-5, Better::More, &points),
            origin: Origin {
                formula: "1 − queries with the cache ÷ queries without it",
                numbers: format!(
                    "1 − {} ÷ {} = {} %; peak {}, {} % of capacity",
                    text(database.mean_per_s.0, Unit::PerSecond),
                    text(database.without_cache_per_s.0, Unit::PerSecond),
                    percent(heads.saved),
                    text(database.peak_per_s.0, Unit::PerSecond),
                    percent(database.peak_utilisation)
                ),
                assumption: "Every miss is one query, every write too".into(),
                measure: "Queries per second at the database, before and after; with the cache, misses plus writes",
            },
        },
        Tile {
            raw: heads.memory,
            value: percent_level(heads.memory),
            unit: format!("% of {}", text(memory.maxmemory.0 as f64, Unit::Bytes)),
            note: match memory.evicting_since {
                Some(since) => format!("full since {}", clock(since.as_secs())),
                None => "never full".into(),
            },
            delta: delta(|h| h.memory, 5e-4, Better::Neither, &points),
            origin: Origin {
                formula: "peak used_memory ÷ maxmemory, all primaries",
                numbers: format!(
                    "{} ÷ {} = {} %; all keys together would take {}",
                    text(memory.peak_used.0 as f64, Unit::Bytes),
                    text(memory.maxmemory.0 as f64, Unit::Bytes),
                    percent(heads.memory),
                    text(memory.working_set.0 as f64, Unit::Bytes)
                ),
                assumption: match scenario.cluster.maxmemory_bytes {
                    _ if report.serverless.is_some() => {
                        "The most data that the Serverless cache holds".into()
                    }
                    Some(_) => "maxmemory as set by hand; replicas hold copies and add none".into(),
                    None => format!(
                        "{} of each node reserved; replicas hold copies and add none",
                        exact(scenario.cluster.reserved_memory.0, Unit::Percent)
                    ),
                },
                measure: "CloudWatch DatabaseMemoryUsagePercentage, or used_memory ÷ maxmemory from INFO memory",
            },
        },
        Tile {
            raw: heads.evictions,
            value: evictions,
            unit: evictions_unit.into(),
            note: match counts.evictions {
                0 => "no key evicted".into(),
                _ => format!(
                    "{} % of misses",
                    percent(ratio(counts.misses_evicted, counts.misses()))
                ),
            },
            delta: delta(|h| h.evictions, 1e-3, Better::Less, &|change| {
                text(change, Unit::PerSecond)
            }),
            origin: Origin {
                formula: "keys pushed out by memory pressure ÷ time",
                numbers: format!(
                    "{} ÷ {span} = {}; {} more removed because their TTL ran out",
                    count(counts.evictions),
                    text(heads.evictions, Unit::PerSecond),
                    count(counts.expirations)
                ),
                assumption: match &scenario.workload {
                    Workload::Synthetic { .. } => {
                        format!("Policy {}; {warm_up}", scenario.cluster.eviction())
                    }
                    Workload::Trace(_) => {
                        format!("Policy {}; the trace as recorded", scenario.cluster.eviction())
                    }
                },
                measure: "CloudWatch Evictions, or evicted_keys from INFO stats",
            },
        },
        cost_tile(
            report,
            heads.cost,
            delta(|h| h.cost, 0.005, Better::Less, &|change| text(change, Unit::Usd)),
        ),
        objectives_tile(
            report,
            delta(|h| h.met, 0.5, Better::More, &|change| fixed(change, 0)),
        ),
    ]
}

fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Names of the objectives with this outcome.
fn verdicts(report: &Report, outcome: Outcome) -> Vec<&'static str> {
    let all = report.objectives.iter();
    let of_outcome = all.filter(|verdict| verdict.outcome == outcome);
    of_outcome.map(|verdict| verdict.objective.label()).collect()
}

fn objectives_tile(report: &Report, delta: Option<Delta>) -> Tile {
    let [met, missed, unknown] =
        [Outcome::Met, Outcome::Missed, Outcome::NotMeasured].map(|outcome| verdicts(report, outcome));
    let names = |names: &[&str]| {
        if names.is_empty() {
            "none".into()
        } else {
            names.join(", ")
        }
    };
    Tile {
        raw: met.len() as f64,
        value: met.len().to_string(),
        unit: format!("of {}", met.len() + missed.len()),
        note: if missed.is_empty() {
            "none missed".into()
        } else {
            format!("missed: {}", names(&missed))
        },
        delta,
        origin: Origin {
            formula: "objectives whose figure after the warm-up is within its target ÷ those measured",
            numbers: format!(
                "met: {}; missed: {}; not measured: {}",
                names(&met),
                names(&missed),
                names(&unknown)
            ),
            assumption: "Of several classes or shards the worst counts; lag, CPU, memory and connections are judged by their worst interval".into(),
            measure: "Alarms on the same metrics; the table of objectives below has figures and error budgets",
        },
    }
}

fn cost_tile(report: &Report, cost: f64, delta: Option<Delta>) -> Tile {
    let lines = &report.bill.lines;
    let cache: Vec<String> = lines
        .iter()
        .filter(|line| line.kind == LineKind::Cache)
        .map(|line| {
            let quantity = fixed(line.quantity, 0);
            format!(
                "{quantity} {} × {}",
                line.unit,
                exact(line.unit_price.0, Unit::Usd)
            )
        })
        .collect();
    let source = lines
        .iter()
        .find(|line| line.kind == LineKind::Cache)
        .map(|line| line.source.clone());
    let avoided = report.bill.total(LineKind::DatabaseAvoided).0.abs();
    Tile {
        raw: cost,
        value: text(cost, Unit::Usd),
        unit: String::new(),
        note: if avoided > 0.0 {
            format!("saves {}", text(avoided, Unit::Usd))
        } else {
            "on demand".into()
        },
        delta,
        origin: Origin {
            formula: "quantity × unit price of every line of the cache",
            numbers: format!("{} = {}", cache.join(" + "), text(cost, Unit::Usd)),
            assumption: source.unwrap_or_else(|| "No price known".into()),
            measure: "AWS Cost Explorer, service ElastiCache, grouped by usage type",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cacheplan_engine::units::Share;

    #[test]
    fn changes_say_direction_amount_and_whether_that_is_good() {
        let more = Delta::new(0.85, 0.914, 1e-4, Better::More, points);
        assert_eq!(
            (more.text.as_str(), more.rises, more.good),
            ("+6.4 points", Some(true), Some(true))
        );
        let less = Delta::new(20_900.0, 11_800.0, 1.0, Better::Less, |us| text(us, Unit::Micros));
        assert_eq!(
            (less.text.as_str(), less.rises, less.good),
            ("−9.10 ms", Some(false), Some(true))
        );
        let same = Delta::new(1.0, 1.0, 1e-9, Better::More, points);
        assert_eq!((same.rises, same.good), (None, None));
    }

    #[test]
    fn sampling_is_told_in_numbers() {
        let mut sampling = Sampling {
            one_in: 64,
            keys: 1,
            keys_represented: 1,
            requests: 2_100_000,
            requests_represented: 1_200_000_000,
            hit_ratio_error: Share(0.0024),
        };
        assert_eq!(
            sampled(&sampling),
            "1 key in 64 simulated, 2.10 M of 1.20 G requests: hit rate ± 0.2 points"
        );
        sampling.one_in = 1;
        sampling.hit_ratio_error = Share(0.0);
        assert_eq!(sampled(&sampling), "every key simulated, 2.10 M requests");
    }
}
