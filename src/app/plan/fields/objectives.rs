//! What the cluster has to achieve.

use super::{Field, Number, Pick, Slider, millis};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{Objectives, limits};

/// For each objective whether there is one, and its target; the scale makes the field's unit of the scenario's.
macro_rules! objectives {
    ($($field:ident: $name:literal, $label:literal, $hint:literal, $unit:ident * $scale:literal, $limit:expr, $slider:expr;)*) => {
        /// What the cluster has to achieve.
        pub const OBJECTIVES: &[Field] = &[$(
            Field::Pick(Pick {
                path: concat!("objectives.", stringify!($field), "_asked"),
                label: $name,
                hint: "Whether there is a target",
                labels: &["No objective", "Has an objective"],
                get: |s, _| Some(usize::from(s.objectives.$field.is_some())),
                set: |s, _, at| {
                    s.objectives.$field = (at == 1).then(|| Objectives::default().$field.unwrap_or(60_000.0));
                },
            }),
            Field::Number(Number {
                path: concat!("objectives.", stringify!($field)),
                label: $label,
                hint: $hint,
                unit: Unit::$unit,
                limit: $limit,
                whole: false,
                slider: $slider,
                get: |s, _| s.objectives.$field.map(|target| target * $scale),
                set: |s, _, value| s.objectives.$field = Some(value / $scale),
            }),
        )*];
    };
}

objectives! {
    hit_ratio: "Hit rate", "Least hit rate", "Of the reads of each key class",
        Percent * 1.0, limits::SHARE, Slider::Linear(0.0, 1.0, 0.01);
    p99_ms: "User p99", "Longest p99", "99 % of requests are answered faster, as the application sees it",
        Micros * 1e3, millis(limits::OBJECTIVE_MS), Slider::Log(100.0, 1e7);
    evictions: "Evictions", "Most evictions", "Keys evicted per operation of a node",
        Percent * 1.0, limits::SHARE, Slider::Linear(0.0, 0.1, 0.001);
    replication_lag_ms: "Replication lag", "Longest lag", "How far a replica may be behind its primary",
        Micros * 1e3, millis(limits::OBJECTIVE_MS), Slider::Log(100.0, 1e7);
    engine_cpu: "Engine CPU", "Most engine CPU", "Of the commands that a node could run",
        Percent * 1.0, limits::SHARE, Slider::Linear(0.0, 1.0, 0.01);
    memory: "Memory", "Most memory", "Of a node’s maxmemory",
        Percent * 1.0, limits::SHARE, Slider::Linear(0.0, 1.0, 0.01);
    errors: "Errors", "Most errors", "Requests that get no answer or are turned away",
        Percent * 1.0, limits::SHARE, Slider::Linear(0.0, 0.05, 0.0005);
    failover_s: "Failover", "Longest failover", "How long a shard may be without a primary",
        Seconds * 1.0, limits::OBJECTIVE_S, Slider::Log(1.0, 3_600.0);
    connections: "Connections", "Most connections", "Of those that a node takes",
        Percent * 1.0, limits::SHARE, Slider::Linear(0.0, 1.0, 0.01);
    stale_age_ms: "Age of stale reads", "Oldest stale reads", "How long the database has held something newer, in the mean",
        Micros * 1e3, millis(limits::STALE_AGE_MS), Slider::Log(1e3, 1e11);
}
