//! The cache, the way to it, the database behind it, and what they cost.

use super::server::redis_set;
use super::{Choice, Field, Number, Pick, Slider, options};
use crate::app::quantity::{Unit, exact, text};
use cacheplan_engine::catalog::{Engine, node_price, node_type, node_types, regions};
use cacheplan_engine::policy;
use cacheplan_engine::scenario::parameters::memcached::Lru;
use cacheplan_engine::scenario::parameters::redis::MaxmemoryPolicy;
use cacheplan_engine::scenario::{Cluster, SERVER_POLICY, Scenario, Serverless, limits};
use cacheplan_engine::units::{Bytes, PerSecond, Share, Usd};

fn engine_name(engine: Engine) -> String {
    engine.label().replace(' ', "-").to_ascii_lowercase()
}

/// A node type as people call it: without `cache.`.
pub fn short_name(node_type: &str) -> &str {
    node_type.strip_prefix("cache.").unwrap_or(node_type)
}

/// The node types that the engine runs on, with memory and price; also the one chosen when it is none of them.
pub(super) fn node_options(scenario: &Scenario) -> Vec<(String, String)> {
    let engine = scenario.cluster.engine;
    let chosen = &scenario.cluster.node_type;
    let mut options: Vec<_> = node_types()
        .iter()
        .filter(|node| node.supports(engine) || node.name == chosen)
        .map(|node| {
            let mut label = short_name(node.name).to_string();
            label += ", ";
            label += &text(node.maxmemory.0 as f64, Unit::Bytes);
            if let Some(ssd) = node.ssd {
                label += " + SSD ";
                label += &text(ssd.0 as f64, Unit::Bytes);
            }
            if let Some(price) = node_price(&scenario.prices.region, node, engine) {
                label += ", ";
                label += &exact(price.usd_per_hour.0, Unit::Usd);
                label += "/h";
            }
            (node.name.to_string(), label)
        })
        .collect();
    if !options.iter().any(|(name, _)| name == chosen) {
        options.insert(0, (chosen.clone(), chosen.clone()));
    }
    options
}

/// The cluster where it has nodes.
fn nodes(scenario: &Scenario) -> Option<&Cluster> {
    Some(&scenario.cluster).filter(|cluster| cluster.serverless.is_none())
}

/// The bounds of a Serverless cache.
fn serverless(scenario: &Scenario) -> Option<&Serverless> {
    scenario.cluster.serverless.as_ref()
}

/// Changes them.
fn set_serverless(scenario: &mut Scenario, change: impl FnOnce(&mut Serverless)) {
    if let Some(serverless) = &mut scenario.cluster.serverless {
        change(serverless);
    }
}

/// As many shards as the quota of nodes leaves with the replicas that each has.
fn most_shards(scenario: &Scenario) -> u32 {
    if scenario.cluster.engine.is_memcached() {
        return limits::MEMCACHED_NODES.max as u32;
    }
    limits::NODES.max as u32 / scenario.cluster.replicas.saturating_add(1)
}

/// Changes the engine, and with it what the new one does not have or sets otherwise.
fn change_engine(scenario: &mut Scenario, engine: Engine) {
    // Parameters that are some engine's defaults become the new one's; that need not be the one before, which may not
    // have had any.
    let is_set = |managed| {
        Engine::ALL
            .into_iter()
            .any(|engine| scenario.cluster.redis == redis_set(scenario, engine, managed))
    };
    let set = [true, false].into_iter().find(|managed| is_set(*managed));
    scenario.cluster.engine = engine;
    scenario.cluster.replication.dual_channel &= engine.has_dual_channel();
    if engine.is_memcached() {
        let cluster = &mut scenario.cluster;
        cluster.replicas = 0;
        cluster.shards = cluster.shards.min(limits::MEMCACHED_NODES.max as u32);
        cluster.policy = SERVER_POLICY.into();
        cluster.global = None;
    } else if let Some(managed) = set {
        scenario.cluster.redis = redis_set(scenario, engine, managed);
    }
}

/// What the server can be set to do when memory is full; then what it would be with other policies, which take no
/// future into account, since a cluster cannot be told it.
fn policy_options(scenario: &Scenario) -> Vec<(String, String)> {
    let own = |name: &str| (name.to_string(), name.to_string());
    if scenario.cluster.engine.is_memcached() {
        return Lru::ALL.iter().map(|lru| own(lru.label())).collect();
    }
    let mut options: Vec<_> = MaxmemoryPolicy::ALL
        .iter()
        .map(|policy| own(policy.label()))
        .collect();
    options.extend(
        policy::REGISTRY
            .iter()
            .filter(|entry| !entry.needs_future())
            .map(|entry| (entry.name.to_string(), format!("What if: {}", entry.label))),
    );
    let chosen = &scenario.cluster.policy;
    if chosen != SERVER_POLICY && !options.iter().any(|(name, _)| name == chosen) {
        options.insert(0, own(chosen));
    }
    options
}

fn choose_policy(scenario: &mut Scenario, value: &str) {
    let cluster = &mut scenario.cluster;
    let of_server = MaxmemoryPolicy::ALL
        .into_iter()
        .find(|policy| policy.label() == value);
    cluster.policy = if let Some(policy) = of_server {
        cluster.redis.maxmemory_policy = policy;
        SERVER_POLICY
    } else if let Some(lru) = Lru::ALL.into_iter().find(|lru| lru.label() == value) {
        cluster.memcached.lru = lru;
        SERVER_POLICY
    } else {
        value
    }
    .into();
}

/// The cache.
pub const CLUSTER: &[Field] = &[
    Field::Choice(Choice {
        path: "cluster.engine",
        label: "Engine",
        hint: "Server software and version; Valkey nodes cost less than Redis OSS nodes",
        options: |_| {
            Engine::ALL
                .iter()
                .map(|engine| (engine_name(*engine), engine.label().into()))
                .collect()
        },
        get: |s, _| Some(engine_name(s.cluster.engine)),
        set: |s, _, value| {
            if let Some(engine) = Engine::ALL
                .into_iter()
                .find(|engine| engine_name(*engine) == value)
            {
                change_engine(s, engine);
            }
        },
    }),
    Field::Pick(Pick {
        path: "cluster.serverless",
        label: "Deployment",
        hint: "Nodes of your own, or a cache that follows the load and is paid by requests and data",
        labels: &["Nodes", "Serverless"],
        get: |s, _| Some(usize::from(s.cluster.serverless.is_some())),
        set: |s, _, at| s.cluster.serverless = (at == 1).then(Serverless::default),
    }),
    Field::Number(Number {
        path: "cluster.serverless.min_ecpu_per_s",
        label: "Least ECPU/s",
        hint: "What the cache is kept ready for, and is paid for even when unused",
        unit: Unit::PerSecond,
        limit: limits::MIN_ECPU_PER_S,
        whole: true,
        slider: Slider::Linear(0.0, 1e6, 1e3),
        get: |s, _| serverless(s).map(|it| it.min_ecpu_per_s.0),
        set: |s, _, value| set_serverless(s, |it| it.min_ecpu_per_s = PerSecond(value)),
    }),
    Field::Number(Number {
        path: "cluster.serverless.max_ecpu_per_s",
        label: "Most ECPU/s",
        hint: "Beyond it commands are throttled; the service itself ends at 15 million",
        unit: Unit::PerSecond,
        limit: limits::MAX_ECPU_PER_S,
        whole: true,
        slider: Slider::Log(limits::MAX_ECPU_PER_S.min, limits::MAX_ECPU_PER_S.max),
        get: |s, _| serverless(s).map(Serverless::most_ecpu_per_s),
        set: |s, _, value| set_serverless(s, |it| it.max_ecpu_per_s = Some(PerSecond(value))),
    }),
    Field::Number(Number {
        path: "cluster.serverless.min_bytes",
        label: "Least data",
        hint: "Data that is paid for even when it is not there",
        unit: Unit::Bytes,
        limit: limits::MIN_DATA_BYTES,
        whole: true,
        slider: Slider::Linear(0.0, 1e12, 1e9),
        get: |s, _| serverless(s).map(|it| it.min_bytes.0 as f64),
        set: |s, _, value| set_serverless(s, |it| it.min_bytes = Bytes(value as u64)),
    }),
    Field::Number(Number {
        path: "cluster.serverless.max_bytes",
        label: "Most data",
        hint: "Beyond it keys with a TTL are evicted; without any, stores fail",
        unit: Unit::Bytes,
        limit: limits::MAX_DATA_BYTES,
        whole: true,
        slider: Slider::Log(limits::MAX_DATA_BYTES.min, limits::MAX_DATA_BYTES.max),
        get: |s, _| serverless(s).map(|it| it.most_bytes().0 as f64),
        set: |s, _, value| set_serverless(s, |it| it.max_bytes = Some(Bytes(value as u64))),
    }),
    Field::Choice(Choice {
        path: "cluster.node_type",
        label: "Node type",
        hint: "Memory before the reserve, and the price of an hour on demand",
        options: node_options,
        get: |s, _| nodes(s).map(|cluster| cluster.node_type.clone()),
        set: |s, _, value| s.cluster.node_type = value.into(),
    }),
    Field::Number(Number {
        path: "cluster.shards",
        label: "Shards",
        hint: "Primaries, each with a share of the 16,384 slots",
        unit: Unit::Count,
        limit: limits::SHARDS,
        whole: true,
        slider: Slider::Linear(1.0, 30.0, 1.0),
        get: |s, _| nodes(s).map(|cluster| f64::from(cluster.shards)),
        set: |s, _, value| s.cluster.shards = (value as u32).min(most_shards(s)),
    }),
    Field::Number(Number {
        path: "cluster.replicas",
        label: "Replicas",
        hint: "Copies of each primary: they take over when it fails, and serve reads where the client asks them",
        unit: Unit::Count,
        limit: limits::REPLICAS,
        whole: true,
        slider: Slider::Linear(0.0, 5.0, 1.0),
        get: |s, _| nodes(s).map(|cluster| f64::from(cluster.replicas)),
        set: |s, _, value| {
            let most = if s.cluster.engine.is_memcached() {
                0
            } else {
                u32::MAX
            };
            s.cluster.replicas = (value as u32).min(most);
        },
    }),
    Field::Choice(Choice {
        path: "cluster.policy",
        label: "Eviction",
        hint: "What goes when memory is full: maxmemory-policy, or what another policy would do in its place",
        options: policy_options,
        get: |s, _| nodes(s).map(|cluster| cluster.eviction().into()),
        set: |s, _, value| choose_policy(s, value),
    }),
    Field::Choice(Choice {
        path: "cluster.maxmemory_source",
        label: "maxmemory",
        hint: "What each node may use for data",
        options: |_| options(&[("type", "Node type less the reserve"), ("set", "Set by hand")]),
        get: |s, _| {
            nodes(s).map(|cluster| {
                match cluster.maxmemory_bytes {
                    Some(_) => "set",
                    None => "type",
                }
                .into()
            })
        },
        set: |s, _, value| {
            s.cluster.maxmemory_bytes = (value == "set").then(|| {
                let usable = node_type(&s.cluster.node_type)
                    .map_or(Bytes::gib(1), |node| s.cluster.usable_memory(node));
                Bytes((usable.0 as f64 / 1_048_576.0).round().max(1.0) as u64 * 1_048_576)
            });
        },
    }),
    Field::Number(Number {
        path: "cluster.reserved_memory",
        label: "Reserved",
        hint: "reserved-memory-percent: part of the node's memory that data may not use",
        unit: Unit::Percent,
        limit: limits::RESERVED_MEMORY,
        whole: false,
        slider: Slider::Linear(0.0, 0.9, 0.01),
        get: |s, _| {
            nodes(s)
                .filter(|it| it.maxmemory_bytes.is_none() && !it.engine.is_memcached())
                .map(|it| it.reserved_memory.0)
        },
        set: |s, _, value| s.cluster.reserved_memory = Share(value),
    }),
    Field::Number(Number {
        path: "cluster.maxmemory_bytes",
        label: "Per node",
        hint: "maxmemory of each node",
        unit: Unit::Bytes,
        limit: limits::MAXMEMORY_BYTES,
        whole: true,
        slider: Slider::Log(1_048_576.0, 1_099_511_627_776.0),
        get: |s, _| nodes(s)?.maxmemory_bytes.map(|bytes| bytes.0 as f64),
        set: |s, _, value| s.cluster.maxmemory_bytes = Some(Bytes(value as u64)),
    }),
];

/// What things cost.
pub const PRICES: &[Field] = &[
    Field::Choice(Choice {
        path: "prices.region",
        label: "Region",
        hint: "Whose on-demand prices count",
        options: |s| {
            let mut options: Vec<_> = regions()
                .map(|name| (name.to_string(), name.to_string()))
                .collect();
            let chosen = &s.prices.region;
            if !options.iter().any(|(name, _)| name == chosen) {
                options.insert(0, (chosen.clone(), chosen.clone()));
            }
            options
        },
        get: |s, _| Some(s.prices.region.clone()),
        set: |s, _, value| s.prices.region = value.into(),
    }),
    Field::Choice(Choice {
        path: "prices.source",
        label: "Node price",
        hint: "From the catalogue, or as you pay it",
        options: |_| options(&[("catalogue", "On demand, catalogue"), ("own", "Your own")]),
        get: |s, _| {
            nodes(s).map(|_| {
                match s.prices.node_usd_per_hour {
                    Some(_) => "own",
                    None => "catalogue",
                }
                .into()
            })
        },
        set: |s, _, value| {
            s.prices.node_usd_per_hour = (value == "own").then(|| {
                node_type(&s.cluster.node_type)
                    .and_then(|node| node_price(&s.prices.region, node, s.cluster.engine))
                    .map_or(Usd(0.0), |price| price.usd_per_hour)
            });
        },
    }),
    Field::Number(Number {
        path: "prices.node_usd_per_hour",
        label: "Node-hour",
        hint: "What one node costs an hour",
        unit: Unit::Usd,
        limit: limits::NODE_USD_PER_HOUR,
        whole: false,
        slider: Slider::Linear(0.0, 10.0, 0.01),
        get: |s, _| nodes(s).and(s.prices.node_usd_per_hour).map(|usd| usd.0),
        set: |s, _, value| s.prices.node_usd_per_hour = Some(Usd(value)),
    }),
];
