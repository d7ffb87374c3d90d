//! The loop that ties the parts together; resumable.

use crate::scenario::Plan;
use crate::units::Share;
use crate::workload::trace::Trace;
use std::sync::Arc;

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Progress {
    /// Part of the simulated time that is done.
    pub done: Share,
    /// Whether nothing is left to do.
    pub complete: bool,
}

/// Why a plan cannot be simulated as it stands.
#[derive(Clone, Debug, PartialEq)]
pub enum SimError {
    /// The workload is a trace, and none was given.
    TraceMissing,
    /// Another trace than the scenario's: expected and given fingerprint.
    TraceMismatch {
        /// The scenario's.
        expected: u64,
        /// That of the trace given.
        given: u64,
    },
}

/// One run in progress.
pub struct Sim {
    pub(crate) plan: Plan,
}

impl Sim {
    /// A run at its start. `trace` is needed when the workload is one.
    ///
    /// # Errors
    /// When the workload's trace is not given, or is another.
    pub fn new(plan: Plan, _trace: Option<Arc<Trace>>) -> Result<Self, SimError> {
        Ok(Self { plan })
    }

    /// Simulates about `budget` further requests.
    pub fn advance(&mut self, _budget: u64) -> Progress {
        Progress {
            done: Share(1.0),
            complete: true,
        }
    }
}
