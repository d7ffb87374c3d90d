//! The frozen form behind `s1.` links: postcard of the types below, in this order of fields and variants.
//!
//! Never changed again, since links live in other people's documents. Names of the registries (node type, policy,
//! region) are texts, so that these can grow.

use crate::catalog;
use crate::scenario;
use crate::units::{Bytes, PerSecond, Seconds, Share, Usd};
use serde::{Deserialize, Serialize};

/// The bytes of a scenario.
pub(super) fn write(scenario: &scenario::Scenario) -> Vec<u8> {
    // Growing memory is the only sink and the types hold only what postcard can write: this does not fail.
    postcard::to_allocvec(&Scenario::from(scenario)).unwrap_or_default()
}

/// The scenario of the bytes; `None` when they are not exactly one.
pub(super) fn read(bytes: &[u8]) -> Option<scenario::Scenario> {
    match postcard::take_from_bytes::<Scenario>(bytes) {
        Ok((scenario, [])) => Some(scenario.into()),
        _ => None,
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct Scenario {
    name: String,
    seed: u64,
    duration_s: u64,
    warm_up_s: u64,
    request_budget: u64,
    workload: Workload,
    engine: Engine,
    node_type: String,
    shards: u32,
    replicas: u32,
    policy: String,
    reserved_memory: f64,
    maxmemory_bytes: Option<u64>,
    round_trip_us: u32,
    database_latency_us: u32,
    database_capacity_per_s: f64,
    usd_per_million_reads: f64,
    region: String,
    node_usd_per_hour: Option<f64>,
}

#[derive(Serialize, Deserialize)]
enum Workload {
    Synthetic(Vec<KeyClass>),
    Trace(TraceWorkload),
}

#[derive(Serialize, Deserialize)]
struct KeyClass {
    name: String,
    keys: u64,
    key_bytes: u32,
    popularity: Popularity,
    value_size: ValueSize,
    rate: Rate,
    writes: f64,
    ttl: Ttl,
}

#[derive(Serialize, Deserialize)]
struct TraceWorkload {
    name: String,
    fingerprint: u64,
    requests: u64,
    objects: u64,
    key_bytes: u32,
    speed: f64,
    ttl: Ttl,
}

#[derive(Serialize, Deserialize)]
enum Popularity {
    Zipf { exponent: f64 },
    Uniform,
}

#[derive(Serialize, Deserialize)]
enum ValueSize {
    Fixed { bytes: u64 },
    Lognormal { median_bytes: u64, sigma: f64 },
}

#[derive(Serialize, Deserialize)]
enum Rate {
    Constant {
        per_s: f64,
    },
    Diurnal {
        mean_per_s: f64,
        peak_to_mean: f64,
        peak_hour: f64,
    },
}

#[derive(Serialize, Deserialize)]
enum Ttl {
    None,
    Fixed { seconds: u64, jitter: f64 },
}

#[derive(Serialize, Deserialize)]
enum Engine {
    RedisOss7,
    Valkey72,
    Valkey80,
    Valkey81,
    Valkey90,
    Valkey91,
}

impl From<&scenario::Scenario> for Scenario {
    fn from(from: &scenario::Scenario) -> Self {
        let scenario::Scenario {
            // Always the current one in memory; here it is the form that says it.
            version: _,
            name,
            seed,
            run,
            workload,
            cluster,
            client,
            database,
            // The first form knows of none.
            timeline: _,
            prices,
        } = from;
        Self {
            name: name.clone(),
            seed: *seed,
            duration_s: run.duration_s.0,
            warm_up_s: run.warm_up_s.0,
            request_budget: run.request_budget,
            workload: workload.into(),
            engine: cluster.engine.into(),
            node_type: cluster.node_type.clone(),
            shards: cluster.shards,
            replicas: cluster.replicas,
            policy: cluster.policy.clone(),
            reserved_memory: cluster.reserved_memory.0,
            maxmemory_bytes: cluster.maxmemory_bytes.map(|bytes| bytes.0),
            round_trip_us: client.round_trip_us,
            database_latency_us: database.latency_us,
            database_capacity_per_s: database.capacity_per_s.0,
            usd_per_million_reads: database.usd_per_million_reads.0,
            region: prices.region.clone(),
            node_usd_per_hour: prices.node_usd_per_hour.map(|usd| usd.0),
        }
    }
}

impl From<Scenario> for scenario::Scenario {
    fn from(from: Scenario) -> Self {
        Self {
            version: scenario::FORMAT_VERSION,
            name: from.name,
            seed: from.seed,
            run: scenario::RunSettings {
                duration_s: Seconds(from.duration_s),
                warm_up_s: Seconds(from.warm_up_s),
                request_budget: from.request_budget,
                ..scenario::RunSettings::default()
            },
            workload: from.workload.into(),
            cluster: scenario::Cluster {
                engine: from.engine.into(),
                node_type: from.node_type,
                shards: from.shards,
                replicas: from.replicas,
                policy: from.policy,
                reserved_memory: Share(from.reserved_memory),
                maxmemory_bytes: from.maxmemory_bytes.map(Bytes),
                ..scenario::Cluster::default()
            },
            client: scenario::Client {
                round_trip_us: from.round_trip_us,
                ..scenario::Client::default()
            },
            database: scenario::Database {
                latency_us: from.database_latency_us,
                capacity_per_s: PerSecond(from.database_capacity_per_s),
                usd_per_million_reads: Usd(from.usd_per_million_reads),
                ..scenario::Database::default()
            },
            timeline: Vec::new(),
            prices: scenario::Prices {
                region: from.region,
                node_usd_per_hour: from.node_usd_per_hour.map(Usd),
            },
        }
    }
}

impl From<&scenario::Workload> for Workload {
    fn from(from: &scenario::Workload) -> Self {
        match from {
            scenario::Workload::Synthetic { classes } => {
                Self::Synthetic(classes.iter().map(KeyClass::from).collect())
            }
            scenario::Workload::Trace(trace) => Self::Trace(trace.into()),
        }
    }
}

impl From<Workload> for scenario::Workload {
    fn from(from: Workload) -> Self {
        match from {
            Workload::Synthetic(classes) => Self::Synthetic {
                classes: classes.into_iter().map(scenario::KeyClass::from).collect(),
            },
            Workload::Trace(trace) => Self::Trace(trace.into()),
        }
    }
}

impl From<&scenario::KeyClass> for KeyClass {
    fn from(from: &scenario::KeyClass) -> Self {
        Self {
            name: from.name.clone(),
            keys: from.keys,
            key_bytes: from.key_bytes,
            popularity: (&from.popularity).into(),
            value_size: (&from.value_size).into(),
            rate: (&from.rate).into(),
            writes: from.writes.0,
            ttl: from.ttl.into(),
        }
    }
}

impl From<KeyClass> for scenario::KeyClass {
    fn from(from: KeyClass) -> Self {
        Self {
            name: from.name,
            keys: from.keys,
            key_bytes: from.key_bytes,
            popularity: from.popularity.into(),
            value_size: from.value_size.into(),
            rate: from.rate.into(),
            writes: Share(from.writes),
            ttl: from.ttl.into(),
            ..Self::default()
        }
    }
}

impl From<&scenario::TraceWorkload> for TraceWorkload {
    fn from(from: &scenario::TraceWorkload) -> Self {
        Self {
            name: from.name.clone(),
            fingerprint: from.fingerprint,
            requests: from.requests,
            objects: from.objects,
            key_bytes: from.key_bytes,
            speed: from.speed,
            ttl: from.ttl.into(),
        }
    }
}

impl From<TraceWorkload> for scenario::TraceWorkload {
    fn from(from: TraceWorkload) -> Self {
        Self {
            name: from.name,
            fingerprint: from.fingerprint,
            requests: from.requests,
            objects: from.objects,
            key_bytes: from.key_bytes,
            speed: from.speed,
            ttl: from.ttl.into(),
        }
    }
}

/// What came later is put as what resembles it most: a part of `s2.` has it in full.
impl From<&scenario::Popularity> for Popularity {
    fn from(from: &scenario::Popularity) -> Self {
        match *from {
            scenario::Popularity::Zipf { exponent } | scenario::Popularity::Latest { exponent } => {
                Self::Zipf { exponent }
            }
            scenario::Popularity::Uniform
            | scenario::Popularity::HotSet { .. }
            | scenario::Popularity::Scan => Self::Uniform,
        }
    }
}

impl From<Popularity> for scenario::Popularity {
    fn from(from: Popularity) -> Self {
        match from {
            Popularity::Zipf { exponent } => Self::Zipf { exponent },
            Popularity::Uniform => Self::Uniform,
        }
    }
}

/// As for [`Popularity`].
impl From<&scenario::ValueSize> for ValueSize {
    fn from(from: &scenario::ValueSize) -> Self {
        match *from {
            scenario::ValueSize::Choice { .. } => Self::Fixed {
                bytes: from.mean() as u64,
            },
            scenario::ValueSize::Fixed { bytes } => Self::Fixed { bytes: bytes.0 },
            scenario::ValueSize::Lognormal { median_bytes, sigma } => Self::Lognormal {
                median_bytes: median_bytes.0,
                sigma,
            },
        }
    }
}

impl From<ValueSize> for scenario::ValueSize {
    fn from(from: ValueSize) -> Self {
        match from {
            ValueSize::Fixed { bytes } => Self::Fixed { bytes: Bytes(bytes) },
            ValueSize::Lognormal { median_bytes, sigma } => Self::Lognormal {
                median_bytes: Bytes(median_bytes),
                sigma,
            },
        }
    }
}

/// As for [`Popularity`].
impl From<&scenario::Rate> for Rate {
    fn from(from: &scenario::Rate) -> Self {
        match *from {
            scenario::Rate::Ramp { .. } | scenario::Rate::Curve { .. } => {
                Self::Constant { per_s: from.peak() }
            }
            scenario::Rate::Constant { per_s } => Self::Constant { per_s: per_s.0 },
            scenario::Rate::Diurnal {
                mean_per_s,
                peak_to_mean,
                peak_hour,
            } => Self::Diurnal {
                mean_per_s: mean_per_s.0,
                peak_to_mean,
                peak_hour,
            },
        }
    }
}

impl From<Rate> for scenario::Rate {
    fn from(from: Rate) -> Self {
        match from {
            Rate::Constant { per_s } => Self::Constant {
                per_s: PerSecond(per_s),
            },
            Rate::Diurnal {
                mean_per_s,
                peak_to_mean,
                peak_hour,
            } => Self::Diurnal {
                mean_per_s: PerSecond(mean_per_s),
                peak_to_mean,
                peak_hour,
            },
        }
    }
}

impl From<scenario::Ttl> for Ttl {
    fn from(from: scenario::Ttl) -> Self {
        match from {
            scenario::Ttl::None => Self::None,
            scenario::Ttl::Fixed { seconds, jitter } => Self::Fixed {
                seconds: seconds.0,
                jitter: jitter.0,
            },
        }
    }
}

impl From<Ttl> for scenario::Ttl {
    fn from(from: Ttl) -> Self {
        match from {
            Ttl::None => Self::None,
            Ttl::Fixed { seconds, jitter } => Self::Fixed {
                seconds: Seconds(seconds),
                jitter: Share(jitter),
            },
        }
    }
}

impl From<catalog::Engine> for Engine {
    fn from(from: catalog::Engine) -> Self {
        match from {
            catalog::Engine::RedisOss7 => Self::RedisOss7,
            catalog::Engine::Valkey72 => Self::Valkey72,
            catalog::Engine::Valkey80 => Self::Valkey80,
            catalog::Engine::Valkey81 => Self::Valkey81,
            catalog::Engine::Valkey90 => Self::Valkey90,
            // Memcached came after this form: `v2` puts it in place.
            catalog::Engine::Valkey91 | catalog::Engine::Memcached16 => Self::Valkey91,
        }
    }
}

impl From<Engine> for catalog::Engine {
    fn from(from: Engine) -> Self {
        match from {
            Engine::RedisOss7 => Self::RedisOss7,
            Engine::Valkey72 => Self::Valkey72,
            Engine::Valkey80 => Self::Valkey80,
            Engine::Valkey81 => Self::Valkey81,
            Engine::Valkey90 => Self::Valkey90,
            Engine::Valkey91 => Self::Valkey91,
        }
    }
}
