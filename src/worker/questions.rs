//! What tests and benchmarks ask a worker.

#[cfg(any(feature = "bench", test))]
use cacheplan_engine::policy::{self, Limit, Setup};
use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::link;
use cacheplan_engine::sim::Sim;
#[cfg(any(feature = "bench", test))]
use cacheplan_engine::workload::trace::Trace;

/// What [`replay_bench`] measured.
#[cfg(any(feature = "bench", test))]
#[derive(Clone, Debug, PartialEq)]
pub struct ReplayTimes {
    /// Requests that missed, each time.
    pub misses: u64,
    /// Median of the seconds that a replay took.
    pub seconds: f64,
}

/// Runs a scenario in one go and returns the complete [`Report`] in postcard.
///
/// # Errors
/// When the bytes are no scenario, or one that cannot be simulated.
pub fn golden(scenario: &[u8]) -> Result<Vec<u8>, String> {
    let scenario = link::from_bytes(scenario).map_err(|error| error.to_string())?;
    let plan = scenario.plan().map_err(|error| error.to_string())?;
    let mut sim = Sim::new(plan, None).map_err(|error| error.to_string())?;
    while !sim.advance(1 << 20).complete {}
    postcard::to_allocvec(&Report::of(&sim)).map_err(|error| error.to_string())
}

/// Replays a trace through a policy with room for so many objects, `repeat` times, each time from empty. `clock` tells
/// milliseconds.
///
/// # Errors
/// When there is no such policy.
#[cfg(any(feature = "bench", test))]
pub fn replay_bench(
    trace: &Trace,
    policy: &str,
    capacity: u64,
    repeat: u32,
    clock: &dyn Fn() -> f64,
) -> Result<ReplayTimes, String> {
    let entry = policy::find(policy).ok_or_else(|| format!("{policy}: no such policy"))?;
    let setup = Setup {
        capacity,
        keys: u32::try_from(trace.objects()).unwrap_or(u32::MAX),
        seed: 1,
    };
    let future = if entry.needs_future() {
        policy::next_requests(trace.keys(), trace.objects())
    } else {
        Vec::new()
    };
    let mut misses = 0;
    let mut seconds = Vec::new();
    for _ in 0..repeat.max(1) {
        let mut cache = entry.replay(Limit::Objects(capacity), setup);
        let started = clock();
        misses = cache.advance_knowing(trace.keys(), &[], &future);
        seconds.push((clock() - started) / 1e3);
    }
    seconds.sort_by(f64::total_cmp);
    Ok(ReplayTimes {
        misses,
        seconds: seconds.get(seconds.len() / 2).copied().unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::pace::tests::clock;
    use super::*;
    use cacheplan_engine::scenario::Scenario;
    use cacheplan_engine::workload::trace::{Options, Reader};

    #[test]
    fn golden_answers_with_a_whole_report_or_a_reason() {
        let mut scenario = Scenario::default();
        scenario.run.request_budget = 10_000;
        let bytes = golden(&link::to_bytes(&scenario)).unwrap();
        let report: Report = postcard::from_bytes(&bytes).unwrap();
        assert_eq!(report.progress.0.to_bits(), 1.0_f64.to_bits());
        assert!(!report.series.columns.is_empty());
        assert!(golden(&[]).is_err());
        scenario.cluster.shards = 0;
        assert!(
            golden(&link::to_bytes(&scenario))
                .unwrap_err()
                .contains("cluster.shards")
        );
    }

    #[test]
    fn the_bench_counts_misses_exactly_each_time() {
        let lines = (0..100).map(|i| format!("{},key{},100\n", i / 100, i % 10));
        let file: String = std::iter::once("time,key,size\n".to_owned())
            .chain(lines)
            .collect();
        let trace = Reader::new(file.as_bytes(), &Options::default())
            .unwrap()
            .finish()
            .unwrap();
        let times = replay_bench(&trace, "lru", 9, 3, &clock(500.0)).unwrap();
        // Ten keys in turn through nine places: LRU misses every time.
        assert_eq!((times.misses, times.seconds), (100, 0.5));
        assert_eq!(
            replay_bench(&trace, "lru", 10, 1, &clock(1.0)).unwrap().misses,
            10
        );
        assert!(replay_bench(&trace, "fifa", 10, 1, &clock(1.0)).is_err());
    }
}
