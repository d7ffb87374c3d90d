//! Alarms: what would have called somebody, grouped by symptom, without what passes by itself.
//!
//! Rules (`reference/operations.md`): a node that is down and a failover beyond its objective page at once. Lag and
//! evictions beyond their objectives page when they last: 15 minutes, three of CloudWatch's five-minute points in a row,
//! or a tenth of the time after the warm-up where that is shorter; breaks shorter than that end nothing. Lag that
//! lasts less is passed over, evictions that last less make a ticket. An error budget that burns more than twice as fast
//! as allowed for an hour pages. Shards with the same symptom at about the same time share an alarm.

use super::objectives::{Burn, counted, evictions, figure_text};
use super::outages::{Outage, cut_off, happenings, outages, replicas_lost};
use crate::order::sort_by;
use crate::quantity::{Unit, digits3, text};
use crate::scenario::{Objective, What};
use crate::sim::{Interval, Sim};
use crate::units::Micros;
use serde::{Deserialize, Serialize};

/// Something that would have called somebody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// How.
    pub severity: Severity,
    /// What is wrong.
    pub symptom: Symptom,
    /// Where; empty when it is the whole cluster.
    pub shards: Vec<u16>,
    /// Since when.
    pub from: Micros,
    /// Until when; `None` when it is not over.
    pub until: Option<Micros>,
    /// In words, with the worst figure.
    pub text: String,
}

/// How somebody is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// At once, at night too.
    Page,
    /// When there is time.
    Ticket,
}

/// What is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Symptom {
    /// A shard has no primary, or the application cannot reach it.
    NodeDown,
    /// A shard has fewer replicas than it should.
    ReplicaDown,
    /// A shard is without a primary for longer than the objective allows.
    FailoverLate,
    /// Replicas are further behind than the objective allows.
    ReplicationLag,
    /// More evictions than the objective allows.
    Evictions,
    /// Requests fail more than twice as often as the objective allows.
    ErrorBudget,
    /// Requests are slow more than twice as often as the objective allows.
    LatencyBudget,
    /// The cluster refuses credentials.
    AuthFailures,
}

impl Symptom {
    fn is_of_shards(self) -> bool {
        !matches!(self, Self::ErrorBudget | Self::LatencyBudget | Self::AuthFailures)
    }
}

/// A burn beyond this pages.
const BURN_PACE: f64 = 2.0;

/// How long what is no transient lasts, at most.
const SUSTAINED: Micros = Micros(900_000_000);

/// All alarms, in the order of their beginnings.
#[inline(never)]
pub(super) fn alarms(sim: &Sim) -> Vec<Alarm> {
    let objectives = &sim.plan().scenario().objectives;
    let mut all = Vec::new();
    let mut down = outages(sim);
    down.extend(cut_off(sim));
    let hold = hold(sim);
    let mut add = |spells: Vec<Outage>, severity, symptom, words: &dyn Fn(&Group) -> String| {
        for group in groups(spells, hold) {
            all.push(Alarm {
                severity,
                symptom,
                from: group.from,
                until: (!group.open).then_some(group.until),
                text: words(&group),
                shards: if symptom.is_of_shards() {
                    group.shards
                } else {
                    Vec::new()
                },
            });
        }
    };
    let of = |group: &Group| shards_text(sim, &group.shards);
    add(down, Severity::Page, Symptom::NodeDown, &|group| {
        format!("Nobody answers for {}", of(group))
    });
    let lost = replicas_lost(sim);
    add(lost, Severity::Page, Symptom::ReplicaDown, &|group| {
        format!("A replica is down or not in step: {}", of(group))
    });
    if let Some(target) = objectives.failover_s {
        let allowed = (target * 1e6) as u64;
        let mut late = outages(sim);
        late.retain(|outage| outage.length().0 > allowed);
        late.iter_mut().for_each(|outage| outage.from.0 += allowed);
        add(late, Severity::Page, Symptom::FailoverLate, &|group| {
            format!(
                "No primary for more than {}: {}",
                text(target, Unit::Seconds),
                of(group)
            )
        });
    }
    if let Some(target) = objectives.replication_lag_ms {
        let (lasting, _) = beyond(sim, target, |interval, shard| {
            Some(interval.shards.get(shard)?.lag?.0 as f64 / 1e3)
        });
        add(lasting, Severity::Page, Symptom::ReplicationLag, &|group| {
            let bound = figure_text(Objective::ReplicationLagMs, target);
            format!("Replicas more than {bound} behind: {}", of(group))
        });
    }
    if let Some(target) = objectives.evictions {
        let (lasting, short) = beyond(sim, target, |interval, shard| {
            evictions(interval.tallies.get(shard)?)
        });
        let words = |group: &Group| {
            let bound = figure_text(Objective::Evictions, target);
            format!("More evictions than {bound} of operations: {}", of(group))
        };
        add(lasting, Severity::Page, Symptom::Evictions, &words);
        add(short, Severity::Ticket, Symptom::Evictions, &words);
    }
    for (objective, symptom, what) in [
        (Objective::Errors, Symptom::ErrorBudget, "fail"),
        (Objective::P99Ms, Symptom::LatencyBudget, "are slow"),
    ] {
        if let Some(burn) = Burn::of(sim, objective) {
            let (intervals, pace) = burn.faster_than(BURN_PACE);
            add(spells(sim, &intervals, 0), Severity::Page, symptom, &|_| {
                format!(
                    "Requests {what} up to {} times as often as allowed",
                    digits3(pace)
                )
            });
        }
    }
    let refused = happenings(sim, |what| match what {
        What::AuthFailures { .. } => Some(0),
        _ => None,
    });
    add(refused, Severity::Ticket, Symptom::AuthFailures, &|_| {
        "Commands are refused for their credentials".into()
    });
    sort_by(&mut all, |alarm| {
        alarm.from.0 << 1 | u64::from(alarm.severity == Severity::Ticket)
    });
    all
}

/// How long what is no transient lasts in this run.
fn hold(sim: &Sim) -> Micros {
    let seconds: f64 = counted(sim).map(|(_, interval)| interval.seconds).sum();
    SUSTAINED.min(Micros((seconds * 1e5) as u64))
}

/// The times in which a figure of a shard was beyond the target: those that lasted, and those that did not.
fn beyond(
    sim: &Sim,
    target: f64,
    figure: impl Fn(&Interval, usize) -> Option<f64>,
) -> (Vec<Outage>, Vec<Outage>) {
    let hold = hold(sim);
    let shards = sim.recorder().totals().len();
    let all = (0..shards).flat_map(|shard| {
        let is_beyond = |interval: &Interval| figure(interval, shard).is_some_and(|figure| figure > target);
        let outside: Vec<usize> = counted(sim)
            .filter(|(_, interval)| is_beyond(interval))
            .map(|(at, _)| at)
            .collect();
        spells(sim, &outside, shard as u16)
    });
    all.partition(|spell| spell.length() >= hold)
}

/// Intervals, by number, as times of a shard, closing breaks shorter than what lasts.
fn spells(sim: &Sim, intervals: &[usize], shard: u16) -> Vec<Outage> {
    let (hold, length) = (hold(sim), sim.recorder().interval().0);
    let last = sim.recorder().intervals().len();
    let mut found: Vec<Outage> = Vec::new();
    for at in intervals {
        let (from, until) = (*at as u64 * length, (*at as u64 + 1) * length);
        let open = at + 1 == last;
        match found.last_mut() {
            Some(spell) if from <= spell.until.0 || from - spell.until.0 < hold.0 => {
                spell.until = Micros(until);
                spell.open = open;
            }
            _ => found.push(Outage {
                shard,
                from: Micros(from),
                until: Micros(until),
                open,
            }),
        }
    }
    found
}

/// Several shards' troubles as one.
struct Group {
    shards: Vec<u16>,
    from: Micros,
    until: Micros,
    open: bool,
}

/// Puts together what overlaps, or is no further apart than a transient lasts.
fn groups(mut spells: Vec<Outage>, hold: Micros) -> Vec<Group> {
    sort_by(&mut spells, |spell| spell.from.0 << 16 | u64::from(spell.shard));
    let mut groups: Vec<Group> = Vec::new();
    for spell in spells {
        match groups.last_mut() {
            Some(group) if spell.from.0 <= group.until.0.saturating_add(hold.0) => {
                if let Err(at) = group.shards.binary_search(&spell.shard) {
                    group.shards.insert(at, spell.shard);
                }
                group.until = group.until.max(spell.until);
                group.open |= spell.open;
            }
            _ => groups.push(Group {
                shards: vec![spell.shard],
                from: spell.from,
                until: spell.until,
                open: spell.open,
            }),
        }
    }
    groups
}

/// Shards that are named one by one, at most.
const MOST_NAMED: usize = 8;

/// Shards in words, counted from 1.
fn shards_text(sim: &Sim, shards: &[u16]) -> String {
    let all = sim.recorder().totals().len();
    match shards {
        [shard] => format!("shard {}", shard + 1),
        _ if shards.len() == all => format!("all {all} shards"),
        _ if shards.len() > MOST_NAMED => format!("{} of {all} shards", shards.len()),
        _ => {
            let numbers: Vec<String> = shards.iter().map(|shard| (shard + 1).to_string()).collect();
            format!("shards {}", numbers.join(", "))
        }
    }
}
