//! A first diagnosis: plain sentences that the report's numbers support, and a step to try where one follows.

mod load;
mod memory;
#[cfg(test)]
mod tests;
mod trouble;

use crate::quantity::fixed;
use crate::report::Report;
use crate::scenario::parameters::redis::MaxmemoryPolicy;
use crate::scenario::{Scenario, limits};
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

/// What a step changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// The number of shards, to this.
    Shards(u32),
    /// `maxmemory-policy`, to `allkeys-lru`.
    AllkeysLru,
}

impl Change {
    /// Path of the field that it changes.
    pub fn path(self) -> &'static str {
        match self {
            Self::Shards(_) => "cluster.shards",
            Self::AllkeysLru => "cluster.policy",
        }
    }

    /// Makes the change.
    pub fn apply(self, scenario: &mut Scenario) {
        match self {
            Self::Shards(shards) => scenario.cluster.shards = shards,
            Self::AllkeysLru => scenario.cluster.redis.maxmemory_policy = MaxmemoryPolicy::AllkeysLru,
        }
    }
}

/// All findings, most pressing first.
pub(super) fn findings(scenario: &Scenario, report: &Report) -> Vec<Finding> {
    let found: Vec<Finding> = [
        trouble::failed(report),
        trouble::collapse(scenario, report),
        load::throttled(report),
        load::database(scenario, report),
        memory::undersized(scenario, report),
        load::cpu(scenario, report),
        memory::out_of_memory(scenario, report),
        memory::refused(report),
        load::hot_shard(report),
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
