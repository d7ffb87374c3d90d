//! A scenario that was checked, with its names resolved: the only way into a simulation.

use super::{Cluster, Issue, SERVER_POLICY, Scenario};
use crate::catalog::{NodeType, node_price, node_type, peak_ops};
use crate::policy;
use crate::units::{Bytes, PerSecond, Usd};
use std::fmt;

/// A scenario that was checked. Made by [`Scenario::plan`] only.
#[derive(Clone)]
pub struct Plan {
    scenario: Scenario,
    node: &'static NodeType,
    policy: Option<&'static policy::Entry>,
    price: NodePrice,
}

/// What an hour of one node costs in a plan.
#[derive(Clone, Debug, PartialEq)]
pub struct NodePrice {
    /// Price of one node for one hour.
    pub usd_per_hour: Usd,
    /// Where it is from, with its date.
    pub source: String,
}

/// Why a scenario cannot be simulated: every problem found, never empty. Displays one a line.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanError(pub Vec<Issue>);

impl Scenario {
    /// Checks the scenario and resolves the names in it.
    ///
    /// # Errors
    /// Every problem found, with field, value and bounds.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        let issues = self.issues();
        let scenario = self.in_effect();
        let node = node_type(&scenario.cluster.node_type);
        let policy = policy::find(&scenario.cluster.policy);
        let server = scenario.cluster.policy == SERVER_POLICY;
        let price = node.and_then(|node| scenario.node_price(node));
        match (node, price) {
            (Some(node), Some(price)) if issues.is_empty() && (server || policy.is_some()) => Ok(Plan {
                scenario,
                node,
                policy,
                price,
            }),
            _ => Err(PlanError(issues)),
        }
    }

    pub(super) fn node_price(&self, node: &NodeType) -> Option<NodePrice> {
        let prices = &self.prices;
        if let Some(usd_per_hour) = prices.node_usd_per_hour {
            return Some(NodePrice {
                usd_per_hour,
                source: "set by hand".into(),
            });
        }
        let price = node_price(&prices.region, node, self.cluster.engine)?;
        Some(NodePrice {
            usd_per_hour: price.usd_per_hour,
            source: format!("{}, {}", price.source, price.as_of),
        })
    }
}

impl Cluster {
    /// What a node of this type may use for data: its memory less the reserve, of Memcached less what connections take.
    pub fn usable_memory(&self, node: &NodeType) -> Bytes {
        match node.memcached_memory {
            Some(memory) if self.engine.is_memcached() => {
                Bytes(memory.0.saturating_sub(MEMCACHED_CONNECTIONS.0))
            }
            _ => {
                let usable = 1.0 - self.reserved_memory.0;
                Bytes((node.maxmemory.0 as f64 * usable) as u64)
            }
        }
    }
}

impl Plan {
    /// The scenario it was made from, with what the service decides in place of what has no effect.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// The node type.
    pub fn node(&self) -> &'static NodeType {
        self.node
    }

    /// The policy that takes the place of the server's own; `None` when the server evicts as it is set up.
    pub fn policy(&self) -> Option<&'static policy::Entry> {
        self.policy
    }

    /// `maxmemory` of each node, Memcached's `-m`: as set by hand, or that of the node type less the reserve.
    pub fn maxmemory(&self) -> Bytes {
        self.maxmemory_of(self.node)
    }

    /// The same of nodes of another type.
    pub(crate) fn maxmemory_of(&self, node: &NodeType) -> Bytes {
        let cluster = &self.scenario.cluster;
        cluster
            .maxmemory_bytes
            .unwrap_or_else(|| cluster.usable_memory(node))
    }

    /// What an hour of a node of another type costs: a price set by hand is that of every type.
    pub(crate) fn price_of(&self, node: &NodeType) -> NodePrice {
        let price = self.scenario.node_price(node);
        price.unwrap_or_else(|| self.price.clone())
    }

    /// The SSD of each node that values move to when memory is full; `None` when there is none, or a policy of the
    /// library takes the place of the server's own.
    pub fn ssd(&self) -> Option<Bytes> {
        self.ssd_of(self.node)
    }

    /// The same of nodes of another type.
    pub(crate) fn ssd_of(&self, node: &NodeType) -> Option<Bytes> {
        node.ssd.filter(|_| self.policy.is_none())
    }

    /// What each node holds at most: `maxmemory` and its SSD.
    pub fn capacity(&self) -> Bytes {
        self.capacity_of(self.node)
    }

    /// The same of nodes of another type.
    pub(crate) fn capacity_of(&self, node: &NodeType) -> Bytes {
        Bytes(self.maxmemory_of(node).0 + self.ssd_of(node).unwrap_or_default().0)
    }

    /// Price of each node: as set by hand, or that of the catalogue.
    pub fn node_price(&self) -> &NodePrice {
        &self.price
    }

    /// Simple commands per second that one primary completes at most: an estimate, see [`peak_ops`].
    pub fn peak_ops(&self) -> PerSecond {
        peak_ops(self.node, self.scenario.cluster.engine)
    }
}

/// Memory that ElastiCache keeps from Memcached's items: `memcached_connections_overhead`
/// (`reference/aws/limits_and_metrics.md` section 2).
const MEMCACHED_CONNECTIONS: Bytes = Bytes::mib(100);

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plan")
            .field("scenario", &self.scenario)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for PlanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issue) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{issue}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PlanError {}
