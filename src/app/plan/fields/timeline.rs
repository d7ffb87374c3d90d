//! What happens during the run. In place of a key class, the number is that of the happening that is open.

use super::{Choice, Field, Number, Pick, Slider, millis, of_millis};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{Happening, Scenario, What, Workload, limits};
use cacheplan_engine::units::{Seconds, Share};

/// What each kind is called, in the order of [`What::kind`].
const KINDS: [&str; What::KINDS] = [
    "Load",
    "Deploy",
    "Load shedding",
    "Node failure",
    "Partition",
    "Slow node",
    "Slow command",
    "Flush",
    "Slow database",
    "Database down",
    "Lost invalidations",
    "Refused commands",
    "Loss of a zone",
    "Replica failure",
    "Replica cut off",
    "Restart",
    "Connections of others",
    "Redirects",
    "Snapshot",
    "Other number of shards",
    "Other number of replicas",
    "Other node type",
    "Loss of the region",
];

/// One of a kind, as it is before anybody sets it.
fn usual(kind: usize) -> What {
    let (class, shard) = (None, None);
    let share = Share(0.1);
    match kind {
        0 => What::Load { class, factor: 2.0 },
        1 => What::Deploy {
            class,
            value_factor: 2.0,
            ttl_s: None,
        },
        2 => What::LoadShedding { share },
        3 => What::NodeFailure { shard: 0 },
        4 => What::Partition { shard: 0 },
        5 => What::SlowNode { shard, factor: 10.0 },
        6 => What::SlowCommand {
            shard,
            milliseconds: 1_000,
            every_s: Seconds(60),
        },
        7 => What::Flush { shard },
        8 => What::DatabaseSlow { factor: 10.0 },
        9 => What::DatabaseDown,
        10 => What::LostInvalidations { share },
        11 => What::AuthFailures { share },
        12 => What::ZoneLoss { zone: 0 },
        13 => What::ReplicaFailure { shard: 0 },
        14 => What::ReplicaPartition { shard: 0 },
        15 => What::Restart { shard },
        16 => What::Connections { count: 60_000 },
        17 => What::WrongShard { share },
        18 => What::Snapshot,
        19 => What::Reshard { shards: 6 },
        20 => What::Replicas { replicas: 2 },
        21 => What::NodeType {
            node_type: "cache.r7g.xlarge".into(),
        },
        _ => What::RegionLoss {
            promotion_s: Seconds(600),
        },
    }
}

/// What a happening is called.
pub fn name(happening: &Happening) -> &'static str {
    KINDS.get(happening.what.kind()).copied().unwrap_or_default()
}

/// A node that fails in the middle of the run for ten minutes, or what is left of the run.
pub fn usual_happening(scenario: &Scenario) -> Happening {
    let half = scenario.run.duration_s.0 / 2;
    Happening {
        at_s: Seconds(half),
        duration_s: Seconds(half.min(600)),
        what: usual(3),
    }
}

fn what(scenario: &Scenario, at: usize) -> Option<&What> {
    scenario.timeline.get(at).map(|happening| &happening.what)
}

fn change(scenario: &mut Scenario, at: usize, change: impl FnOnce(&mut Happening)) {
    if let Some(happening) = scenario.timeline.get_mut(at) {
        change(happening);
    }
}

/// The class that a happening names; empty for all of them.
fn class_of(what: &What) -> Option<&Option<String>> {
    match what {
        What::Load { class, .. } | What::Deploy { class, .. } => Some(class),
        _ => None,
    }
}

/// The shard that a happening names, and whether it may be all of them.
fn shard_of(what: &What) -> Option<(Option<u32>, bool)> {
    match what {
        What::NodeFailure { shard }
        | What::Partition { shard }
        | What::ReplicaFailure { shard }
        | What::ReplicaPartition { shard } => Some((Some(*shard), false)),
        What::SlowNode { shard, .. }
        | What::SlowCommand { shard, .. }
        | What::Flush { shard }
        | What::Restart { shard } => Some((*shard, true)),
        _ => None,
    }
}

fn set_shard(what: &mut What, wanted: Option<u32>) {
    match what {
        What::NodeFailure { shard }
        | What::Partition { shard }
        | What::ReplicaFailure { shard }
        | What::ReplicaPartition { shard } => *shard = wanted.unwrap_or(*shard),
        What::SlowNode { shard, .. }
        | What::SlowCommand { shard, .. }
        | What::Flush { shard }
        | What::Restart { shard } => *shard = wanted,
        _ => {}
    }
}

/// What a happening multiplies, and whether it is the load, which may become less.
fn factor_of(what: &mut What) -> Option<(&mut f64, bool)> {
    match what {
        What::Load { factor, .. } => Some((factor, true)),
        What::SlowNode { factor, .. } | What::DatabaseSlow { factor } => Some((factor, false)),
        _ => None,
    }
}

fn factor(scenario: &Scenario, at: usize, load: bool) -> Option<f64> {
    let mut what = what(scenario, at)?.clone();
    let (factor, of_load) = factor_of(&mut what)?;
    (of_load == load).then_some(*factor)
}

fn set_factor(scenario: &mut Scenario, at: usize, value: f64) {
    change(scenario, at, |happening| {
        if let Some((factor, _)) = factor_of(&mut happening.what) {
            *factor = value;
        }
    });
}

fn share_of(what: &mut What) -> Option<&mut Share> {
    match what {
        What::LoadShedding { share }
        | What::LostInvalidations { share }
        | What::AuthFailures { share }
        | What::WrongShard { share } => Some(share),
        _ => None,
    }
}

/// Whether it is over at once, or takes as long as it takes.
fn is_moment(what: &What) -> bool {
    matches!(
        what,
        What::Flush { .. }
            | What::Snapshot
            | What::Reshard { .. }
            | What::Replicas { .. }
            | What::NodeType { .. }
    )
}

/// How many shards or replicas there are to be.
fn wanted(what: &mut What, of_shards: bool) -> Option<&mut u32> {
    match what {
        What::Reshard { shards } if of_shards => Some(shards),
        What::Replicas { replicas } if !of_shards => Some(replicas),
        _ => None,
    }
}

fn wanted_now(scenario: &Scenario, at: usize, of_shards: bool) -> Option<f64> {
    let mut what = what(scenario, at)?.clone();
    wanted(&mut what, of_shards).map(|count| f64::from(*count))
}

fn set_wanted(scenario: &mut Scenario, at: usize, of_shards: bool, value: f64) {
    change(scenario, at, |happening| {
        if let Some(count) = wanted(&mut happening.what, of_shards) {
            *count = value as u32;
        }
    });
}

/// The shards as people number them, and all of them where that is possible.
fn shards(scenario: &Scenario, all: bool) -> Vec<(String, String)> {
    let named = scenario
        .timeline
        .iter()
        .filter_map(|happening| shard_of(&happening.what)?.0);
    // One that the cluster no longer has is still shown, with what is wrong.
    let last = named
        .chain(scenario.cluster.shards.checked_sub(1))
        .max()
        .unwrap_or(0);
    let most = limits::SHARDS.max as u32;
    let each = (0..=last.min(most)).map(|shard| (shard.to_string(), format!("Shard {}", shard + 1)));
    let all = all.then(|| (String::new(), "All shards".into()));
    all.into_iter().chain(each).collect()
}

fn shard(scenario: &Scenario, at: usize, all: bool) -> Option<String> {
    let (shard, may_be_all) = shard_of(what(scenario, at)?)?;
    (may_be_all == all).then(|| shard.map_or_else(String::new, |shard| shard.to_string()))
}

/// The classes, those that happenings name and are gone included.
fn classes(scenario: &Scenario) -> Vec<(String, String)> {
    let mut names = vec![String::new()];
    if let Workload::Synthetic { classes } = &scenario.workload {
        names.extend(classes.iter().map(|class| class.name.clone()));
    }
    for happening in &scenario.timeline {
        if let Some(Some(name)) = class_of(&happening.what)
            && !names.contains(name)
        {
            names.push(name.clone());
        }
    }
    let label = |name: String| match name.is_empty() {
        true => (name, "All classes".into()),
        false => (name.clone(), name),
    };
    names.into_iter().map(label).collect()
}

/// Something that happens.
pub const TIMELINE: &[Field] = &[
    Field::Pick(Pick {
        path: "timeline[].what",
        label: "What",
        hint: "A change of load, a deploy, a fault, or what operators do",
        labels: &KINDS,
        get: |s, at| what(s, at).map(What::kind),
        set: |s, at, wanted| change(s, at, |happening| happening.what = usual(wanted)),
    }),
    Field::Number(Number {
        path: "timeline[].at_s",
        label: "Begins",
        hint: "Time after the start of the run",
        unit: Unit::Seconds,
        limit: limits::HAPPENS_S,
        whole: true,
        slider: Slider::Linear(0.0, 86_400.0, 300.0),
        get: |s, at| s.timeline.get(at).map(|happening| happening.at_s.0 as f64),
        set: |s, at, value| change(s, at, |happening| happening.at_s = Seconds(value as u64)),
    }),
    Field::Number(Number {
        path: "timeline[].duration_s",
        label: "Lasts",
        hint: "0 is until the end of the run",
        unit: Unit::Seconds,
        limit: limits::HAPPENS_S,
        whole: true,
        slider: Slider::Linear(0.0, 7_200.0, 30.0),
        get: |s, at| {
            let happening = s.timeline.get(at)?;
            (!is_moment(&happening.what)).then_some(happening.duration_s.0 as f64)
        },
        set: |s, at, value| change(s, at, |happening| happening.duration_s = Seconds(value as u64)),
    }),
    Field::Choice(Choice {
        path: "timeline[].what.class",
        label: "Whose",
        hint: "The key class that it concerns",
        options: classes,
        get: |s, at| class_of(what(s, at)?).map(|class| class.clone().unwrap_or_default()),
        set: |s, at, wanted| {
            change(s, at, |happening| {
                if let What::Load { class, .. } | What::Deploy { class, .. } = &mut happening.what {
                    *class = (!wanted.is_empty()).then(|| wanted.into());
                }
            });
        },
    }),
    Field::Choice(Choice {
        path: "timeline[].what.shard",
        label: "Where",
        hint: "The shard that it concerns",
        options: |s| shards(s, false),
        get: |s, at| shard(s, at, false),
        set: |s, at, wanted| {
            change(s, at, |happening| {
                set_shard(&mut happening.what, wanted.parse().ok());
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.shards",
        label: "Shards",
        hint: "How many there are in the end",
        unit: Unit::Count,
        limit: limits::SHARDS,
        whole: true,
        slider: Slider::Linear(1.0, 30.0, 1.0),
        get: |s, at| wanted_now(s, at, true),
        set: |s, at, value| set_wanted(s, at, true, value),
    }),
    Field::Number(Number {
        path: "timeline[].what.replicas",
        label: "Replicas",
        hint: "How many each shard has in the end",
        unit: Unit::Count,
        limit: limits::REPLICAS,
        whole: true,
        slider: Slider::Linear(0.0, 5.0, 1.0),
        get: |s, at| wanted_now(s, at, false),
        set: |s, at, value| set_wanted(s, at, false, value),
    }),
    Field::Choice(Choice {
        path: "timeline[].what.node_type",
        label: "Node type",
        hint: "Of all nodes from then on",
        options: super::cluster::node_options,
        get: |s, at| match what(s, at)? {
            What::NodeType { node_type } => Some(node_type.clone()),
            _ => None,
        },
        set: |s, at, wanted| {
            change(s, at, |happening| {
                if let What::NodeType { node_type } = &mut happening.what {
                    *node_type = wanted.into();
                }
            });
        },
    }),
    Field::Choice(Choice {
        path: "timeline[].what.zone",
        label: "Zone",
        hint: "The availability zone whose nodes are gone",
        options: |_| {
            (0..limits::ZONES.max as u32)
                .map(|zone| (zone.to_string(), format!("Zone {}", zone + 1)))
                .collect()
        },
        get: |s, at| match what(s, at)? {
            What::ZoneLoss { zone } => Some(zone.to_string()),
            _ => None,
        },
        set: |s, at, wanted| {
            change(s, at, |happening| {
                if let (What::ZoneLoss { zone }, Ok(wanted)) = (&mut happening.what, wanted.parse()) {
                    *zone = wanted;
                }
            });
        },
    }),
    Field::Choice(Choice {
        path: "timeline[].what.any_shard|timeline[].what.shard",
        label: "Where",
        hint: "The shard that it concerns, or all of them",
        options: |s| shards(s, true),
        get: |s, at| shard(s, at, true),
        set: |s, at, wanted| {
            change(s, at, |happening| {
                set_shard(&mut happening.what, wanted.parse().ok());
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.factor",
        label: "Times the rate",
        hint: "2 is twice as many requests, 0 is none",
        unit: Unit::Number,
        limit: limits::LOAD_FACTOR,
        whole: false,
        slider: Slider::Linear(0.0, 10.0, 0.1),
        get: |s, at| factor(s, at, true),
        set: set_factor,
    }),
    Field::Number(Number {
        path: "timeline[].what.slower|timeline[].what.factor",
        label: "Times as long",
        hint: "By what commands or queries take longer",
        unit: Unit::Number,
        limit: limits::SLOW_FACTOR,
        whole: false,
        slider: Slider::Log(1.0, 1_000.0),
        get: |s, at| factor(s, at, false),
        set: set_factor,
    }),
    Field::Number(Number {
        path: "timeline[].what.share",
        label: "Share",
        hint: "Of the requests, deletions or commands that it concerns",
        unit: Unit::Percent,
        limit: limits::SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, at| share_of(&mut what(s, at)?.clone()).map(|share| share.0),
        set: |s, at, value| {
            change(s, at, |happening| {
                if let Some(share) = share_of(&mut happening.what) {
                    *share = Share(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.count",
        label: "Connections",
        hint: "To each node, beside the application’s own; a node takes 65,000",
        unit: Unit::Count,
        limit: limits::OTHER_CONNECTIONS,
        whole: true,
        slider: Slider::Log(100.0, 1e6),
        get: |s, at| match what(s, at)? {
            What::Connections { count } => Some(f64::from(*count)),
            _ => None,
        },
        set: |s, at, value| {
            change(s, at, |happening| {
                if let What::Connections { count } = &mut happening.what {
                    *count = value as u32;
                }
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.value_factor",
        label: "Times as large",
        hint: "Values stored from then on over what they were",
        unit: Unit::Number,
        limit: limits::VALUE_FACTOR,
        whole: false,
        slider: Slider::Log(0.01, 100.0),
        get: |s, at| match what(s, at)? {
            What::Deploy { value_factor, .. } => Some(*value_factor),
            _ => None,
        },
        set: |s, at, value| {
            change(s, at, |happening| {
                if let What::Deploy { value_factor, .. } = &mut happening.what {
                    *value_factor = value;
                }
            });
        },
    }),
    Field::Pick(Pick {
        path: "timeline[].what.ttl",
        label: "TTL",
        hint: "Of values stored from then on",
        labels: &["As before", "Another"],
        get: |s, at| match what(s, at)? {
            What::Deploy { ttl_s, .. } => Some(usize::from(ttl_s.is_some())),
            _ => None,
        },
        set: |s, at, wanted| {
            change(s, at, |happening| {
                if let What::Deploy { ttl_s, .. } = &mut happening.what {
                    *ttl_s = (wanted == 1).then_some(Seconds(300));
                }
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.ttl_s",
        label: "New TTL",
        hint: "In place of the class's",
        unit: Unit::Seconds,
        limit: limits::TTL_S,
        whole: true,
        slider: Slider::Log(1.0, 2_592_000.0),
        get: |s, at| match what(s, at)? {
            What::Deploy { ttl_s, .. } => ttl_s.map(|ttl| ttl.0 as f64),
            _ => None,
        },
        set: |s, at, value| {
            change(s, at, |happening| {
                if let What::Deploy { ttl_s, .. } = &mut happening.what {
                    *ttl_s = Some(Seconds(value as u64));
                }
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.milliseconds",
        label: "Holds for",
        hint: "How long each holds the thread of the shard",
        unit: Unit::Micros,
        limit: millis(limits::STALL_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e8),
        get: |s, at| match what(s, at)? {
            What::SlowCommand { milliseconds, .. } => Some(f64::from(*milliseconds) * 1e3),
            _ => None,
        },
        set: |s, at, value| {
            change(s, at, |happening| {
                if let What::SlowCommand { milliseconds, .. } = &mut happening.what {
                    *milliseconds = of_millis(value);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.every_s",
        label: "Every",
        hint: "From one such command to the next",
        unit: Unit::Seconds,
        limit: limits::STALL_EVERY_S,
        whole: true,
        slider: Slider::Log(1.0, 86_400.0),
        get: |s, at| match what(s, at)? {
            What::SlowCommand { every_s, .. } => Some(every_s.0 as f64),
            _ => None,
        },
        set: |s, at, value| {
            change(s, at, |happening| {
                if let What::SlowCommand { every_s, .. } = &mut happening.what {
                    *every_s = Seconds(value as u64);
                }
            });
        },
    }),
    Field::Number(Number {
        path: "timeline[].what.promotion_s",
        label: "Promoted after",
        hint: "Until operators have put a secondary region in its place",
        unit: Unit::Seconds,
        limit: limits::HAPPENS_S,
        whole: true,
        slider: Slider::Linear(0.0, 7_200.0, 30.0),
        get: |s, at| match what(s, at)? {
            What::RegionLoss { promotion_s } => Some(promotion_s.0 as f64),
            _ => None,
        },
        set: |s, at, value| {
            change(s, at, |happening| {
                if let What::RegionLoss { promotion_s } = &mut happening.what {
                    *promotion_s = Seconds(value as u64);
                }
            });
        },
    }),
];
