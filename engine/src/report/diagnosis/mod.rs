//! Diagnosis: plain sentences that the report's numbers support, and a step to try where one follows.

mod keys;
mod load;
mod memory;
mod safety;
#[cfg(test)]
mod tests;
mod trouble;

use crate::quantity::fixed;
use crate::report::{ClassSummary, Report, Verdict};
use crate::scenario::parameters::redis::MaxmemoryPolicy;
use crate::scenario::{KeyClass, Near, Objective, ReadFrom, Scenario, Ttl, Workload, Writes, limits};
use crate::units::{Seconds, Share};
use serde::{Deserialize, Serialize};

/// How pressing a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// Something fails.
    Bad,
    /// Something is tight.
    Warning,
    /// Good to know.
    Plain,
}

/// Something that the report says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// What kind it is: the same in every report.
    pub id: String,
    /// How pressing it is.
    pub tone: Tone,
    /// In a word or two.
    pub tag: String,
    /// In a line.
    pub title: String,
    /// With the numbers.
    pub text: String,
    /// What to try.
    pub step: Option<Step>,
}

/// A change to try.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// What it does.
    pub label: String,
    /// The change.
    pub change: Change,
}

/// What a step changes. Classes go by their number in the scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The number of shards, to this.
    Shards(u32),
    /// The replicas of each, to this.
    Replicas(u32),
    /// The zones that nodes are spread over, to this.
    Zones(u32),
    /// `maxmemory-policy`, to `allkeys-lru`.
    AllkeysLru,
    /// The hour of the first snapshot, to this.
    SnapshotHour(u32),
    /// The TTL of a class, to this.
    Ttl(u8, Seconds),
    /// The jitter of a class's TTL, to [`JITTER`].
    Jitter(u8),
    /// What becomes of the cached value when the database is written: it is deleted.
    Invalidate,
    /// A near cache in each process, as it is by default.
    NearCache,
    /// The TTL of near caches, to so many milliseconds.
    NearTtl(u32),
    /// Reads go to primaries.
    ReadPrimaries,
}

/// Jitter of a TTL that spreads expiries: a fifth on either side is what the recorded stampedes used
/// (`docs/MODEL.md`).
const JITTER: Share = Share(0.2);

impl Change {
    /// Path of the field that it changes.
    pub fn path(self) -> &'static str {
        match self {
            Self::Shards(_) => "cluster.shards",
            Self::Replicas(_) => "cluster.replicas",
            Self::Zones(_) => "cluster.zones",
            Self::AllkeysLru => "cluster.policy",
            Self::SnapshotHour(_) => "cluster.persistence.snapshots.hour",
            Self::Ttl(..) | Self::Jitter(_) => "workload.classes",
            Self::Invalidate => "client.writes",
            Self::NearCache | Self::NearTtl(_) => "client.near",
            Self::ReadPrimaries => "client.read_from",
        }
    }

    /// Makes the change.
    pub fn apply(self, scenario: &mut Scenario) {
        let Scenario {
            cluster,
            client,
            workload,
            ..
        } = scenario;
        match self {
            Self::Shards(shards) => cluster.shards = shards,
            Self::Replicas(replicas) => cluster.replicas = replicas,
            Self::Zones(zones) => cluster.zones = zones,
            Self::AllkeysLru => cluster.redis.maxmemory_policy = MaxmemoryPolicy::AllkeysLru,
            Self::SnapshotHour(hour) => {
                if let Some(snapshots) = &mut cluster.persistence.snapshots {
                    snapshots.hour = hour;
                }
            }
            Self::Ttl(class, _) | Self::Jitter(class) => {
                if let Workload::Synthetic { classes } = workload
                    && let Some(class) = classes.get_mut(usize::from(class))
                {
                    match (&mut class.ttl, self) {
                        (Ttl::Fixed { seconds, .. } | Ttl::Sliding { seconds }, Self::Ttl(_, longer)) => {
                            *seconds = longer;
                        }
                        (Ttl::Fixed { jitter, .. }, _) => *jitter = JITTER,
                        _ => {}
                    }
                }
            }
            Self::Invalidate => client.writes = Writes::Invalidate,
            Self::NearCache => client.near = Some(Near::default()),
            Self::NearTtl(ms) => {
                if let Some(near) = &mut client.near {
                    near.ttl_ms = ms;
                }
            }
            Self::ReadPrimaries => client.read_from = ReadFrom::Primaries,
        }
    }
}

/// All findings, most pressing first.
#[inline(never)]
pub(super) fn findings(scenario: &Scenario, report: &Report) -> Vec<Finding> {
    let found: Vec<Finding> = [
        trouble::failed(report),
        trouble::collapse(scenario, report),
        load::throttled(report),
        load::database(scenario, report),
        memory::undersized(scenario, report),
        load::cpu(scenario, report),
        load::network(scenario, report),
        load::connections(scenario, report),
        memory::out_of_memory(scenario, report),
        memory::cannot_evict(scenario, report),
        memory::refused(report),
        keys::aligned(scenario, report),
        keys::short_ttl(scenario, report),
        keys::unread_writes(scenario, report),
        keys::low_reuse(scenario, report),
        keys::hidden_class(scenario, report),
        load::hidden_shard(report),
        load::hot_shard(report),
        load::hot_key(scenario, report),
        keys::large_values(scenario, report),
        safety::no_replica(scenario, report),
        safety::one_zone(scenario, report),
        safety::snapshot_at_peak(scenario, report),
        safety::replica_lag(scenario, report),
        keys::near_stale(scenario, report),
        trouble::stale(report),
        load::tail(report),
        memory::oversized(scenario, report),
        memory::misses(report),
    ]
    .into_iter()
    .flatten()
    .collect();
    let of = |tone: Tone| found.iter().filter(move |finding| finding.tone == tone).cloned();
    [Tone::Bad, Tone::Warning, Tone::Plain]
        .into_iter()
        .flat_map(of)
        .collect()
}

/// The verdict on an objective, if there is one.
fn verdict(report: &Report, objective: Objective) -> Option<&Verdict> {
    let mut all = report.objectives.iter();
    all.find(|verdict| verdict.objective == objective)
}

/// Number, settings and figures of each class; none of a trace.
fn classes<'a>(
    scenario: &'a Scenario,
    report: &'a Report,
) -> impl Iterator<Item = (u8, &'a KeyClass, &'a ClassSummary)> {
    let classes = match &scenario.workload {
        Workload::Synthetic { classes } => classes.as_slice(),
        Workload::Trace(_) => &[],
    };
    let pairs = (0..).zip(classes).zip(&report.classes);
    pairs.map(|((number, class), summary)| (number, class, summary))
}

fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

fn points(share: f64) -> String {
    match share * 100.0 {
        0.0 => "0".into(),
        points if points < 0.005 => "under 0.01".into(),
        points if points < 1.0 => fixed(points, 2),
        points => fixed(points, 1),
    }
}

/// A text that may begin with a number in words, as a sentence.
pub fn sentence(text: &str) -> String {
    let mut sentence = text.trim_end().to_string();
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence
}

/// One shard more, where the cluster may have one.
fn more_shards(scenario: &Scenario) -> Option<Step> {
    let shards = scenario.cluster.shards + 1;
    let nodes = shards * (1 + scenario.cluster.replicas);
    let allowed = limits::SHARDS.contains(f64::from(shards)) && limits::NODES.contains(f64::from(nodes));
    (allowed && scenario.cluster.serverless.is_none()).then(|| Step {
        label: format!("Try {shards} shards"),
        change: Change::Shards(shards),
    })
}
