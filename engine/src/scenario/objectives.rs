//! What the cluster has to achieve, so that a report can say whether it did.

use super::limits::{self, Limit};
use serde::{Deserialize, Serialize};

/// Targets; `None` where nothing is asked. A report judges each over the time after the warm-up.
///
/// The defaults are the service levels of `reference/cases.md`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Objectives {
    /// Least part of the reads of each key class that hit: 0 to 1.
    pub hit_ratio: Option<f64>,
    /// Most milliseconds that 99 % of the requests take: 0.01 to 600,000.
    pub p99_ms: Option<f64>,
    /// Most keys evicted per operation of a node: 0 to 1.
    pub evictions: Option<f64>,
    /// Most milliseconds that a replica is behind its primary: 0.01 to 600,000.
    pub replication_lag_ms: Option<f64>,
    /// Most of the commands that a node could run: 0 to 1.
    pub engine_cpu: Option<f64>,
    /// Most of `maxmemory` in use: 0 to 1.
    pub memory: Option<f64>,
    /// Most of the requests that get no answer: 0 to 1.
    pub errors: Option<f64>,
    /// Most seconds that a shard is without a primary: 0 to 86,400.
    pub failover_s: Option<f64>,
    /// Most of the connections that a node takes: 0 to 1.
    pub connections: Option<f64>,
    /// Most milliseconds for which the database has held something newer, in the mean of the reads that got an old value:
    /// 0.01 to 31,536,000,000, a year. The guide proposes none.
    pub stale_age_ms: Option<f64>,
}

impl Default for Objectives {
    fn default() -> Self {
        Self {
            hit_ratio: Some(0.85),
            p99_ms: Some(20.0),
            evictions: Some(0.01),
            replication_lag_ms: Some(100.0),
            engine_cpu: Some(0.7),
            memory: Some(0.8),
            errors: Some(0.001),
            failover_s: Some(60.0),
            connections: Some(1.0),
            stale_age_ms: None,
        }
    }
}

/// One of the [`Objectives`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// [`Objectives::hit_ratio`].
    HitRatio,
    /// [`Objectives::p99_ms`].
    P99Ms,
    /// [`Objectives::evictions`].
    Evictions,
    /// [`Objectives::replication_lag_ms`].
    ReplicationLagMs,
    /// [`Objectives::engine_cpu`].
    EngineCpu,
    /// [`Objectives::memory`].
    Memory,
    /// [`Objectives::errors`].
    Errors,
    /// [`Objectives::failover_s`].
    FailoverS,
    /// [`Objectives::connections`].
    Connections,
    /// [`Objectives::stale_age_ms`].
    StaleAgeMs,
}

impl Objective {
    /// All of them, in the order of the fields.
    pub const ALL: [Self; 10] = [
        Self::HitRatio,
        Self::P99Ms,
        Self::Evictions,
        Self::ReplicationLagMs,
        Self::EngineCpu,
        Self::Memory,
        Self::Errors,
        Self::FailoverS,
        Self::Connections,
        Self::StaleAgeMs,
    ];

    /// Its field in [`Objectives`].
    pub fn field(self) -> &'static str {
        match self {
            Self::HitRatio => "hit_ratio",
            Self::P99Ms => "p99_ms",
            Self::Evictions => "evictions",
            Self::ReplicationLagMs => "replication_lag_ms",
            Self::EngineCpu => "engine_cpu",
            Self::Memory => "memory",
            Self::Errors => "errors",
            Self::FailoverS => "failover_s",
            Self::Connections => "connections",
            Self::StaleAgeMs => "stale_age_ms",
        }
    }

    /// What people call it.
    pub fn label(self) -> &'static str {
        match self {
            Self::HitRatio => "Hit rate",
            Self::P99Ms => "User p99",
            Self::Evictions => "Evictions",
            Self::ReplicationLagMs => "Replication lag",
            Self::EngineCpu => "Engine CPU",
            Self::Memory => "Memory",
            Self::Errors => "Errors",
            Self::FailoverS => "Failover",
            Self::Connections => "Connections",
            Self::StaleAgeMs => "Age of stale reads",
        }
    }

    /// The bounds of its target.
    pub fn limit(self) -> Limit {
        match self {
            Self::P99Ms | Self::ReplicationLagMs => limits::OBJECTIVE_MS,
            Self::FailoverS => limits::OBJECTIVE_S,
            Self::StaleAgeMs => limits::STALE_AGE_MS,
            _ => limits::SHARE,
        }
    }

    /// Whether the target is the least that will do, rather than the most.
    pub fn is_least(self) -> bool {
        self == Self::HitRatio
    }

    /// Whether a figure is as good as the target.
    pub fn is_met(self, figure: f64, target: f64) -> bool {
        if self.is_least() {
            figure >= target
        } else {
            figure <= target
        }
    }
}

impl Objectives {
    /// The target of an objective.
    pub fn target(&self, objective: Objective) -> Option<f64> {
        let mut copy = self.clone();
        *copy.target_mut(objective)
    }

    /// The place of its target.
    pub fn target_mut(&mut self, objective: Objective) -> &mut Option<f64> {
        match objective {
            Objective::HitRatio => &mut self.hit_ratio,
            Objective::P99Ms => &mut self.p99_ms,
            Objective::Evictions => &mut self.evictions,
            Objective::ReplicationLagMs => &mut self.replication_lag_ms,
            Objective::EngineCpu => &mut self.engine_cpu,
            Objective::Memory => &mut self.memory,
            Objective::Errors => &mut self.errors,
            Objective::FailoverS => &mut self.failover_s,
            Objective::Connections => &mut self.connections,
            Objective::StaleAgeMs => &mut self.stale_age_ms,
        }
    }
}
