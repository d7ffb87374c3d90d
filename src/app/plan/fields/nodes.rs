//! How nodes divide keys, stand apart, and take over from each other.

use super::{Field, Number, Pick, Slider, millis, of_millis};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::{
    AutoScaling, ClusterMode, Distribution, GlobalDatastore, ScaledBy, Scales, Scenario, limits,
};
use cacheplan_engine::units::{Seconds, Share};

/// Whether the fields of Redis and Valkey have a meaning.
fn replicates(scenario: &Scenario) -> bool {
    !scenario.cluster.engine.is_memcached()
}

/// Changes what is known of other regions.
fn global(scenario: &mut Scenario, change: impl FnOnce(&mut GlobalDatastore)) {
    if let Some(global) = &mut scenario.cluster.global {
        change(global);
    }
}

fn scaling(scenario: &Scenario) -> Option<&AutoScaling> {
    scenario.cluster.auto_scaling.as_ref()
}

/// A quantity of the auto scaling that is on.
macro_rules! rule {
    ($field:literal, $label:literal, $hint:literal, $unit:expr, $limit:expr, $slider:expr, $get:expr, $set:expr) => {
        Field::Number(Number {
            path: concat!("cluster.auto_scaling.", $field),
            label: $label,
            hint: $hint,
            unit: $unit,
            limit: $limit,
            whole: !matches!($unit, Unit::Percent),
            slider: $slider,
            get: |s, _| {
                let get: fn(&AutoScaling) -> f64 = $get;
                scaling(s).map(get)
            },
            set: |s, _, value| {
                let set: fn(&mut AutoScaling, f64) = $set;
                if let Some(rules) = &mut s.cluster.auto_scaling {
                    set(rules, value);
                }
            },
        })
    };
}

/// Where nodes stand, and what they do when one of them fails.
pub const NODES: &[Field] = &[
    Field::Pick(Pick {
        path: "cluster.cluster_mode",
        label: "Cluster mode",
        hint: "Enabled, nodes find failures out themselves; disabled, there is one shard and somebody else has to",
        labels: &["As the shards need", "Enabled", "Disabled"],
        get: |s, _| {
            replicates(s).then_some(match s.cluster.cluster_mode {
                ClusterMode::Auto => 0,
                ClusterMode::Enabled => 1,
                ClusterMode::Disabled => 2,
            })
        },
        set: |s, _, at| {
            s.cluster.cluster_mode = match at {
                0 => ClusterMode::Auto,
                1 => ClusterMode::Enabled,
                _ => ClusterMode::Disabled,
            };
        },
    }),
    Field::Pick(Pick {
        path: "cluster.distribution",
        label: "Distribution",
        hint: "How the clients of Memcached choose a node",
        labels: &["Hash slots", "Ketama ring", "Modulo"],
        get: |s, _| {
            (!replicates(s) || s.cluster.distribution != Distribution::Slots).then_some(
                match s.cluster.distribution {
                    Distribution::Slots => 0,
                    Distribution::Ketama => 1,
                    Distribution::Modulo => 2,
                },
            )
        },
        set: |s, _, at| {
            s.cluster.distribution = match at {
                0 => Distribution::Slots,
                1 => Distribution::Ketama,
                _ => Distribution::Modulo,
            };
        },
    }),
    Field::Number(Number {
        path: "cluster.zones",
        label: "Zones",
        hint: "Availability zones that the nodes are spread over",
        unit: Unit::Count,
        limit: limits::ZONES,
        whole: true,
        slider: Slider::Linear(1.0, 3.0, 1.0),
        get: |s, _| replicates(s).then_some(f64::from(s.cluster.zones)),
        set: |s, _, value| s.cluster.zones = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.replication.one_way_us",
        label: "To a replica",
        hint: "Way of a packet from a primary to a replica in the same zone",
        unit: Unit::Micros,
        limit: limits::ONE_WAY_US,
        whole: true,
        slider: Slider::Log(10.0, 100_000.0),
        get: |s, _| {
            (s.cluster.replicas > 0 && s.cluster.zones == 1)
                .then_some(f64::from(s.cluster.replication.one_way_us))
        },
        set: |s, _, value| s.cluster.replication.one_way_us = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.replication.cross_zone_one_way_us",
        label: "Between zones",
        hint: "Way of a packet from a node to one in another zone",
        unit: Unit::Micros,
        limit: limits::ONE_WAY_US,
        whole: true,
        slider: Slider::Log(10.0, 100_000.0),
        get: |s, _| {
            (replicates(s) && (s.cluster.zones > 1 || s.cluster.has_bus()))
                .then_some(f64::from(s.cluster.replication.cross_zone_one_way_us))
        },
        set: |s, _, value| s.cluster.replication.cross_zone_one_way_us = value as u32,
    }),
    Field::Pick(Pick {
        path: "cluster.global",
        label: "Other regions",
        hint: "Global Datastore: clusters of secondary regions that follow this one, and answer reads there",
        labels: &["None", "One", "Two"],
        get: |s, _| {
            (replicates(s) || s.cluster.global.is_some()).then(|| {
                s.cluster
                    .global
                    .map_or(0, |global| global.secondaries.min(2) as usize)
            })
        },
        set: |s, _, at| {
            let global = s.cluster.global.unwrap_or_default();
            s.cluster.global = (at > 0).then_some(GlobalDatastore {
                secondaries: at as u32,
                ..global
            });
        },
    }),
    Field::Number(Number {
        path: "cluster.global.share",
        label: "Made there",
        hint: "Part of the requests that are made in the secondary regions; writes go to the primary one",
        unit: Unit::Percent,
        limit: limits::SHARE,
        whole: false,
        slider: Slider::Linear(0.0, 1.0, 0.01),
        get: |s, _| s.cluster.global.map(|global| global.share.0),
        set: |s, _, value| global(s, |global| global.share = Share(value)),
    }),
    Field::Number(Number {
        path: "cluster.global.lag_ms",
        label: "Behind by",
        hint: "How far the secondary regions are behind",
        unit: Unit::Micros,
        limit: millis(limits::REGION_LAG_MS),
        whole: true,
        slider: Slider::Log(1e3, 6e7),
        get: |s, _| s.cluster.global.map(|global| f64::from(global.lag_ms) * 1e3),
        set: |s, _, value| global(s, |global| global.lag_ms = of_millis(value)),
    }),
    Field::Number(Number {
        path: "cluster.global.round_trip_ms",
        label: "Between regions",
        hint: "Round trip from a secondary region to the primary one",
        unit: Unit::Micros,
        limit: millis(limits::REGION_ROUND_TRIP_MS),
        whole: true,
        slider: Slider::Log(1e3, 1e6),
        get: |s, _| {
            s.cluster
                .global
                .map(|global| f64::from(global.round_trip_ms) * 1e3)
        },
        set: |s, _, value| global(s, |global| global.round_trip_ms = of_millis(value)),
    }),
    Field::Number(Number {
        path: "cluster.node_timeout_ms",
        label: "Node timeout",
        hint: "cluster-node-timeout: how long a node may be silent before others suspect it",
        unit: Unit::Micros,
        limit: millis(limits::NODE_TIMEOUT_MS),
        whole: true,
        slider: Slider::Log(1e5, 6e8),
        get: |s, _| {
            s.cluster
                .has_bus()
                .then_some(f64::from(s.cluster.node_timeout_ms) * 1e3)
        },
        set: |s, _, value| s.cluster.node_timeout_ms = of_millis(value),
    }),
    Field::Pick(Pick {
        path: "cluster.require_full_coverage",
        label: "Full coverage",
        hint: "cluster-require-full-coverage: whether all shards refuse keys while one has no primary",
        labels: &["Not required", "Required"],
        get: |s, _| {
            s.cluster
                .has_bus()
                .then_some(usize::from(s.cluster.require_full_coverage))
        },
        set: |s, _, at| s.cluster.require_full_coverage = at == 1,
    }),
    Field::Pick(Pick {
        path: "cluster.service_promotes",
        label: "Provider",
        hint: "Whether the provider promotes a replica where the nodes cannot elect one",
        labels: &["Promotes nobody", "Promotes a replica"],
        get: |s, _| (s.cluster.replicas > 0).then_some(usize::from(s.cluster.service_failover_s.is_some())),
        set: |s, _, at| s.cluster.service_failover_s = (at == 1).then_some(Seconds(10)),
    }),
    Field::Number(Number {
        path: "cluster.service_failover_s",
        label: "Takes it",
        hint: "Time until the provider has promoted a replica",
        unit: Unit::Seconds,
        limit: limits::SERVICE_FAILOVER_S,
        whole: true,
        slider: Slider::Log(1.0, 3_600.0),
        get: |s, _| {
            let seconds = s.cluster.service_failover_s.filter(|_| s.cluster.replicas > 0);
            seconds.map(|seconds| seconds.0 as f64)
        },
        set: |s, _, value| s.cluster.service_failover_s = Some(Seconds(value as u64)),
    }),
    Field::Pick(Pick {
        path: "cluster.auto_scaling",
        label: "Auto scaling",
        hint: "Adds capacity while a metric is above its target, and removes some while it is far below",
        labels: &["Off", "Of shards", "Of replicas"],
        get: |s, _| {
            s.cluster
                .has_bus()
                .then(|| scaling(s).map_or(0, |rules| 1 + usize::from(rules.scales == Scales::Replicas)))
        },
        set: |s, _, at| {
            let scales = if at == 2 { Scales::Replicas } else { Scales::Shards };
            s.cluster.auto_scaling = (at > 0).then(|| AutoScaling {
                scales,
                ..AutoScaling::default()
            });
        },
    }),
    Field::Pick(Pick {
        path: "cluster.auto_scaling.by",
        label: "Metric",
        hint: "Mean over all primaries",
        labels: &["Engine CPU", "Memory"],
        get: |s, _| {
            let rules = scaling(s).filter(|rules| rules.scales == Scales::Shards);
            rules.map(|rules| usize::from(rules.by == ScaledBy::Memory))
        },
        set: |s, _, at| {
            if let Some(rules) = &mut s.cluster.auto_scaling {
                rules.by = if at == 1 {
                    ScaledBy::Memory
                } else {
                    ScaledBy::EngineCpu
                };
            }
        },
    }),
    rule!(
        "target",
        "Target",
        "Capacity is added above it, and removed below three quarters of it",
        Unit::Percent,
        limits::SCALING_TARGET,
        Slider::Linear(0.05, 1.0, 0.05),
        |rules| rules.target.0,
        |rules, value| rules.target = Share(value)
    ),
    rule!(
        "least",
        "At least",
        "Fewest shards, or replicas of each",
        Unit::Count,
        limits::SHARDS,
        Slider::Linear(1.0, 30.0, 1.0),
        |rules| f64::from(rules.least),
        |rules, value| rules.least = value as u32
    ),
    rule!(
        "most",
        "At most",
        "Most shards, or replicas of each",
        Unit::Count,
        limits::SHARDS,
        Slider::Linear(1.0, 30.0, 1.0),
        |rules| f64::from(rules.most),
        |rules, value| rules.most = value as u32
    ),
    rule!(
        "out_cooldown_s",
        "Pause before more",
        "Time from one change until capacity is added",
        Unit::Seconds,
        limits::SCALING_S,
        Slider::Linear(0.0, 3_600.0, 60.0),
        |rules| rules.out_cooldown_s.0 as f64,
        |rules, value| rules.out_cooldown_s = Seconds(value as u64)
    ),
    rule!(
        "in_cooldown_s",
        "Pause before less",
        "Time from one change until capacity is removed",
        Unit::Seconds,
        limits::SCALING_S,
        Slider::Linear(0.0, 3_600.0, 60.0),
        |rules| rules.in_cooldown_s.0 as f64,
        |rules, value| rules.in_cooldown_s = Seconds(value as u64)
    ),
    rule!(
        "provision_s",
        "New nodes take",
        "Time until they are there",
        Unit::Seconds,
        limits::SCALING_S,
        Slider::Linear(0.0, 3_600.0, 60.0),
        |rules| rules.provision_s.0 as f64,
        |rules, value| rules.provision_s = Seconds(value as u64)
    ),
];
