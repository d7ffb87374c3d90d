//! What is set on the servers: directives of Redis and Valkey, start options of Memcached.

use super::{Choice, Field, Number, Slider, options};
use crate::app::quantity::Unit;
use cacheplan_engine::scenario::parameters::memcached::{Automove, Lru};
use cacheplan_engine::scenario::parameters::redis::Allocator;
use cacheplan_engine::scenario::{Engine, Memcached, Redis, Scenario, limits};
use cacheplan_engine::units::{Bytes, Seconds, Share};

/// Named sets of parameters, and what they are when none of them fits.
const OPEN_SOURCE: &str = "open";
const MANAGED: &str = "managed";
const OWN: &str = "own";

fn redis(scenario: &Scenario) -> Option<&Redis> {
    (!scenario.cluster.engine.is_memcached()).then_some(&scenario.cluster.redis)
}

fn memcached(scenario: &Scenario) -> Option<&Memcached> {
    (scenario.cluster.engine.is_memcached()).then_some(&scenario.cluster.memcached)
}

/// A named set of an engine with the policy that is chosen: it has a field of its own.
pub fn redis_set(scenario: &Scenario, engine: Engine, managed: bool) -> Redis {
    let set = if managed {
        Redis::managed(engine)
    } else {
        Redis::open_source(engine)
    };
    Redis {
        maxmemory_policy: scenario.cluster.redis.maxmemory_policy,
        ..set
    }
}

/// Likewise of Memcached, with the order of eviction that is chosen.
fn memcached_set(scenario: &Scenario, managed: bool) -> Memcached {
    let set = if managed {
        Memcached::managed()
    } else {
        Memcached::open_source()
    };
    Memcached {
        lru: scenario.cluster.memcached.lru,
        ..set
    }
}

fn yes_or_no() -> Vec<(String, String)> {
    options(&[("yes", "Yes"), ("no", "No")])
}

fn said(yes: bool) -> String {
    if yes { "yes" } else { "no" }.into()
}

/// What is set on the servers.
pub const SERVER: &[Field] = &[
    Field::Choice(Choice {
        path: "cluster.parameters",
        label: "Defaults",
        hint: "ElastiCache's default parameter group, or what the software does without a configuration file",
        options: |s| {
            let named = [(MANAGED, "ElastiCache"), (OPEN_SOURCE, "Open source")];
            let own = (set_of(s) == OWN).then_some((OWN, "Your own"));
            options(&named.into_iter().chain(own).collect::<Vec<_>>())
        },
        get: |s, _| Some(set_of(s).into()),
        set: |s, _, value| {
            if value != OWN {
                let managed = value == MANAGED;
                if s.cluster.engine.is_memcached() {
                    s.cluster.memcached = memcached_set(s, managed);
                } else {
                    s.cluster.redis = redis_set(s, s.cluster.engine, managed);
                }
            }
        },
    }),
    Field::Number(Number {
        path: "cluster.redis.maxmemory_samples",
        label: "Samples",
        hint: "maxmemory-samples: keys looked at for each eviction; more choose better and cost CPU",
        unit: Unit::Count,
        limit: limits::SAMPLES,
        whole: true,
        slider: Slider::Linear(1.0, 20.0, 1.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.maxmemory_samples)),
        set: |s, _, value| s.cluster.redis.maxmemory_samples = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.redis.lfu_log_factor",
        label: "LFU log factor",
        hint: "lfu-log-factor: how many uses a step of the LFU counter takes",
        unit: Unit::Count,
        limit: limits::LFU_LOG_FACTOR,
        whole: true,
        slider: Slider::Linear(0.0, 100.0, 1.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.lfu_log_factor)),
        set: |s, _, value| s.cluster.redis.lfu_log_factor = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.redis.lfu_decay_time_min",
        label: "LFU decay",
        hint: "lfu-decay-time: minutes after which the LFU counter falls by one; 0 for never",
        unit: Unit::Count,
        limit: limits::LFU_DECAY_MIN,
        whole: true,
        slider: Slider::Linear(0.0, 60.0, 1.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.lfu_decay_time_min)),
        set: |s, _, value| s.cluster.redis.lfu_decay_time_min = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.redis.active_expire_effort",
        label: "Expire effort",
        hint: "active-expire-effort: how hard the server looks for expired keys",
        unit: Unit::Count,
        limit: limits::EXPIRE_EFFORT,
        whole: true,
        slider: Slider::Linear(1.0, 10.0, 1.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.active_expire_effort)),
        set: |s, _, value| s.cluster.redis.active_expire_effort = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.redis.hz",
        label: "hz",
        hint: "How often in a second the server does its background tasks",
        unit: Unit::Count,
        limit: limits::HZ,
        whole: true,
        slider: Slider::Linear(1.0, 100.0, 1.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.hz)),
        set: |s, _, value| s.cluster.redis.hz = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.redis.maxmemory_eviction_tenacity",
        label: "Tenacity",
        hint: "maxmemory-eviction-tenacity: how long one command may evict",
        unit: Unit::Count,
        limit: limits::TENACITY,
        whole: true,
        slider: Slider::Linear(0.0, 100.0, 1.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.maxmemory_eviction_tenacity)),
        set: |s, _, value| s.cluster.redis.maxmemory_eviction_tenacity = value as u32,
    }),
    Field::Choice(Choice {
        path: "cluster.redis.allocator",
        label: "Allocator",
        hint: "What the server is built with: it rounds every allocation up to a size of its own",
        options: |_| {
            Allocator::ALL
                .iter()
                .map(|allocator| (allocator.label().into(), allocator.label().into()))
                .collect()
        },
        get: |s, _| redis(s).map(|redis| redis.allocator.label().into()),
        set: |s, _, value| {
            if let Some(allocator) = Allocator::ALL
                .into_iter()
                .find(|allocator| allocator.label() == value)
            {
                s.cluster.redis.allocator = allocator;
            }
        },
    }),
    Field::Number(Number {
        path: "cluster.redis.connection_bytes",
        label: "Connection",
        hint: "Memory of one connection, its buffers included; counts against maxmemory",
        unit: Unit::Bytes,
        limit: limits::CONNECTION_BYTES,
        whole: true,
        slider: Slider::Log(1_000.0, 1_048_576.0),
        get: |s, _| redis(s).map(|redis| f64::from(redis.connection_bytes)),
        set: |s, _, value| s.cluster.redis.connection_bytes = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.redis.backlog_bytes",
        label: "Backlog",
        hint: "repl-backlog-size: counts against maxmemory where there are replicas",
        unit: Unit::Bytes,
        limit: limits::BACKLOG_BYTES,
        whole: true,
        slider: Slider::Log(16_384.0, 1_073_741_824.0),
        get: |s, _| redis(s).map(|redis| redis.backlog_bytes as f64),
        set: |s, _, value| s.cluster.redis.backlog_bytes = value as u64,
    }),
    Field::Number(Number {
        path: "cluster.memcached.growth_factor",
        label: "Growth factor",
        hint: "-f: size of each slab class relative to the one before",
        unit: Unit::Number,
        limit: limits::GROWTH_FACTOR,
        whole: false,
        slider: Slider::Linear(1.05, 2.0, 0.01),
        get: |s, _| memcached(s).map(|options| options.growth_factor),
        set: |s, _, value| s.cluster.memcached.growth_factor = value,
    }),
    Field::Number(Number {
        path: "cluster.memcached.first_chunk_bytes",
        label: "First chunk",
        hint: "-n: room for key and value in a chunk of the smallest slab class",
        unit: Unit::Bytes,
        limit: limits::FIRST_CHUNK_BYTES,
        whole: true,
        slider: Slider::Log(16.0, 4_096.0),
        get: |s, _| memcached(s).map(|options| f64::from(options.first_chunk_bytes)),
        set: |s, _, value| s.cluster.memcached.first_chunk_bytes = value as u32,
    }),
    Field::Number(Number {
        path: "cluster.memcached.max_item_bytes",
        label: "Largest item",
        hint: "-I: larger values are refused",
        unit: Unit::Bytes,
        limit: limits::MAX_ITEM_BYTES,
        whole: true,
        slider: Slider::Log(1_024.0, 134_217_728.0),
        get: |s, _| memcached(s).map(|options| options.max_item_bytes.0 as f64),
        set: |s, _, value| s.cluster.memcached.max_item_bytes = Bytes(value as u64),
    }),
    Field::Choice(Choice {
        path: "cluster.memcached.cas",
        label: "CAS",
        hint: "Whether items carry a compare-and-swap number of 8 bytes; -C turns it off",
        options: |_| yes_or_no(),
        get: |s, _| memcached(s).map(|options| said(options.cas)),
        set: |s, _, value| s.cluster.memcached.cas = value == "yes",
    }),
    Field::Choice(Choice {
        path: "cluster.memcached.evictions",
        label: "Evict",
        hint: "Whether a full slab class evicts; -M refuses to store instead",
        options: |_| yes_or_no(),
        get: |s, _| memcached(s).map(|options| said(options.evictions)),
        set: |s, _, value| s.cluster.memcached.evictions = value == "yes",
    }),
    Field::Choice(Choice {
        path: "cluster.memcached.automove",
        label: "Automove",
        hint: "slab_automove: whether pages move from one slab class to another",
        options: |_| {
            options(&[
                ("off", "Off"),
                ("age", "By age of items"),
                ("every", "At every eviction"),
            ])
        },
        get: |s, _| {
            memcached(s).map(|options| {
                match options.automove {
                    Automove::Off => "off",
                    Automove::ByAge => "age",
                    Automove::EveryEviction => "every",
                }
                .into()
            })
        },
        set: |s, _, value| {
            let options = &mut s.cluster.memcached;
            options.automove = match value {
                "age" => Automove::ByAge,
                "every" => Automove::EveryEviction,
                _ => Automove::Off,
            };
            // Pages that differ in length cannot move.
            options.reassign |= options.automove != Automove::Off;
        },
    }),
    Field::Number(Number {
        path: "cluster.memcached.automove_window_s",
        label: "Automove window",
        hint: "slab_automove_window: seconds that a decision to move a page rests on",
        unit: Unit::Seconds,
        limit: limits::AUTOMOVE_WINDOW_S,
        whole: true,
        slider: Slider::Linear(3.0, 120.0, 1.0),
        get: |s, _| moving(s).map(|options| options.automove_window_s.0 as f64),
        set: |s, _, value| s.cluster.memcached.automove_window_s = Seconds(value as u64),
    }),
    Field::Number(Number {
        path: "cluster.memcached.automove_ratio",
        label: "Automove ratio",
        hint: "slab_automove_ratio: a page moves to a class whose items are younger than this part of the oldest's age",
        unit: Unit::Percent,
        limit: limits::AUTOMOVE_RATIO,
        whole: false,
        slider: Slider::Linear(0.01, 1.0, 0.01),
        get: |s, _| moving(s).map(|options| options.automove_ratio.0),
        set: |s, _, value| s.cluster.memcached.automove_ratio = Share(value),
    }),
    Field::Choice(Choice {
        path: "cluster.memcached.crawler",
        label: "Crawler",
        hint: "lru_crawler: whether expired items are looked for in the background",
        options: |_| yes_or_no(),
        get: |s, _| segmented(s).map(|options| said(options.crawler)),
        set: |s, _, value| s.cluster.memcached.crawler = value == "yes",
    }),
    Field::Number(Number {
        path: "cluster.memcached.hot_share",
        label: "Hot share",
        hint: "hot_lru_pct: part of a class's bytes that new items may take",
        unit: Unit::Percent,
        limit: limits::QUEUE_SHARE,
        whole: false,
        slider: Slider::Linear(0.01, 0.79, 0.01),
        get: |s, _| segmented(s).map(|options| options.hot_share.0),
        set: |s, _, value| s.cluster.memcached.hot_share = Share(value),
    }),
    Field::Number(Number {
        path: "cluster.memcached.warm_share",
        label: "Warm share",
        hint: "warm_lru_pct: part of a class's bytes for items that were used again",
        unit: Unit::Percent,
        limit: limits::QUEUE_SHARE,
        whole: false,
        slider: Slider::Linear(0.01, 0.79, 0.01),
        get: |s, _| segmented(s).map(|options| options.warm_share.0),
        set: |s, _, value| s.cluster.memcached.warm_share = Share(value),
    }),
    Field::Number(Number {
        path: "cluster.memcached.hot_age_factor",
        label: "Hot age",
        hint: "hot_max_factor: age of the oldest new item relative to the oldest of all beyond which it moves on",
        unit: Unit::Number,
        limit: limits::AGE_FACTOR,
        whole: false,
        slider: Slider::Log(0.01, 10.0),
        get: |s, _| segmented(s).map(|options| options.hot_age_factor),
        set: |s, _, value| s.cluster.memcached.hot_age_factor = value,
    }),
    Field::Number(Number {
        path: "cluster.memcached.warm_age_factor",
        label: "Warm age",
        hint: "warm_max_factor: likewise for items that were used again",
        unit: Unit::Number,
        limit: limits::AGE_FACTOR,
        whole: false,
        slider: Slider::Log(0.01, 10.0),
        get: |s, _| segmented(s).map(|options| options.warm_age_factor),
        set: |s, _, value| s.cluster.memcached.warm_age_factor = value,
    }),
];

/// Memcached whose pages move.
fn moving(scenario: &Scenario) -> Option<&Memcached> {
    memcached(scenario).filter(|options| options.automove != Automove::Off)
}

/// Memcached with queues HOT, WARM and COLD.
fn segmented(scenario: &Scenario) -> Option<&Memcached> {
    memcached(scenario).filter(|options| options.lru == Lru::Segmented)
}

/// Which named set the parameters are.
fn set_of(scenario: &Scenario) -> &'static str {
    let is = |managed| {
        if scenario.cluster.engine.is_memcached() {
            scenario.cluster.memcached == memcached_set(scenario, managed)
        } else {
            scenario.cluster.redis == redis_set(scenario, scenario.cluster.engine, managed)
        }
    };
    if is(true) {
        MANAGED
    } else if is(false) {
        OPEN_SOURCE
    } else {
        OWN
    }
}

/// What the section says while it is folded.
pub fn summary(scenario: &Scenario) -> &'static str {
    match set_of(scenario) {
        MANAGED => "ElastiCache's defaults",
        OPEN_SOURCE => "open-source defaults",
        _ => "your own",
    }
}
