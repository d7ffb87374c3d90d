//! How the cluster scales by itself.

use super::super::code::Code;
use crate::scenario::{AutoScaling, ScaledBy, Scales, Scenario};

/// Target tracking, if there is any.
pub(super) fn auto_scaling(code: &mut Code<'_>, scenario: &mut Scenario) {
    code.option(
        &mut scenario.cluster.auto_scaling,
        |code, rules: &mut AutoScaling| {
            code.choice(&mut rules.scales, &[Scales::Shards, Scales::Replicas]);
            code.choice(&mut rules.by, &[ScaledBy::EngineCpu, ScaledBy::Memory]);
            code.f64(&mut rules.target.0);
            code.u32(&mut rules.least);
            code.u32(&mut rules.most);
            code.u64(&mut rules.out_cooldown_s.0);
            code.u64(&mut rules.in_cooldown_s.0);
            code.u64(&mut rules.provision_s.0);
        },
    );
}
