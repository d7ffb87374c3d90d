//! From a run's recording to its report.
use super::{Report, Sampling, Series, Summary};
use crate::{cost::Bill, sim::Sim, units::Share};

impl Report {
    /// What the run tells, complete or so far.
    pub fn of(sim: &Sim) -> Self {
        let _ = &sim.plan;
        Self {
            engine_version: crate::VERSION.into(),
            progress: Share(1.0),
            sampling: Sampling {
                one_in: 1,
                keys: 0,
                keys_represented: 0,
                requests: 0,
                requests_represented: 0,
            },
            summary: Summary::default(),
            shards: vec![],
            bill: Bill::default(),
            series: Series::default(),
        }
    }
}
