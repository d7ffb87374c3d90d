//! A job cut into slices, so that a worker can look into its inbox between them.

use super::decimate::decimate;
#[cfg(any(feature = "bench", test))]
use super::messages::ReplayTimes;
use super::messages::{COARSE_REQUESTS, Cause, Event, Failure, Stage, TraceInfo};
#[cfg(any(feature = "bench", test))]
use cacheplan_engine::policy::{self, Limit, Setup};
use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::{Scenario, Workload};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::workload::trace::{Options, Reader, Status, Trace, TraceError};
use std::io::Read;
use std::sync::Arc;

/// What a slice should take: short enough that a cancel is obeyed at once, long enough that the pauses between
/// slices cost little.
const SLICE_MS: f64 = 16.0;

/// Requests or records of the first slice, before the speed is known.
const FIRST_BUDGET: u64 = 2_000;

/// How often a run tells how far it is.
const WORD_EVERY_MS: f64 = 200.0;

/// Telling may take this part of the time, so that large reports are told less often.
const WORD_SHARE: f64 = 0.1;

/// Adapts the size of slices to how long they take.
#[derive(Debug)]
pub struct Pace {
    budget: u64,
}

impl Default for Pace {
    fn default() -> Self {
        Self { budget: FIRST_BUDGET }
    }
}

impl Pace {
    /// Units of work for the next slice.
    pub fn budget(&self) -> u64 {
        self.budget
    }

    /// Learns that a slice of [`budget`](Self::budget) took so long. A slice too short for the clock counts as
    /// a quarter of what it should take; one hiccup does not undo what was learnt.
    pub fn took(&mut self, ms: f64) {
        let factor = (SLICE_MS / ms.max(SLICE_MS / 4.0)).max(0.25);
        self.budget = ((self.budget as f64 * factor) as u64).clamp(100, 1 << 30);
    }
}

/// When a run may tell how far it is.
#[derive(Debug, Default)]
struct Words {
    next_at: Option<f64>,
}

impl Words {
    fn due(&mut self, now: f64) -> bool {
        now >= *self.next_at.get_or_insert(now + WORD_EVERY_MS)
    }

    fn told(&mut self, from: f64, to: f64) {
        self.next_at = Some(to + WORD_EVERY_MS.max((to - from) / WORD_SHARE));
    }
}

/// A trace file being read.
pub struct Reading<R> {
    name: String,
    /// Bytes of the file.
    size: f64,
    reader: Reader<R>,
    pace: Pace,
    words: Words,
}

impl<R: Read> Reading<R> {
    /// A reading at its start. Lines that cannot be read will be left out and counted.
    ///
    /// # Errors
    /// When the file is no trace.
    pub fn new(source: R, name: String, size: f64) -> Result<Self, Failure> {
        let options = Options {
            name: name.clone(),
            ..Options::default()
        };
        Ok(Self {
            reader: Reader::new(source, &options).map_err(|error| unreadable(&error))?,
            name,
            size,
            pace: Pace::default(),
            words: Words::default(),
        })
    }

    /// File name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Works for about 16 ms by `clock`, which tells milliseconds.
    ///
    /// # Errors
    /// When the file cannot be read on.
    pub fn slice(&mut self, clock: &dyn Fn() -> f64) -> Result<(Status, Option<Event>), Failure> {
        let started = clock();
        let status = self
            .reader
            .read_some(self.pace.budget() as usize)
            .map_err(|error| unreadable(&error))?;
        let now = clock();
        self.pace.took(now - started);
        if !self.words.due(now) {
            return Ok((status, None));
        }
        self.words.told(now, now);
        // The size of an empty or unknown file is 0: the share is then 1 rather than NaN.
        let share = (self.reader.bytes_consumed() as f64 / self.size.max(1.0)).min(1.0);
        Ok((status, Some(Event::Reading { share })))
    }

    /// The trace, once all is read.
    ///
    /// # Errors
    /// When not one request could be read.
    pub fn finish(self) -> Result<Trace, Failure> {
        self.reader.finish().map_err(|error| unreadable(&error))
    }
}

fn unreadable(error: &TraceError) -> Failure {
    Failure::new(Cause::Input, error.to_string())
}

/// What is in a trace.
pub fn info_of(trace: &Trace, name: &str) -> TraceInfo {
    TraceInfo {
        name: name.to_owned(),
        fingerprint: trace.fingerprint(),
        requests: trace.requests() as u64,
        objects: trace.objects() as u64,
        bytes: trace.bytes().0,
        // Traces are recorded by the second.
        seconds: trace.duration().as_secs() as u64,
        clamped_times: trace.clamped_times(),
        skipped: trace.problems().count(),
        problems: trace.problems().first().iter().map(ToString::to_string).collect(),
    }
}

/// A run of one scenario, coarse then refined.
pub struct Simulation {
    scenario: Box<Scenario>,
    trace: Option<Arc<Trace>>,
    stage: Stage,
    /// Whether reports of a stage that is not done are of use: they are not once a coarse one was told, which
    /// says more about the whole time than the exact beginning of it.
    partial: bool,
    sim: Option<Sim>,
    pace: Pace,
    words: Words,
}

impl Simulation {
    /// A run at its start. Traces are replayed whole and scenarios of few requests are simulated at once; both
    /// have no coarse stage.
    pub fn new(scenario: Box<Scenario>, trace: Option<Arc<Trace>>) -> Self {
        let synthetic = matches!(scenario.workload, Workload::Synthetic { .. });
        let coarse = synthetic
            && scenario.run.request_budget > COARSE_REQUESTS
            && coarse_of(&scenario).issues().is_empty();
        Self {
            scenario,
            trace,
            stage: if coarse { Stage::Coarse } else { Stage::Refined },
            partial: !coarse,
            sim: None,
            pace: Pace::default(),
            words: Words::default(),
        }
    }

    /// Works for about 16 ms by `clock`, which tells milliseconds, and returns what there is to tell.
    pub fn slice(&mut self, clock: &dyn Fn() -> f64) -> Option<Event> {
        let Some(sim) = &mut self.sim else {
            return match self.set_up() {
                Ok(sim) => {
                    self.sim = Some(sim);
                    None
                }
                Err(failure) => Some(Event::Failed(failure)),
            };
        };
        let started = clock();
        let progress = sim.advance(self.pace.budget());
        let now = clock();
        self.pace.took(now - started);

        let stage = self.stage;
        if progress.complete {
            let report = report_of(sim);
            self.sim = None;
            self.stage = Stage::Refined;
            return Some(Event::Report {
                stage,
                complete: true,
                report,
            });
        }
        if !self.words.due(now) {
            return None;
        }
        let event = if self.partial {
            let report = report_of(sim);
            Event::Report {
                stage,
                complete: false,
                report,
            }
        } else {
            let share = progress.done.0;
            Event::Progress { stage, share }
        };
        self.words.told(now, clock());
        Some(event)
    }

    fn set_up(&self) -> Result<Sim, Failure> {
        let plan = match self.stage {
            Stage::Coarse => coarse_of(&self.scenario).plan(),
            Stage::Refined => self.scenario.plan(),
        };
        let plan = plan.map_err(|error| Failure::new(Cause::Input, error.to_string()))?;
        Sim::new(plan, self.trace.clone()).map_err(|error| Failure::new(Cause::Input, error.to_string()))
    }
}

fn coarse_of(scenario: &Scenario) -> Scenario {
    let mut coarse = scenario.clone();
    coarse.run.request_budget = coarse.run.request_budget.min(COARSE_REQUESTS);
    coarse
}

fn report_of(sim: &Sim) -> Box<Report> {
    let mut report = Report::of(sim);
    report.series = decimate(std::mem::take(&mut report.series));
    Box::new(report)
}

/// Runs a scenario file's text in one go and returns the complete report's JSON.
///
/// # Errors
/// When the text is no scenario, or one that cannot be simulated.
pub fn golden(scenario_json: &str) -> Result<String, String> {
    let scenario = Scenario::from_json(scenario_json).map_err(|error| error.to_string())?;
    let plan = scenario.plan().map_err(|error| error.to_string())?;
    let mut sim = Sim::new(plan, None).map_err(|error| error.to_string())?;
    while !sim.advance(1 << 20).complete {}
    serde_json::to_string(&Report::of(&sim)).map_err(|error| error.to_string())
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
    use super::*;
    use std::cell::Cell;

    /// Tells a time that goes on by so many milliseconds with every look.
    fn clock(step: f64) -> impl Fn() -> f64 {
        let now = Cell::new(0.0);
        move || {
            now.set(now.get() + step);
            now.get()
        }
    }

    fn events(scenario: Scenario, step: f64) -> Vec<Event> {
        let clock = clock(step);
        let mut simulation = Simulation::new(Box::new(scenario), None);
        let mut events = Vec::new();
        while !events.last().is_some_and(Event::is_last) {
            events.extend(simulation.slice(&clock));
        }
        events
    }

    fn small(budget: u64) -> Scenario {
        let mut scenario = Scenario::default();
        scenario.run.request_budget = budget;
        scenario
    }

    #[test]
    fn a_synthetic_run_is_coarse_first_and_refined_in_the_end() {
        let events = events(small(400_000), SLICE_MS);
        let complete: Vec<_> = events
            .iter()
            .filter_map(|event| match event {
                Event::Report {
                    stage,
                    complete: true,
                    report,
                } => Some((*stage, report.sampling.requests)),
                Event::Report { .. } => panic!("a partial report would take the coarse one's place"),
                _ => None,
            })
            .collect();
        let [(Stage::Coarse, few), (Stage::Refined, many)] = complete[..] else {
            panic!("{complete:?}");
        };
        assert!(few < many, "{few} {many}");
        assert!(events.iter().any(|event| matches!(event, Event::Progress { .. })));
    }

    #[test]
    fn a_short_run_has_one_stage_and_tells_what_it_knows_so_far() {
        let events = events(small(100_000), 100.0);
        let [partial @ .., last] = &events[..] else {
            panic!()
        };
        assert!(last.is_last());
        assert!(!partial.is_empty());
        for event in partial {
            assert!(matches!(
                event,
                Event::Report {
                    stage: Stage::Refined,
                    complete: false,
                    ..
                }
            ));
        }
    }

    #[test]
    fn slicing_changes_no_number() {
        let last = |step| match events(small(50_000), step).pop() {
            Some(Event::Report { report, .. }) => format!("{report:?}"),
            other => panic!("{other:?}"),
        };
        assert_eq!(last(1.0), last(500.0));
    }

    #[test]
    fn a_scenario_that_cannot_be_simulated_fails_with_its_reasons() {
        let mut scenario = Scenario::default();
        scenario.cluster.shards = 0;
        let events = events(scenario, 1.0);
        let [Event::Failed(failure)] = &events[..] else {
            panic!("{events:?}");
        };
        assert_eq!(failure.cause, Cause::Input);
        assert!(failure.message.contains("cluster.shards"), "{}", failure.message);
    }

    #[test]
    fn the_pace_settles_at_the_length_of_a_slice() {
        let mut pace = Pace::default();
        let units_per_ms = 5_000.0;
        for _ in 0..20 {
            pace.took(pace.budget() as f64 / units_per_ms);
        }
        let ms = pace.budget() as f64 / units_per_ms;
        assert!((10.0..30.0).contains(&ms), "{ms}");
        pace.took(10_000.0);
        assert!(pace.budget() as f64 / units_per_ms > 3.0, "one hiccup undoes it");
    }

    #[test]
    fn golden_answers_with_a_whole_report_or_a_reason() {
        let text = serde_json::to_string(&small(10_000)).unwrap();
        let report: serde_json::Value = serde_json::from_str(&golden(&text).unwrap()).unwrap();
        assert_eq!(report["progress"], 1.0);
        assert!(golden("{").is_err());
    }

    /// So many requests for ten keys in turn, as a CSV file.
    fn csv(requests: usize) -> String {
        let lines = (0..requests).map(|i| format!("{},key{},100\n", i / 100, i % 10));
        std::iter::once("time,key,size\n".to_owned())
            .chain(lines)
            .collect()
    }

    #[test]
    fn a_trace_is_read_in_slices_and_tells_how_far_it_is() {
        let file = csv(20_000);
        let clock = clock(50.0);
        let mut reading = Reading::new(file.as_bytes(), "t.csv".into(), file.len() as f64).unwrap();
        let mut shares = Vec::new();
        loop {
            let (status, event) = reading.slice(&clock).unwrap();
            if let Some(Event::Reading { share }) = event {
                shares.push(share);
            }
            if !status.more() {
                break;
            }
        }
        assert!(
            shares.len() > 1 && shares.is_sorted() && shares.iter().all(|share| (0.0..=1.0).contains(share))
        );
        let info = info_of(&reading.finish().unwrap(), "t.csv");
        assert_eq!(
            (info.requests, info.objects, info.bytes, info.seconds),
            (20_000, 10, 1_000, 200)
        );
    }

    #[test]
    fn bad_lines_are_counted_and_told_by_number() {
        let file = csv(3) + "x,y\n";
        let mut reading = Reading::new(file.as_bytes(), "t.csv".into(), 1.0).unwrap();
        while reading.slice(&clock(1.0)).unwrap().0.more() {}
        let info = info_of(&reading.finish().unwrap(), "t.csv");
        assert_eq!((info.requests, info.skipped), (3, 1));
        assert!(info.problems[0].starts_with("line 5:"), "{:?}", info.problems);
    }

    #[test]
    fn a_file_that_is_no_trace_says_so() {
        let failure = Reading::new(&b"\0\0\0"[..], "photo.jpg".into(), 3.0)
            .err()
            .unwrap();
        assert_eq!(failure.cause, Cause::Input);
        assert!(failure.message.contains("format"), "{}", failure.message);
    }

    #[test]
    fn the_bench_counts_misses_exactly_each_time() {
        let file = csv(100);
        let trace = Reading::new(file.as_bytes(), "t.csv".into(), 1.0)
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
