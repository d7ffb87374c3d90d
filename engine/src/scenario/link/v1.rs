//! The frozen form behind `s1.` links: postcard of the values below, in this order of fields and variants.
//!
//! Never changed again, since links live in other people's documents. Names of the registries (node type, policy,
//! region) are texts, so that these can grow.

use super::code::{Code, bytes_of, read_into};
use super::values;
use crate::catalog::Engine;
use crate::scenario::{KeyClass, Popularity, Rate, Scenario, TraceWorkload, Ttl, ValueSize, Workload};
use crate::units::{Bytes, PerSecond, Share, Usd};

/// The engines that it knows, in the order of their numbers.
const ENGINES: [Engine; 6] = [
    Engine::RedisOss7,
    Engine::Valkey72,
    Engine::Valkey80,
    Engine::Valkey81,
    Engine::Valkey90,
    Engine::Valkey91,
];

/// The bytes of a scenario. What came later is put as what resembles it most: a part of `s2.` has it in full.
pub(super) fn write(scenario: &Scenario) -> Vec<u8> {
    let mut old = scenario.clone();
    if old.cluster.engine == Engine::Memcached16 {
        old.cluster.engine = Engine::Valkey91;
    }
    match &mut old.workload {
        Workload::Synthetic { classes } => classes.iter_mut().for_each(resemble),
        Workload::Trace(trace) => resemble_ttl(&mut trace.ttl),
    }
    bytes_of(&mut old, scenario_of)
}

/// The scenario of the bytes; `None` when they are not exactly one.
pub(super) fn read(bytes: &[u8]) -> Option<Scenario> {
    let mut scenario = Scenario::default();
    read_into(bytes, &mut scenario, scenario_of).ok()?;
    Some(scenario)
}

fn resemble_ttl(ttl: &mut Ttl) {
    if let Ttl::Sliding { seconds } = *ttl {
        *ttl = Ttl::Fixed {
            seconds,
            jitter: Share(0.0),
        };
    }
}

/// Puts old laws in the place of new ones.
fn resemble(class: &mut KeyClass) {
    resemble_ttl(&mut class.ttl);
    match class.popularity {
        Popularity::Zipf { .. } | Popularity::Uniform => {}
        Popularity::Latest { exponent } => class.popularity = Popularity::Zipf { exponent },
        Popularity::HotSet { .. } | Popularity::Scan => class.popularity = Popularity::Uniform,
    }
    if let ValueSize::Choice { .. } = class.value_size {
        class.value_size = ValueSize::Fixed {
            bytes: Bytes(class.value_size.mean() as u64),
        };
    }
    if let Rate::Ramp { .. } | Rate::Curve { .. } = class.rate {
        class.rate = Rate::Constant {
            per_s: PerSecond(class.rate.peak()),
        };
    }
}

/// What this form holds of a scenario.
pub(super) fn scenario_of(code: &mut Code<'_>, scenario: &mut Scenario) {
    code.text(&mut scenario.name);
    code.u64(&mut scenario.seed);
    code.u64(&mut scenario.run.duration_s.0);
    code.u64(&mut scenario.run.warm_up_s.0);
    code.u64(&mut scenario.run.request_budget);
    workload(code, &mut scenario.workload);
    let cluster = &mut scenario.cluster;
    code.choice(&mut cluster.engine, &ENGINES);
    code.text(&mut cluster.node_type);
    code.u32(&mut cluster.shards);
    code.u32(&mut cluster.replicas);
    code.text(&mut cluster.policy);
    code.f64(&mut cluster.reserved_memory.0);
    code.option(&mut cluster.maxmemory_bytes, |code, bytes: &mut Bytes| {
        code.u64(&mut bytes.0);
    });
    code.u32(&mut scenario.client.round_trip_us);
    code.u32(&mut scenario.database.latency_us);
    code.f64(&mut scenario.database.capacity_per_s.0);
    code.f64(&mut scenario.database.usd_per_million_reads.0);
    code.text(&mut scenario.prices.region);
    code.option(&mut scenario.prices.node_usd_per_hour, |code, usd: &mut Usd| {
        code.f64(&mut usd.0);
    });
}

fn workload(code: &mut Code<'_>, workload: &mut Workload) {
    let kind = code.one_of(matches!(workload, Workload::Trace(_)).into(), 2);
    if code.reads() {
        *workload = match kind {
            0 => Workload::Synthetic { classes: Vec::new() },
            _ => Workload::Trace(TraceWorkload::default()),
        };
    }
    match workload {
        Workload::Synthetic { classes } => code.list(classes, class),
        Workload::Trace(trace) => {
            code.text(&mut trace.name);
            code.u64(&mut trace.fingerprint);
            code.u64(&mut trace.requests);
            code.u64(&mut trace.objects);
            code.u32(&mut trace.key_bytes);
            code.f64(&mut trace.speed);
            values::ttl(code, &mut trace.ttl);
        }
    }
}

fn class(code: &mut Code<'_>, class: &mut KeyClass) {
    code.text(&mut class.name);
    code.u64(&mut class.keys);
    code.u32(&mut class.key_bytes);
    values::popularity(code, &mut class.popularity, 2);
    values::value_size(code, &mut class.value_size, 2);
    values::rate(code, &mut class.rate, 2);
    code.f64(&mut class.writes.0);
    values::ttl(code, &mut class.ttl);
}
