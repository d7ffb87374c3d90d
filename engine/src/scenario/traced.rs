//! A recorded trace becomes the workload of a scenario.

use super::{Scenario, TraceWorkload, Workload, limits};
use crate::units::Seconds;

/// Part of a trace that counts as warm-up when it is first taken as a workload: one in so many.
const WARM_UP_PART: u64 = 5;

/// What a scenario keeps of a trace that is at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedTrace {
    /// File name.
    pub name: String,
    /// [`Trace::fingerprint`](crate::workload::trace::Trace::fingerprint).
    pub fingerprint: u64,
    /// Requests in it.
    pub requests: u64,
    /// Distinct keys in it.
    pub objects: u64,
    /// Recorded time from its first to its last request.
    pub duration: Seconds,
}

impl Scenario {
    /// Makes a trace the workload.
    ///
    /// How it is replayed stays as it is where the scenario asked for this trace, or for any; otherwise the whole
    /// trace is replayed as recorded, its first fifth as warm-up.
    pub fn take_trace(&mut self, trace: RecordedTrace) {
        let asked = match &self.workload {
            Workload::Trace(asked) if asked.fingerprint == trace.fingerprint => return,
            Workload::Trace(asked) if asked.fingerprint == 0 => Some(asked.clone()),
            _ => None,
        };
        if asked.is_none() {
            let bounds = limits::DURATION_S;
            let seconds = trace.duration.0.clamp(bounds.min as u64, bounds.max as u64);
            self.run.duration_s = Seconds(seconds);
            self.run.warm_up_s = Seconds(seconds / WARM_UP_PART);
        }
        self.workload = Workload::Trace(TraceWorkload {
            name: trace.name,
            fingerprint: trace.fingerprint,
            requests: trace.requests,
            objects: trace.objects,
            ..asked.unwrap_or_default()
        });
    }
}
