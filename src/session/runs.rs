//! Runs of the open scenario: when they start, what comes of them.

use super::notices::Topic;
use super::{Baseline, NoticeAction, NoticeKind, RunState, Session, Stage, Start, now_ms};
use crate::worker::messages::{Cause, Event, Failure, Job};
use crate::worker::schedule::JobId;
use cacheplan_engine::scenario::{Scenario, Workload, link};
use gloo::timers::callback::Timeout;
use leptos::prelude::*;
use std::sync::Arc;

/// How long to wait for further edits before a run: shorter than the pause between two keys, so that typing does
/// not start a run per character, and too short to be felt.
const DEBOUNCE_MS: u32 = 60;

/// Mark on the performance time line when the first complete answer is on its way to the screen.
const FIRST_ANSWER: &str = "cacheplan:first-answer";

/// The run of the open scenario.
#[derive(Default)]
pub(super) struct Run {
    /// A run that is about to start.
    timer: Option<Timeout>,
    /// The run under way.
    current: Option<Current>,
    /// The scenario of the report on screen.
    shown: Option<Arc<Scenario>>,
    first_answer_marked: bool,
}

struct Current {
    id: JobId,
    scenario: Arc<Scenario>,
    started_ms: f64,
}

impl Session {
    /// The report on screen and its scenario.
    pub(super) fn shown(self) -> Option<Baseline> {
        let scenario = self.with(|state| state.run.shown.clone()).flatten()?;
        let report = self.report.get_untracked()?;
        Some(Baseline { scenario, report })
    }

    /// Drops the run that is under way or about to start; false when there is none.
    pub(super) fn stop_run(self) -> bool {
        let stopped = self.with(|state| {
            let waiting = state.run.timer.take().is_some();
            let current = state.run.current.take().map(|current| current.id);
            (state.simulators.clone(), waiting, current)
        });
        let Some((pool, waiting, current)) = stopped else {
            return false;
        };
        if let Some(id) = current {
            pool.cancel(id);
        }
        waiting || current.is_some()
    }

    /// Runs the open scenario in place of what may be running, if it can be run.
    pub(super) fn start_run(self, start: Start) {
        self.stop_run();
        let scenario = self.scenario.get_untracked();
        let replays = matches!(scenario.workload, Workload::Trace(_));
        let missing = replays && self.with(|state| state.traces.of(&scenario).is_none()) != Some(false);
        if missing || !self.issues.get_untracked().is_empty() {
            return self.run_state.set(RunState::Idle);
        }
        let stage = if replays { Stage::Refined } else { Stage::Coarse };
        self.run_state.set(running(stage, 0.0));
        match start {
            Start::Now => self.submit_run(),
            Start::Soon => {
                let timer = Timeout::new(DEBOUNCE_MS, move || self.submit_run());
                self.with(|state| state.run.timer = Some(timer));
            }
        }
    }

    fn submit_run(self) {
        let scenario = self.scenario.get_untracked();
        let job = Job::Run {
            scenario: link::to_bytes(&scenario),
        };
        let started_ms = now_ms();
        self.with(|state| {
            let trace = state.traces.of(&scenario);
            let fingerprint = trace.map(|trace| trace.info.fingerprint);
            let packed = trace.map(|trace| trace.packed.clone());
            let id = (state.simulators).submit(
                job,
                packed.unwrap_or_default(),
                fingerprint,
                move |id, event, _| {
                    self.on_run_event(id, event);
                },
            );
            state.run.timer = None;
            state.run.current = Some(Current {
                id,
                scenario,
                started_ms,
            });
        });
    }

    fn on_run_event(self, id: JobId, event: Event) {
        let last = event.is_last();
        // Of a run that a newer one has replaced, nothing counts.
        let current = self.with(|state| {
            let run = &mut state.run;
            let current = run.current.take_if(|current| current.id == id)?;
            let facts = (Arc::clone(&current.scenario), current.started_ms);
            if !last {
                run.current = Some(current);
            }
            Some(facts)
        });
        let Some((scenario, started_ms)) = current.flatten() else {
            return;
        };
        match event {
            Event::Progress { stage, share } => self.run_state.set(running(stage, share)),
            Event::Report {
                stage,
                complete,
                report,
            } => {
                let progress = report.progress.0;
                // An answer to the whole of a synthetic workload stays until the next one: parts of that, which cover
                // the beginning only, would replace it by less. A trace takes long and is shown as it goes.
                let synthetic = matches!(scenario.workload, Workload::Synthetic { .. });
                let whole = (self.report)
                    .with_untracked(|shown| shown.as_ref().is_some_and(|shown| shown.progress.0 >= 1.0));
                if progress >= 1.0 || !synthetic || !whole {
                    self.report.set(Some(Arc::new(*report)));
                    self.with(|state| state.run.shown = Some(scenario));
                }
                self.run_state.set(match (stage, complete) {
                    (Stage::Refined, true) => RunState::Done {
                        wall_ms: now_ms() - started_ms,
                    },
                    (Stage::Coarse, true) => running(Stage::Refined, 0.0),
                    (stage, false) => running(stage, progress),
                });
                if last {
                    self.drop_notice(Topic::Run);
                    self.mark_first_answer();
                }
            }
            Event::Failed(failure) => self.run_failed(failure),
            // Of other jobs.
            Event::Reading { .. }
            | Event::TraceRead(_)
            | Event::ScenarioRead { .. }
            | Event::ScenarioWritten { .. } => {}
        }
    }

    fn run_failed(self, failure: Failure) {
        let Failure { cause, message } = failure;
        self.run_state.set(RunState::Failed(message.clone()));
        let (text, ways): (_, &[_]) = match cause {
            Cause::Input => (
                format!("The scenario could not be simulated: {message}. It is unchanged."),
                &[NoticeAction::Rerun],
            ),
            Cause::Crash => (
                format!(
                    "The simulation crashed and was started anew; your scenario is unchanged. If it happens again, \
                     change what you changed last. The message was: {message}"
                ),
                match self.can_undo.get_untracked() {
                    true => &[NoticeAction::Undo, NoticeAction::Rerun],
                    false => &[NoticeAction::Rerun],
                },
            ),
            Cause::Start => (
                format!(
                    "The simulation does not start in this browser; your scenario is unchanged and can still be \
                     edited and shared. The message was: {message}"
                ),
                &[NoticeAction::Reload],
            ),
            Cause::OtherBuild => (
                format!("Not simulated: {message}. Reload the page; your scenario is in the address bar."),
                &[NoticeAction::Reload],
            ),
        };
        self.notify(Topic::Run, NoticeKind::Error, text, ways);
    }

    fn mark_first_answer(self) {
        let marked = self.with(|state| std::mem::replace(&mut state.run.first_answer_marked, true));
        if marked == Some(false)
            && let Some(performance) = window().performance()
        {
            // A mark that is refused is missed by nobody but a measurement.
            performance.mark(FIRST_ANSWER).ok();
        }
    }
}

fn running(stage: Stage, progress: f64) -> RunState {
    RunState::Running { stage, progress }
}
