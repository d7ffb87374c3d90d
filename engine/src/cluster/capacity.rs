//! What a node can take, and which of its limits binds.
//!
//! Service times follow from the peak throughput of the node type, never from a benchmark's latency, which only tells
//! how many clients it had (reference throughput.md section 3). Network bandwidth beyond the baseline and the processor
//! of T types come out of allowances that fill while less is used.

use crate::catalog::throughput::{self, NETWORK_BURST_S};
use crate::catalog::{BurstCredits, Engine, NodeType, peak_ops};
use crate::units::{Bytes, within};
use serde::{Deserialize, Serialize};

/// A node as its limits are concerned.
#[derive(Clone, Debug)]
pub struct Node {
    memcached: bool,
    /// Simple commands per second with few connections.
    peak: f64,
    maxmemory: f64,
    most_connections: f64,
    /// CPU credits of a T type, and how many commands one lasts for beyond the sustained throughput.
    credits: Option<(Allowance, f64)>,
    into: Allowance,
    out: Allowance,
}

/// What a node is asked for in a window: of a sampled run, all that its requests stand for.
#[derive(Clone, Copy, Debug, Default)]
pub struct Load {
    /// Commands per second, each counted as [`Node::cost`] has it.
    pub work: f64,
    /// Bytes per second to the node.
    pub into: f64,
    /// Bytes per second from the node: replies, and writes once for each replica.
    pub out: f64,
    /// Connections that are open or asked for.
    pub connections: f64,
    /// `used_memory`.
    pub memory: Bytes,
}

/// A limit of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The thread that runs commands; all threads of Memcached.
    EngineCpu,
    /// The same on a T type whose credits are spent.
    CpuCredits,
    /// Bandwidth to the node: the burst while the allowance lasts, then the baseline.
    NetworkIn,
    /// Bandwidth from the node, likewise.
    NetworkOut,
    /// `maxclients`.
    Connections,
    /// `maxmemory`; of Serverless the most data.
    Memory,
    /// ECPUs a second that a Serverless cache has scaled to so far.
    ScaledRate,
    /// The most ECPUs a second that are set for a Serverless cache, or that the service gives.
    MaximumRate,
    /// ECPUs a second of one hash slot of a Serverless cache.
    SlotRate,
}

/// Shares of what a node had in a window. Those of throughput and connections exceed 1 when more was asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Of the commands that it can run, credits considered.
    pub cpu: f64,
    /// Of the bandwidth to the node, allowance considered.
    pub network_in: f64,
    /// Of the bandwidth from the node, likewise.
    pub network_out: f64,
    /// Of the connections.
    pub connections: f64,
    /// Of `maxmemory`.
    pub memory: f64,
    /// CPU credits at the end; `None` when the node needs none.
    pub credits: Option<f64>,
    /// The limit with the largest share.
    pub binding: Limit,
}

impl Usage {
    /// Part of the commands asked for that get through: all, unless processor or network are short.
    pub fn served(&self) -> f64 {
        let most = self.cpu.max(self.network_in).max(self.network_out);
        if most > 1.0 { 1.0 / most } else { 1.0 }
    }
}

/// A rate that may be exceeded for a time: what is used beyond it comes out of an allowance, which fills while less is
/// used.
#[derive(Clone, Copy, Debug)]
struct Allowance {
    /// Units per second for ever.
    baseline: f64,
    /// Units per second while any are left.
    burst: f64,
    /// Units left beyond the baseline.
    left: f64,
    /// Most of them.
    most: f64,
}

/// Bytes per second of a Gbit/s.
const GBPS: f64 = 1.25e8;

impl Allowance {
    /// That of a node's network in one direction.
    fn network(node: &NodeType) -> Self {
        let baseline = node.network_baseline_gbps * GBPS;
        let burst = node.network_burst_gbps.map_or(baseline, |burst| burst * GBPS);
        let most = (burst - baseline) * NETWORK_BURST_S;
        Self {
            baseline,
            burst,
            left: most,
            most,
        }
    }

    /// That of a T type's processor, in simple commands: credits are earned at the rate at which the sustained
    /// throughput uses them.
    fn credits(credits: &BurstCredits, peak: f64, sustained: f64) -> Self {
        let most = f64::from(credits.max) / f64::from(credits.per_hour) * 3_600.0 * sustained;
        Self {
            baseline: sustained,
            burst: peak,
            left: most,
            most,
        }
    }

    /// Units per second that are to be had in a window at most, when the node is down to a part of its throughput.
    fn had(&self, seconds: f64, part: f64) -> f64 {
        (part * (self.baseline + self.left / seconds)).min(part * self.burst)
    }

    /// Lets a window pass with a demand, and returns its share of what was to be had.
    fn advance(&mut self, seconds: f64, demand: f64, part: f64) -> f64 {
        let had = self.had(seconds, part);
        let beyond = demand.min(had) / part - self.baseline;
        self.left = within(self.left - beyond * seconds, 0.0, self.most);
        demand / had
    }
}

impl Node {
    /// A node of this type that has not been used: its allowances are full.
    ///
    /// `maxmemory` is what it may use for data.
    pub fn new(node: &NodeType, engine: Engine, tls: bool, maxmemory: Bytes) -> Self {
        let memcached = engine.is_memcached();
        let tls = if tls { throughput::TLS } else { 1.0 };
        let peak = peak_ops(node, engine).0 * tls;
        Self {
            memcached,
            peak,
            maxmemory: maxmemory.0 as f64,
            // limits_and_metrics.md section 1: 65,000 on every type that runs Memcached.
            most_connections: if memcached {
                65_000.0
            } else {
                f64::from(node.max_connections)
            },
            credits: node.burst.map(|burst| {
                let sustained = burst.sustained_ops_per_s.0 * tls;
                let per_credit = 3_600.0 * sustained / f64::from(burst.per_hour);
                (Allowance::credits(&burst, peak, sustained), per_credit)
            }),
            into: Allowance::network(node),
            out: Allowance::network(node),
        }
    }

    /// Simple commands that a command counts as: `cost` by what it does (1 for GET and SET), more with a large value,
    /// and more for a write to Memcached.
    pub fn cost(&self, write: bool, value_bytes: f64, cost: f64) -> f64 {
        let write = if write && self.memcached {
            throughput::MEMCACHED_WRITE
        } else {
            1.0
        };
        cost * write * throughput::value_cost(value_bytes)
    }

    /// Seconds from one simple command's completion to the next at full load, with so many connections.
    pub fn service_s(&self, connections: f64) -> f64 {
        1.0 / (self.peak * throughput::connections_left(connections))
    }

    /// Connections that it takes.
    pub fn most_connections(&self) -> f64 {
        self.most_connections
    }

    /// Lets a window of some seconds pass under a load.
    pub fn advance(&mut self, seconds: f64, load: &Load) -> Usage {
        let left = throughput::connections_left(load.connections.min(self.most_connections));
        let (cpu, slowed) = match &mut self.credits {
            None => (load.work / (self.peak * left), false),
            Some((credits, _)) => {
                let slowed = credits.had(seconds, left) < credits.burst * left;
                (credits.advance(seconds, load.work, left), slowed)
            }
        };
        let mut usage = Usage {
            cpu,
            network_in: self.into.advance(seconds, load.into, 1.0),
            network_out: self.out.advance(seconds, load.out, 1.0),
            connections: load.connections / self.most_connections,
            memory: load.memory.0 as f64 / self.maxmemory,
            credits: self
                .credits
                .map(|(credits, per_credit)| credits.left / per_credit),
            binding: Limit::EngineCpu,
        };
        usage.binding = usage.largest(slowed);
        usage
    }
}

impl Usage {
    /// The limit with the largest share. Memory that is full but for what the next write evicts counts as 1: what is
    /// short beyond that comes first.
    fn largest(&self, credits_spent: bool) -> Limit {
        let cpu = if credits_spent {
            Limit::CpuCredits
        } else {
            Limit::EngineCpu
        };
        let mut largest = (self.memory.min(1.0), Limit::Memory);
        for (share, limit) in [
            (self.cpu, cpu),
            (self.network_in, Limit::NetworkIn),
            (self.network_out, Limit::NetworkOut),
            (self.connections, Limit::Connections),
        ] {
            if share >= largest.0 {
                largest = (share, limit);
            }
        }
        largest.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::node_type;

    fn node(name: &str, engine: Engine) -> Node {
        Node::new(node_type(name).unwrap(), engine, false, Bytes::gib(1))
    }

    fn near(found: f64, expected: f64) {
        assert!(
            (found / expected - 1.0).abs() < 1e-9,
            "{found} and not {expected}"
        );
    }

    #[test]
    fn service_is_the_inverse_of_the_peak() {
        let usual = node("cache.r7g.2xlarge", Engine::Valkey80);
        near(usual.service_s(0.0), 1.0 / 700_000.0);
        near(usual.service_s(30_000.0), 2.0 / 700_000.0);
        let r7g = node_type("cache.r7g.2xlarge").unwrap();
        let encrypted = Node::new(r7g, Engine::Valkey80, true, Bytes::gib(1));
        near(encrypted.service_s(0.0), 1.0 / 560_000.0);
        near(usual.cost(true, 100.0, 1.0), 1.0);
        near(usual.cost(false, 1_024.0, 10.0), 10.0 / 0.92);
        near(
            node("cache.r7g.2xlarge", Engine::Memcached16).cost(true, 100.0, 1.0),
            300.0 / 170.0,
        );
    }

    #[test]
    fn each_limit_binds_in_its_turn() {
        let usual = Load {
            work: 1e4,
            into: 1e5,
            out: 1e6,
            connections: 100.0,
            memory: Bytes::mib(100),
        };
        for (load, limit) in [
            (usual, Limit::Memory),
            (Load { work: 1.7e5, ..usual }, Limit::EngineCpu),
            (Load { into: 2e9, ..usual }, Limit::NetworkIn),
            (Load { out: 2e9, ..usual }, Limit::NetworkOut),
            (
                Load {
                    connections: 70_000.0,
                    ..usual
                },
                Limit::Connections,
            ),
            (
                Load {
                    memory: Bytes::gib(2),
                    work: 1e5,
                    ..usual
                },
                Limit::Memory,
            ),
        ] {
            let usage = node("cache.r7g.large", Engine::Valkey81).advance(1.0, &load);
            assert_eq!(usage.binding, limit, "{usage:?}");
        }
        let full = Load {
            memory: Bytes::gib(2),
            work: 3.6e5,
            ..usual
        };
        let usage = node("cache.r7g.large", Engine::Valkey81).advance(1.0, &full);
        assert_eq!(usage.binding, Limit::EngineCpu);
        assert!((usage.served() - 0.5).abs() < 0.01);
    }

    #[test]
    fn bandwidth_bursts_until_the_allowance_is_spent_and_comes_back() {
        // 0.937 Gbit/s for ever, 12.5 Gbit/s for five minutes.
        let mut node = node("cache.r7g.large", Engine::Valkey81);
        let asked = Load {
            out: 12.5 * GBPS,
            ..Load::default()
        };
        for _ in 0..5 {
            near(node.advance(60.0, &asked).network_out, 1.0);
        }
        let usage = node.advance(60.0, &asked);
        near(usage.network_out, 12.5 / 0.937);
        assert_eq!(usage.binding, Limit::NetworkOut);
        near(usage.served(), 0.937 / 12.5);
        // An hour of rest at 0.937 Gbit/s pays for 0.937 / (12.5 - 0.937) of an hour, which the next window divides.
        near(node.advance(3_600.0, &Load::default()).network_out + 1.0, 1.0);
        let lasts = 0.937 / (12.5 - 0.937) * 3_600.0;
        near(node.advance(lasts, &asked).network_out, 1.0);
        assert!(node.advance(1.0, &asked).network_out > 13.0);
    }

    #[test]
    fn a_burstable_node_slows_down_when_its_credits_are_spent() {
        // throughput_defaults.json: 100,000/s, 15,000/s for ever; 288 credits, 12 an hour.
        let mut node = node("cache.t4g.micro", Engine::Valkey81);
        let asked = Load {
            work: 100_000.0,
            ..Load::default()
        };
        // At full load 80 credits an hour are used and 12 earned.
        let lasts = 288.0 / (80.0 - 12.0) * 3_600.0;
        near(node.advance(lasts, &asked).cpu, 1.0);
        let usage = node.advance(60.0, &asked);
        near(usage.cpu, 100_000.0 / 15_000.0);
        assert_eq!(usage.binding, Limit::CpuCredits);
        let sustained = Load {
            work: 15_000.0,
            ..Load::default()
        };
        near(node.advance(3_600.0, &sustained).cpu, 1.0);
        near(node.advance(3_600.0, &Load::default()).credits.unwrap(), 12.0);
    }

    #[test]
    fn windows_of_any_length_use_the_same() {
        let asked = Load {
            work: 100_000.0,
            out: 4.0 * GBPS,
            ..Load::default()
        };
        let (mut one, mut many) = (
            node("cache.t4g.micro", Engine::Valkey81),
            node("cache.t4g.micro", Engine::Valkey81),
        );
        one.advance(1_000.0, &asked);
        for _ in 0..1_000 {
            many.advance(1.0, &asked);
        }
        let (one, many) = (one.advance(1.0, &asked), many.advance(1.0, &asked));
        near(one.credits.unwrap(), many.credits.unwrap());
        near(one.network_out, many.network_out);
    }
}
