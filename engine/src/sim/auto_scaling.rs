//! Scaling by itself: target tracking on a metric, once a minute.

use super::Sim;
use super::agenda::Due;
use super::serve::later;
use crate::scenario::{ScaledBy, Scales};
use crate::units::Micros;

/// The metrics' period (`reference/aws/limits_and_metrics.md` section 3).
const PERIOD: Micros = Micros(60_000_000);

/// Minutes in a row above the target after which capacity is added, and minutes below [`IN_BELOW`] of it after which
/// some is removed: those of the alarms that target tracking creates, an assumption.
const OUT_AFTER: u32 = 3;
const IN_AFTER: u32 = 15;

/// Capacity is removed only below this part of the target, and added or removed a fifth at a time, or as much as the
/// metric is above the target if that is more (`reference/aws/limits_and_metrics.md` section 6; that the fifth is also
/// the most that is removed is an assumption).
const IN_BELOW: f64 = 0.75;
const STEP: f64 = 0.2;

/// What target tracking knows.
#[derive(Default)]
pub(super) struct Tracking {
    above: u32,
    below: u32,
    /// What is under way, not done yet.
    wanted: Option<u32>,
    /// When the last change began.
    last: Option<Micros>,
}

impl Sim {
    /// Notes the first look at the metric.
    pub(super) fn plan_auto_scaling(&mut self) {
        if self.plan.scenario().cluster.auto_scaling.is_some() {
            self.note(PERIOD, Due::Track);
        }
    }

    /// Looks at the metric, and has capacity added or removed.
    #[cold]
    pub(super) fn track(&mut self) {
        self.note(Micros(self.now.0 + PERIOD.0), Due::Track);
        let Some(rules) = self.plan.scenario().cluster.auto_scaling.clone() else {
            return;
        };
        let count = match rules.scales {
            Scales::Shards => self.active() as u32,
            Scales::Replicas => self.wanted_replicas,
        };
        if let Some(wanted) = self.tracking.wanted {
            if count != wanted || self.resharding.is_some() {
                return;
            }
            self.tracking.wanted = None;
        }
        let over = self.metric(rules.scales, rules.by) / rules.target.0;
        let tracking = &mut self.tracking;
        tracking.above = if over > 1.0 { tracking.above + 1 } else { 0 };
        tracking.below = if over < IN_BELOW { tracking.below + 1 } else { 0 };
        let cool = |seconds: Micros| {
            let since = tracking.last.map(|at| self.now.0 - at.0);
            since.is_none_or(|since| since >= seconds.0)
        };
        let n = f64::from(count);
        let fifth = libm::ceil(n * STEP).max(1.0);
        let adds = tracking.above >= OUT_AFTER && cool(rules.out_cooldown_s.micros());
        let removes = tracking.below >= IN_AFTER && cool(rules.in_cooldown_s.micros());
        let wanted = if adds {
            n + libm::ceil(n * (over - 1.0)).max(fifth)
        } else if removes {
            libm::ceil(n * over).max(n - fifth)
        } else {
            return;
        };
        let wanted = (wanted.min(f64::from(u32::MAX)) as u32).clamp(rules.least, rules.most);
        if wanted == count || (adds && wanted < count) || (removes && wanted > count) {
            return;
        }
        tracking.above = 0;
        tracking.below = 0;
        tracking.wanted = Some(wanted);
        let after = if adds {
            rules.provision_s.micros().0 as f64
        } else {
            0.0
        };
        self.note(later(self.now, after), Due::Scale { count: wanted });
    }

    /// Capacity is there, or is to go.
    #[cold]
    pub(super) fn scale(&mut self, count: u32) {
        let Some(rules) = &self.plan.scenario().cluster.auto_scaling else {
            return;
        };
        match rules.scales {
            Scales::Shards => {
                self.reshard(count);
                if self.resharding.is_none() && self.active() as u32 != count {
                    // Refused: the next look decides anew.
                    self.tracking.wanted = None;
                }
            }
            Scales::Replicas => self.set_replicas(count),
        }
        self.tracking.last = Some(self.now);
    }

    /// Mean over the nodes of the last window.
    fn metric(&self, scales: Scales, by: ScaledBy) -> f64 {
        let active = self.shards.iter().filter(|shard| !shard.retired);
        let (mut sum, mut nodes) = (0.0, 0.0);
        for shard in active {
            nodes += 1.0;
            sum += match (scales, by) {
                (Scales::Replicas, _) => shard.readers_cpu,
                (Scales::Shards, ScaledBy::EngineCpu) => {
                    shard.usage.map_or(0.0, |usage| usage.cpu) + shard.occupied
                }
                (Scales::Shards, ScaledBy::Memory) => shard.usage.map_or(0.0, |usage| usage.memory),
            };
        }
        sum / f64::max(nodes, 1.0)
    }
}
