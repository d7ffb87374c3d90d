//! Hot keys and hot shards.

use crate::scenario::Workload;
use crate::sim::{Sim, Tally};
use crate::units::Share;
use serde::{Deserialize, Serialize};

/// Where requests concentrate.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Hot {
    /// The ten keys that are asked for most, the first the most. Where keys are born or drift, these are the places
    /// that keys take one after the other.
    pub keys: Vec<HotKey>,
    /// The shard whose primary got most operations.
    pub shard: u16,
    /// Its operations over the mean of all shards; 0 when there were none.
    pub shard_ratio: f64,
}

/// A key that is asked for more often than most.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HotKey {
    /// Its class; the file of a trace.
    pub class: String,
    /// Its rank in the class, from 1; of a trace, its number in order of appearance, from 0.
    pub number: u64,
    /// Its shard.
    pub shard: u16,
    /// Its part of all requests that the workload makes in the run, happenings aside.
    pub of_all: Share,
    /// Its part of those for its shard.
    pub of_shard: Share,
}

#[inline(never)]
pub(super) fn hot(sim: &Sim) -> Hot {
    let shards = sim.keys().shards();
    let all: f64 = shards.iter().map(|shard| shard.rate).sum();
    let share = |part: f64, whole: f64| Share(if whole > 0.0 { part / whole } else { 0.0 });
    let class = |number: u8| match &sim.plan().scenario().workload {
        Workload::Synthetic { classes } => classes.get(usize::from(number)).map(|class| &class.name),
        Workload::Trace(trace) => Some(&trace.name),
    };
    let keys = sim.keys().busiest().iter().map(|key| HotKey {
        class: class(key.class).cloned().unwrap_or_default(),
        number: key.number,
        shard: key.shard,
        of_all: share(key.rate, all),
        of_shard: share(
            key.rate,
            shards.get(usize::from(key.shard)).map_or(0.0, |shard| shard.rate),
        ),
    });
    let operations: Vec<f64> = sim.recorder().totals().iter().map(Tally::operations).collect();
    let (mut shard, mut most) = (0, 0.0);
    for (number, operations) in operations.iter().enumerate() {
        if *operations > most {
            (shard, most) = (number as u16, *operations);
        }
    }
    let mean = operations.iter().sum::<f64>() / operations.len().max(1) as f64;
    Hot {
        keys: keys.collect(),
        shard,
        shard_ratio: share(most, mean).0,
    }
}
