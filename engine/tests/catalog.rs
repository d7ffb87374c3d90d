//! The compiled-in catalogue agrees with the reference data it was made from, where that is at hand.

// Reference data that is there and cannot be read is a failed test.
#![allow(clippy::expect_used, clippy::panic)]

use cacheplan_engine::catalog::{Engine, node_price, node_types};
use cacheplan_engine::units::{Bytes, PerSecond, Usd};
use serde_json::Value;
use std::path::Path;

/// One file of the reference data beside the repository; `None`, with a line on the terminal, when it is absent.
fn reference(file: &str) -> Option<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/reference/aws")
        .join(file);
    match std::fs::read_to_string(&path) {
        Ok(text) => Some(serde_json::from_str(&text).expect("reference data is JSON")),
        Err(error) => {
            eprintln!("not compared: {} ({error})", path.display());
            None
        }
    }
}

fn by_name<'a>(types: &'a Value, name: &str) -> &'a Value {
    types["node_types"]
        .as_array()
        .and_then(|types| types.iter().find(|node| node["name"] == name))
        .unwrap_or_else(|| panic!("{name} is not in the reference data"))
}

#[test]
fn node_types_agree_with_the_reference() {
    let Some(types) = reference("node_types.json") else {
        return;
    };
    assert_eq!(
        types["node_types"].as_array().map(Vec::len),
        Some(node_types().len())
    );
    for node in node_types() {
        let expected = by_name(&types, node.name);
        assert_eq!(expected["family"], node.family);
        assert_eq!(expected["size"], node.size);
        assert_eq!(expected["family_class"], node.class);
        assert_eq!(expected["vcpu"], node.vcpu);
        assert_eq!(expected["maxmemory_bytes"], node.maxmemory.0);
        assert_eq!(
            expected["network_baseline_gbps"].as_f64(),
            Some(node.network_baseline_gbps)
        );
        assert_eq!(expected["network_burst_gbps"].as_f64(), node.network_burst_gbps);
        assert_eq!(expected["max_connections"], node.max_connections);
        assert_eq!(expected["min_engine_version"]["valkey"], node.min_valkey);
        assert_eq!(
            expected["min_engine_version"]["redis_oss"].as_str(),
            node.min_redis_oss
        );
        let ssd = expected["ssd_gib"]
            .as_f64()
            .map(|gib| Bytes((gib * f64::from(1 << 30)).round() as u64));
        assert_eq!(ssd, node.ssd);
        assert_eq!(expected["burstable"].is_object(), node.is_burstable());
        if let Some(burst) = node.burst {
            assert_eq!(expected["burstable"]["cpu_credits_per_hour"], burst.per_hour);
            assert_eq!(expected["burstable"]["max_accrued_credits"], burst.max);
        }
    }
}

#[test]
fn throughput_agrees_with_the_reference() {
    let Some(types) = reference("throughput_defaults.json") else {
        return;
    };
    for node in node_types() {
        let expected = by_name(&types, node.name);
        let peak = expected["peak_ops_per_s_simple_512B_no_tls"].as_f64();
        assert_eq!(peak, Some(node.peak_ops_per_s.0), "{}", node.name);
        let sustained = expected["sustained_ops_per_s_after_credits"]
            .as_f64()
            .map(PerSecond);
        assert_eq!(sustained, node.burst.map(|burst| burst.sustained_ops_per_s));
    }
}

#[test]
fn prices_agree_with_the_reference() {
    let Some(prices) = reference("prices.json") else {
        return;
    };
    let region = &prices["node_on_demand_usd_per_hour"]["us-east-1"];
    for node in node_types() {
        for (engine, column) in [(Engine::RedisOss7, "redis_oss"), (Engine::Valkey81, "valkey")] {
            let price = node_price("us-east-1", node, engine);
            let expected = region[column][node.name].as_f64().map(Usd);
            assert_eq!(price.map(|price| price.usd_per_hour), expected, "{}", node.name);
            assert!(price.is_none_or(|price| region["as_of"] == price.as_of));
        }
    }
}
