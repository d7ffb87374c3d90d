//! Node types: what a node has, what it can do and what runs on it.

use super::Engine;
use super::table::{Row, bare_table, rows};
use crate::units::{Bytes, PerSecond};
use std::sync::OnceLock;

/// A kind of node that can be rented.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeType {
    /// Full name, such as `cache.r7g.large`.
    pub name: &'static str,
    /// Family, such as `r7g`.
    pub family: &'static str,
    /// Size within the family, such as `large`.
    pub size: &'static str,
    /// What the family is made for, such as `Memory optimized`.
    pub class: &'static str,
    /// Processor, such as `AWS Graviton3`.
    pub processor: &'static str,
    /// Virtual CPUs.
    pub vcpu: u32,
    /// `maxmemory` before `reserved-memory-percent` is taken off. It is also the memory that AWS advertises.
    pub maxmemory: Bytes,
    /// Flash memory of data tiering (family `r6gd`).
    pub ssd: Option<Bytes>,
    /// Network bandwidth that lasts, Gbit/s.
    pub network_baseline_gbps: f64,
    /// Network bandwidth for minutes, Gbit/s; `None` when the baseline is the ceiling.
    pub network_burst_gbps: Option<f64>,
    /// `maxclients`.
    pub max_connections: u32,
    /// Simple commands per second that one primary completes at most on Valkey 8.0: an estimate. T types reach it
    /// only while credits last. [`peak_ops`] gives it for other engine versions.
    pub peak_ops_per_s: PerSecond,
    /// CPU credits of a burstable (T) type.
    pub burst: Option<BurstCredits>,
    /// `max_cache_memory`, which Memcached shares between items and connections; `None` when it is not offered.
    pub memcached_memory: Option<Bytes>,
    /// Oldest Valkey version that runs on it.
    pub min_valkey: &'static str,
    /// Oldest Redis OSS version that runs on it; `None` when Redis OSS is not offered.
    pub min_redis_oss: Option<&'static str>,
}

/// CPU credits of a burstable node type. One credit is one vCPU at full load for one minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BurstCredits {
    /// Credits earned an hour.
    pub per_hour: u32,
    /// Most credits that can be saved up.
    pub max: u32,
    /// Simple commands per second once credits are spent: an estimate.
    pub sustained_ops_per_s: PerSecond,
}

impl NodeType {
    /// Whether it runs on CPU credits.
    pub fn is_burstable(&self) -> bool {
        self.burst.is_some()
    }

    /// Whether the engine runs on it.
    ///
    /// Every version of [`Engine`] is at least as new as the oldest that any type asks for (Valkey 7.2, Redis OSS
    /// 6.2, Memcached 1.6.6), so that only the software decides: Graviton4 runs no Redis OSS, data tiering no Memcached.
    pub fn supports(&self, engine: Engine) -> bool {
        match engine {
            Engine::RedisOss7 => self.min_redis_oss.is_some(),
            Engine::Memcached16 => self.memcached_memory.is_some(),
            _ => true,
        }
    }
}

/// All node types, in the order of the ElastiCache User Guide.
pub fn node_types() -> &'static [NodeType] {
    static TYPES: OnceLock<Vec<NodeType>> = OnceLock::new();
    TYPES.get_or_init(|| rows(TYPES_CSV).filter_map(node_type_of).collect())
}

/// The node type of this name.
pub fn node_type(name: &str) -> Option<&'static NodeType> {
    node_types().iter().find(|node| node.name == name)
}

/// Simple commands per second (GET or SET of up to 512 bytes, no pipelining, no TLS) that one primary completes at
/// most: an estimate, off by a factor of 1.5 either way below 8 vCPU and 1.3 from there on.
///
/// From 8 vCPU on, versions differ by how well they spread network work over I/O threads. Below, one thread runs the
/// commands and no core is left for more of those, so that all versions count alike: nothing else is published.
///
/// Memcached runs commands on all its threads: 300,000 gets/s a vCPU and at most 3 million were measured through a Unix
/// socket (tidwall/cache-benchmarks, c8g.8xlarge, 2025-09); over a network about one half is assumed.
pub fn peak_ops(node: &NodeType, engine: Engine) -> PerSecond {
    if engine.is_memcached() {
        PerSecond((150_000.0 * f64::from(node.vcpu)).min(1_500_000.0))
    } else if node.vcpu >= 8 {
        PerSecond(node.peak_ops_per_s.0 * engine.throughput_factor())
    } else {
        node.peak_ops_per_s
    }
}

const TYPES_CSV: &str = bare_table!("node_types.csv");
const FAMILIES_CSV: &str = bare_table!("families.csv");

struct Family {
    class: &'static str,
    processor: &'static str,
    min_valkey: &'static str,
    min_redis_oss: Option<&'static str>,
}

fn family(name: &str) -> Option<Family> {
    rows(FAMILIES_CSV)
        .filter_map(family_of)
        .find(|(family, _)| *family == name)
        .map(|(_, family)| family)
}

fn family_of(mut row: Row<'static>) -> Option<(&'static str, Family)> {
    let name = row.text()?;
    let family = Family {
        class: row.text()?,
        processor: row.text()?,
        min_valkey: row.text()?,
        min_redis_oss: row
            .text()
            .map(|version| (!version.is_empty()).then_some(version))?,
    };
    row.end()?;
    Some((name, family))
}

fn node_type_of(mut row: Row<'static>) -> Option<NodeType> {
    const GIB: f64 = (1u64 << 30) as f64;
    let name = row.text()?;
    let (family_name, size) = name.strip_prefix("cache.")?.split_once('.')?;
    let family = family(family_name)?;
    let node = NodeType {
        name,
        family: family_name,
        size,
        class: family.class,
        processor: family.processor,
        min_valkey: family.min_valkey,
        min_redis_oss: family.min_redis_oss,
        vcpu: row.value()?,
        maxmemory: Bytes(row.value()?),
        network_baseline_gbps: row.number()?,
        network_burst_gbps: row.optional_number()?,
        max_connections: row.value()?,
        ssd: row
            .optional_number()?
            .map(|gib| Bytes(libm::round(gib * GIB) as u64)),
        peak_ops_per_s: PerSecond(row.number()?),
        burst: burst_of(&mut row)?,
        memcached_memory: row.optional()?.map(Bytes::mib),
    };
    row.end()?;
    Some(node)
}

fn burst_of(row: &mut Row<'static>) -> Option<Option<BurstCredits>> {
    match (row.optional()?, row.optional()?, row.optional_number()?) {
        (Some(per_hour), Some(max), Some(sustained)) => Some(Some(BurstCredits {
            per_hour,
            max,
            sustained_ops_per_s: PerSecond(sustained),
        })),
        (None, None, None) => Some(None),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_of_the_tables_parses() {
        for row in rows(FAMILIES_CSV) {
            assert!(family_of(row).is_some());
        }
        for (number, row) in rows(TYPES_CSV).enumerate() {
            assert!(node_type_of(row).is_some(), "row {number} of node_types.csv");
        }
        assert_eq!(node_types().len(), 80);
    }

    #[test]
    fn damaged_rows_are_left_out() {
        let types = "columns\ncache.r7g.large,2,1,1,,1,,x,,,,\ncache.r7g.large,2\ncache.r7g.large,2,1,1,,1,,1,12,,,\n";
        assert_eq!(rows(types).filter_map(node_type_of).count(), 0);
    }

    #[test]
    fn every_type_has_its_parts() {
        for node in node_types() {
            assert_eq!(node.name, format!("cache.{}.{}", node.family, node.size));
            assert!(node.maxmemory >= Bytes::mib(512), "{}", node.name);
            assert!(node.peak_ops_per_s.0 >= 100_000.0, "{}", node.name);
            assert!(
                node.network_burst_gbps
                    .is_none_or(|burst| burst > node.network_baseline_gbps)
            );
            assert_eq!(node.is_burstable(), node.family.starts_with('t'));
            assert_eq!(node.ssd.is_some(), node.family == "r6gd");
            assert_eq!(node.memcached_memory.is_none(), node.family == "r6gd");
            assert_eq!(
                node.supports(Engine::RedisOss7),
                node.processor != "AWS Graviton4",
                "{}",
                node.name
            );
            assert!(node.supports(Engine::Valkey72));
        }
        assert!(node_type("cache.r7g.large").is_some());
        assert!(node_type("cache.r7g").is_none());
    }

    #[test]
    fn engine_versions_differ_from_8_vcpu_on() {
        let small = node_type("cache.r7g.xlarge").unwrap();
        let large = node_type("cache.r7g.2xlarge").unwrap();
        for engine in Engine::ALL.into_iter().filter(|engine| !engine.is_memcached()) {
            assert_eq!(peak_ops(small, engine), PerSecond(370_000.0));
        }
        assert_eq!(peak_ops(small, Engine::Memcached16), PerSecond(600_000.0));
        assert_eq!(peak_ops(large, Engine::Valkey80), PerSecond(700_000.0));
        assert!(peak_ops(large, Engine::RedisOss7) < peak_ops(large, Engine::Valkey80));
        assert!(peak_ops(large, Engine::Valkey80) < peak_ops(large, Engine::Valkey81));
        assert!(peak_ops(large, Engine::Valkey81) < peak_ops(large, Engine::Valkey90));
    }
}
