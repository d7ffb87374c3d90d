//! What the cluster has to achieve.

use super::super::code::Code;
use crate::scenario::{Objective, Scenario};

/// The targets that there were when the part was made, in their order.
pub(super) fn objectives(code: &mut Code<'_>, scenario: &mut Scenario) {
    for objective in Objective::ALL {
        code.option(scenario.objectives.target_mut(objective), Code::f64);
    }
}
