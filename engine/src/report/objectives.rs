//! Objectives: what was asked, what was measured, and what that used of the error budget.
//!
//! Everything is judged over the intervals after the warm-up. What is a part of something (hits, evictions, errors) and
//! the p99 are judged over all of them together; levels (lag, CPU, memory, connections) by the worst interval, and of
//! several shards or classes the worst one counts, so that no mean hides it.

use super::outages::outages;
use crate::quantity::{Unit, percent, text};
use crate::scenario::{Objective, Workload};
use crate::sim::{Interval, Sim, Tally, sum};
use crate::units::{Micros, Share};
use serde::{Deserialize, Serialize};

/// What became of an objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// Which.
    pub objective: Objective,
    /// What was asked, in the unit of [`Objectives`](crate::scenario::Objectives).
    pub target: f64,
    /// Whether it was achieved.
    pub outcome: Outcome,
    /// What was measured, in the unit of the target; `None` when nothing was.
    pub measured: Option<f64>,
    /// What the figure is of, or why there is none.
    pub note: String,
    /// Part of the intervals with a figure of their own in which it was beyond the target.
    pub outside: Share,
    /// When it first was.
    pub first_outside: Option<Micros>,
    /// What was used of the requests that may miss the target; only for objectives that are about requests.
    pub budget: Option<Budget>,
}

/// Whether an objective was achieved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It was.
    Met,
    /// It was not.
    Missed,
    /// The run says nothing of it.
    NotMeasured,
}

/// Error budget: the requests that the objective allows to fail or to be slow, 1 % of them for a p99.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Requests that failed or were slow over those that may be; above 1 it is overspent.
    pub used: f64,
    /// The same of the worst window: how many times as fast as allowed the budget burnt.
    pub worst_burn: f64,
    /// Length of a window: an hour, rounded up to whole intervals, or the run after its warm-up where that is shorter.
    pub window: Micros,
}

/// Part of the requests that may be slower than a p99.
const SLOW_ALLOWED: f64 = 0.01;

/// Length of the windows in which the burn of an error budget is looked at (`reference/operations.md`).
const BURN_WINDOW: Micros = Micros(3_600_000_000);

/// Verdicts on all objectives of the scenario.
#[inline(never)]
pub(super) fn verdicts(sim: &Sim) -> Vec<Verdict> {
    let objectives = &sim.plan().scenario().objectives;
    let verdict = |objective: &Objective| {
        let target = objectives.target(*objective)?;
        Some(match objective {
            Objective::FailoverS => failover(sim, target),
            _ => of_intervals(sim, *objective, target),
        })
    };
    Objective::ALL.iter().filter_map(verdict).collect()
}

/// A figure, and the number of the class or shard that it is of.
type Figure = (f64, Option<usize>);

/// What one interval, or all together, says of an objective.
struct Span<'a> {
    tallies: &'a [Tally],
    classes: &'a [Tally],
    interval: Option<&'a Interval>,
    p99: Option<u64>,
}

impl<'a> Span<'a> {
    fn of(interval: &'a Interval) -> Self {
        Self {
            tallies: &interval.tallies,
            classes: &interval.classes,
            interval: Some(interval),
            p99: interval.latency.map(|[_, p99]| p99),
        }
    }

    fn figure(&self, objective: Objective) -> Option<Figure> {
        let shards = self.interval.map_or(&[][..], |interval| &interval.shards);
        match objective {
            Objective::HitRatio => {
                let worst = largest(
                    self.classes
                        .iter()
                        .map(|tally| hit_ratio(tally).map(|ratio| -ratio)),
                );
                worst.map(|(ratio, class)| (-ratio, class))
            }
            Objective::P99Ms => self.p99.map(|us| (us as f64 / 1e3, None)),
            Objective::Evictions => largest(self.tallies.iter().map(evictions)),
            Objective::Errors => {
                let (bad, all) = errors(self.tallies);
                (all > 0.0).then(|| (bad / all, None))
            }
            Objective::ReplicationLagMs => {
                largest(shards.iter().map(|shard| shard.lag.map(|lag| lag.0 as f64 / 1e3)))
            }
            Objective::EngineCpu => largest(shards.iter().map(|shard| shard.usage.map(|usage| usage.cpu))),
            Objective::Memory => largest(shards.iter().map(|shard| {
                let limit = shard.maxmemory.0 as f64;
                (limit > 0.0).then(|| shard.used.0 as f64 / limit)
            })),
            Objective::Connections => largest(
                shards
                    .iter()
                    .map(|shard| shard.usage.map(|usage| usage.connections)),
            ),
            Objective::StaleAgeMs => {
                let all = sum(self.tallies);
                (all.reads > 0.0).then(|| (1e3 * all.stale_seconds / all.stale.max(1e-9), None))
            }
            Objective::FailoverS => None,
        }
    }
}

/// The largest of the figures that there are; of equals the first.
fn largest(figures: impl Iterator<Item = Option<f64>>) -> Option<Figure> {
    let mut found: Option<Figure> = None;
    for (number, figure) in figures.enumerate() {
        if let Some(figure) = figure
            && found.is_none_or(|(largest, _)| figure > largest)
        {
            found = Some((figure, Some(number)));
        }
    }
    found
}

fn hit_ratio(tally: &Tally) -> Option<f64> {
    let looked_up = tally.hits + tally.misses();
    (looked_up > 0.0).then(|| tally.hits / looked_up)
}

/// Evictions per operation.
pub(super) fn evictions(tally: &Tally) -> Option<f64> {
    let operations = tally.operations();
    (operations > 0.0).then(|| tally.evictions / operations)
}

/// Requests of all shards that got no answer or were turned away, and all.
fn errors(tallies: &[Tally]) -> (f64, f64) {
    tallies.iter().fold((0.0, 0.0), |(bad, all), tally| {
        (
            bad + tally.failed + tally.shed,
            all + tally.reads + tally.writes + tally.shed,
        )
    })
}

/// The intervals that count, with their numbers.
pub(super) fn counted(sim: &Sim) -> impl Iterator<Item = (usize, &Interval)> {
    let recorder = sim.recorder();
    let intervals = recorder.intervals().iter().enumerate();
    intervals.filter(|(at, _)| recorder.counts(*at))
}

fn start_of(sim: &Sim, interval: usize) -> Micros {
    Micros(interval as u64 * sim.recorder().interval().0)
}

fn of_intervals(sim: &Sim, objective: Objective, target: f64) -> Verdict {
    let recorder = sim.recorder();
    let worst_interval = || {
        let figures = counted(sim).filter_map(|(_, interval)| Span::of(interval).figure(objective));
        figures.reduce(|worst, figure| if figure.0 > worst.0 { figure } else { worst })
    };
    let whole = Span {
        tallies: recorder.totals(),
        classes: recorder.class_totals(),
        interval: None,
        p99: recorder.total_latency().all().quantiles([0.99]).map(|[p99]| p99),
    };
    let figure = match objective {
        Objective::EngineCpu | Objective::Memory | Objective::Connections | Objective::ReplicationLagMs => {
            worst_interval()
        }
        _ => whole.figure(objective),
    };
    let class = figure.and_then(|(_, number)| number);
    let (mut seen, mut outside, mut first_outside) = (0_u32, 0_u32, None);
    for (at, interval) in counted(sim) {
        let figure = match objective {
            // Of each interval the class that is worst in all: one of few reads has a bad interval by chance.
            Objective::HitRatio => class.and_then(|class| hit_ratio(interval.classes.get(class)?)),
            _ => Span::of(interval).figure(objective).map(|(figure, _)| figure),
        };
        let Some(figure) = figure else { continue };
        seen += 1;
        if !objective.is_met(figure, target) {
            outside += 1;
            first_outside = first_outside.or(Some(start_of(sim, at)));
        }
    }
    Verdict {
        objective,
        target,
        outcome: outcome(objective, figure.map(|(figure, _)| figure), target),
        measured: figure.map(|(figure, _)| figure),
        note: match figure {
            Some((_, number)) => note(sim, objective, number),
            None => reason(sim, objective).into(),
        },
        outside: Share(f64::from(outside) / f64::from(seen.max(1))),
        first_outside,
        budget: Burn::of(sim, objective).and_then(|burn| burn.budget()),
    }
}

fn outcome(objective: Objective, measured: Option<f64>, target: f64) -> Outcome {
    match measured {
        None => Outcome::NotMeasured,
        Some(measured) if objective.is_met(measured, target) => Outcome::Met,
        Some(_) => Outcome::Missed,
    }
}

/// What a figure is of.
fn note(sim: &Sim, objective: Objective, number: Option<usize>) -> String {
    match (objective, number) {
        (Objective::HitRatio, Some(class)) => {
            let all = hit_ratio(&sum(sim.recorder().totals())).unwrap_or_default();
            let Workload::Synthetic { classes } = &sim.plan().scenario().workload else {
                return String::new();
            };
            match classes.get(class) {
                Some(class) if classes.len() > 1 => {
                    format!("{}, the worst class; {} % overall", class.name, percent(all))
                }
                _ => String::new(),
            }
        }
        (_, Some(shard)) if sim.recorder().totals().len() > 1 => {
            let when = match objective {
                Objective::Evictions => "",
                _ => " in its worst interval",
            };
            format!("shard {}{when}", shard + 1)
        }
        (
            Objective::EngineCpu | Objective::Memory | Objective::Connections | Objective::ReplicationLagMs,
            _,
        ) => "in the worst interval".into(),
        _ => String::new(),
    }
}

/// Why there is no figure.
fn reason(sim: &Sim, objective: Objective) -> &'static str {
    if counted(sim).next().is_none() {
        return "the warm-up is not over";
    }
    match objective {
        Objective::HitRatio | Objective::StaleAgeMs => "nothing was read",
        Objective::ReplicationLagMs => "there are no replicas",
        _ => "nothing was asked for",
    }
}

fn failover(sim: &Sim, target: f64) -> Verdict {
    let objective = Objective::FailoverS;
    let outages = outages(sim);
    let longest = outages.iter().max_by_key(|outage| outage.length());
    let measured = longest.map(|outage| outage.length().as_secs());
    let allowed = (target * 1e6) as u64;
    let late =
        |outage: &super::outages::Outage| (outage.length().0 > allowed).then_some(outage.from.0 + allowed);
    let interval = sim.recorder().interval().0;
    let (mut seen, mut outside) = (0_u32, 0_u32);
    for (at, _) in counted(sim) {
        let (from, until) = (start_of(sim, at).0, start_of(sim, at).0 + interval);
        let within = |outage| late(outage).is_some_and(|late| late < until && outage.until.0 > from);
        seen += 1;
        outside += u32::from(outages.iter().any(within));
    }
    Verdict {
        objective,
        target,
        outcome: outcome(objective, measured, target),
        measured,
        note: match longest {
            None => "no primary failed".into(),
            Some(outage) if outage.open => format!("shard {}, still without a primary", outage.shard + 1),
            Some(outage) => format!("shard {}, the longest of {}", outage.shard + 1, outages.len()),
        },
        outside: Share(f64::from(outside) / f64::from(seen.max(1))),
        first_outside: outages.iter().filter_map(late).min().map(Micros),
        budget: None,
    }
}

/// How fast an error budget burnt.
pub(super) struct Burn {
    /// Bad requests and all, by interval that counts; the first has this number.
    intervals: Vec<(f64, f64)>,
    first: usize,
    allowed: f64,
    /// Intervals of a window.
    window: usize,
    interval: Micros,
}

impl Burn {
    /// That of an objective that is about requests, has a target that allows any to be bad, and was measured.
    pub(super) fn of(sim: &Sim, objective: Objective) -> Option<Self> {
        let target = sim.plan().scenario().objectives.target(objective)?;
        let bad_of: fn(&Interval) -> (f64, f64) = match objective {
            Objective::Errors => |interval| errors(&interval.tallies),
            Objective::P99Ms => |interval| (interval.slow, interval.answered),
            _ => return None,
        };
        let allowed = if objective == Objective::Errors {
            target
        } else {
            SLOW_ALLOWED
        };
        let first = counted(sim).next()?.0;
        let intervals: Vec<(f64, f64)> = counted(sim).map(|(_, interval)| bad_of(interval)).collect();
        let interval = sim.recorder().interval();
        let window = BURN_WINDOW.0.div_ceil(interval.0.max(1)).max(1) as usize;
        (allowed > 0.0).then_some(Self {
            window: window.min(intervals.len()),
            intervals,
            first,
            allowed,
            interval,
        })
    }

    /// Times the allowed pace of some intervals; 0 where nothing was asked for.
    fn pace(&self, intervals: &[(f64, f64)]) -> f64 {
        let (bad, all) = intervals
            .iter()
            .fold((0.0, 0.0), |(bad, all), (b, a)| (bad + b, all + a));
        if all > 0.0 {
            bad / (all * self.allowed)
        } else {
            0.0
        }
    }

    fn budget(&self) -> Option<Budget> {
        let asked = self.intervals.iter().any(|(_, all)| *all > 0.0);
        let windows = self.intervals.windows(self.window);
        asked.then(|| Budget {
            used: self.pace(&self.intervals),
            worst_burn: windows.map(|window| self.pace(window)).fold(0.0, f64::max),
            window: Micros(self.window as u64 * self.interval.0),
        })
    }

    /// The intervals, by number, of windows that burnt faster than this, and whether they did so themselves; and the
    /// pace of the fastest such window.
    pub(super) fn faster_than(&self, pace: f64) -> (Vec<usize>, f64) {
        let mut hot = vec![false; self.intervals.len()];
        let mut worst = 0.0_f64;
        for (at, window) in self.intervals.windows(self.window).enumerate() {
            let found = self.pace(window);
            if found > pace {
                worst = worst.max(found);
                let inside = hot.iter_mut().zip(&self.intervals).skip(at).take(self.window);
                for (hot, interval) in inside {
                    *hot = *hot || self.pace(core::slice::from_ref(interval)) > pace;
                }
            }
        }
        let numbers = hot.iter().enumerate().filter(|(_, hot)| **hot);
        (numbers.map(|(at, _)| self.first + at).collect(), worst)
    }
}

/// A figure of an objective as people read it.
pub fn figure_text(objective: Objective, figure: f64) -> String {
    match objective {
        Objective::P99Ms | Objective::ReplicationLagMs | Objective::StaleAgeMs => {
            text(figure * 1e3, Unit::Micros)
        }
        Objective::FailoverS => text(figure, Unit::Seconds),
        _ => percent(figure) + " %",
    }
}
