//! A run, cut into slices.

use super::decimate::decimate;
use super::messages::{COARSE_REQUESTS, Cause, Event, Failure, SMALL_REQUESTS, Stage};
use super::pace::{Pace, Words};
use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::{Scenario, Workload};
use cacheplan_engine::sim::Sim;
use cacheplan_engine::workload::trace::Trace;
use std::sync::Arc;

/// A run of one scenario: coarse, then refined, if it is large.
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
    /// A run at its start. Traces are replayed whole and scenarios of [few requests](SMALL_REQUESTS) are simulated at
    /// once; both have no coarse stage.
    pub fn new(scenario: Box<Scenario>, trace: Option<Arc<Trace>>) -> Self {
        let synthetic = matches!(scenario.workload, Workload::Synthetic { .. });
        let coarse = synthetic
            && scenario.run.request_budget > SMALL_REQUESTS
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
    coarse.run.request_budget = COARSE_REQUESTS;
    coarse
}

fn report_of(sim: &Sim) -> Box<Report> {
    let mut report = Report::of(sim);
    report.series = decimate(std::mem::take(&mut report.series));
    Box::new(report)
}

#[cfg(test)]
mod tests {
    use super::super::pace::SLICE_MS;
    use super::super::pace::tests::clock;
    use super::*;

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
        let events = events(small(SMALL_REQUESTS), 100.0);
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
}
