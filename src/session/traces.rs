//! Recorded traces: read once in the worker for files, kept packed, replayed as the workload.

use super::files::ways_on;
use super::notices::Topic;
use super::{NoticeAction, NoticeKind, Session, TraceInfo, TraceState};
use crate::worker::messages::{Event, Failure, Job};
use crate::worker::schedule::JobId;
use cacheplan_engine::scenario::{RecordedTrace, Scenario, TraceWorkload, Workload};
use cacheplan_engine::units::Seconds;
use leptos::prelude::*;
use wasm_bindgen::JsValue;

/// Traces that are kept. Earlier ones, which an undo may bring back, have to be opened again.
const KEPT: usize = 4;

/// The traces of this session, at most [`KEPT`], the one opened last at the end.
#[derive(Default)]
pub(super) struct Traces {
    known: Vec<Known>,
    reading: Option<JobId>,
}

/// A trace that was read.
pub(super) struct Known {
    /// The `Blob` for workers that simulate: any of them can read it at any time, as after a crash, and the browser keeps
    /// it outside of the page's memory.
    pub(super) packed: JsValue,
    pub(super) info: TraceInfo,
}

impl Traces {
    /// The trace that a scenario replays, if it was read.
    pub(super) fn of(&self, scenario: &Scenario) -> Option<&Known> {
        let wanted = wanted(scenario)?;
        self.known
            .iter()
            .find(|known| known.info.fingerprint == wanted.fingerprint)
    }
}

impl Session {
    /// Reads a recorded trace and makes it the workload: one step of undo.
    pub fn open_trace(self, file: web_sys::File) {
        self.stop_reading();
        let name = file.name();
        self.trace.set(TraceState::Reading {
            name: name.clone(),
            share: 0.0,
        });
        self.with(|state| {
            let listener = move |id, event, packed| self.on_reading_event(id, &name, event, packed);
            let id = (state.files).submit(Job::ReadTrace, file.into(), None, listener);
            state.traces.reading = Some(id);
        });
    }

    /// Stops reading, if a trace is being read.
    pub(super) fn stop_reading(self) {
        let stopped = self.with(|state| Some((state.files.clone(), state.traces.reading.take()?)));
        if let Some((pool, id)) = stopped.flatten() {
            pool.cancel(id);
            self.show_trace_state();
        }
    }

    /// Brings [`Session::trace`] in line with the open scenario, unless a trace is being read.
    pub(super) fn show_trace_state(self) {
        let scenario = self.scenario.get_untracked();
        let shown = self.with(|state| {
            if state.traces.reading.is_some() {
                return None;
            }
            Some(match (wanted(&scenario), state.traces.of(&scenario)) {
                (_, Some(known)) => TraceState::Ready(known.info.clone()),
                (Some(wanted), None) => TraceState::Missing(wanted.clone()),
                (None, None) => TraceState::None,
            })
        });
        if let Some(shown) = shown.flatten()
            && self.trace.with_untracked(|before| *before != shown)
        {
            self.trace.set(shown);
        }
    }

    fn on_reading_event(self, id: JobId, name: &str, event: Event, packed: JsValue) {
        let last = event.is_last();
        let current = self.with(|state| {
            let reading = &mut state.traces.reading;
            let current = *reading == Some(id);
            if current && last {
                *reading = None;
            }
            current
        });
        if current != Some(true) {
            return;
        }
        match event {
            Event::Reading { share } => self.trace.set(TraceState::Reading {
                name: name.to_owned(),
                share,
            }),
            Event::TraceRead(info) => self.use_trace(packed, &info),
            Event::Failed(failure) => self.not_read(name, &failure),
            // Of other jobs.
            Event::Progress { .. }
            | Event::Report { .. }
            | Event::ScenarioRead { .. }
            | Event::ScenarioWritten { .. } => {}
        }
    }

    fn not_read(self, name: &str, failure: &Failure) {
        let message = failure.message.clone();
        let text = format!("“{name}” was not opened: {message}. The scenario is unchanged.");
        let name = name.to_owned();
        self.trace.set(TraceState::Failed { name, message });
        self.notify(Topic::Trace, NoticeKind::Error, text, ways_on(failure));
    }

    fn use_trace(self, packed: JsValue, info: &TraceInfo) {
        let open = self.scenario.get_untracked();
        let (before, scenario) = (wanted(&open).cloned(), with_trace(&open, info));
        self.with(|state| {
            let known = &mut state.traces.known;
            known.retain(|known| known.info.fingerprint != info.fingerprint);
            known.push(Known {
                packed,
                info: info.clone(),
            });
            if known.len() > KEPT {
                known.remove(0);
            }
        });
        if scenario == *open {
            // The file that the scenario asks for: nothing changes but that it can be run.
            self.show_trace_state();
            self.rerun();
        } else {
            self.replace(scenario);
        }
        let replaced = before.filter(|before| !matches(before, info));
        self.tell_of_trace(info, replaced.as_ref());
    }

    fn tell_of_trace(self, info: &TraceInfo, replaced: Option<&TraceWorkload>) {
        let mut text = format!("“{}” is the workload now.", info.name);
        if let Some(before) = replaced {
            text += &format!(
                " It is not the trace that the scenario asked for, “{}”.",
                before.name
            );
        }
        if info.skipped > 0 {
            let lines = if info.skipped == 1 {
                "1 line was".into()
            } else {
                format!("{} lines were", info.skipped)
            };
            let first = info
                .problems
                .first()
                .map_or_else(String::new, |first| format!(", first {first}"));
            text += &format!(" {lines} left out{first}.");
        }
        let kind = match replaced.is_some() || info.skipped > 0 {
            true => NoticeKind::Warning,
            false => NoticeKind::Info,
        };
        let ways: &[_] = if replaced.is_some() {
            &[NoticeAction::Undo]
        } else {
            &[]
        };
        self.notify(Topic::Trace, kind, text, ways);
    }
}

/// The trace that a scenario replays.
fn wanted(scenario: &Scenario) -> Option<&TraceWorkload> {
    match &scenario.workload {
        Workload::Trace(wanted) => Some(wanted),
        Workload::Synthetic { .. } => None,
    }
}

/// Whether a scenario that asks for this trace may take that one for it; one without a fingerprint takes any.
fn matches(wanted: &TraceWorkload, info: &TraceInfo) -> bool {
    wanted.fingerprint == 0 || wanted.fingerprint == info.fingerprint
}

/// The scenario with this trace as its workload.
fn with_trace(scenario: &Scenario, info: &TraceInfo) -> Scenario {
    let mut scenario = scenario.clone();
    scenario.take_trace(RecordedTrace {
        name: info.name.clone(),
        fingerprint: info.fingerprint,
        requests: info.requests,
        objects: info.objects,
        duration: Seconds(info.seconds),
    });
    scenario
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(fingerprint: u64, seconds: u64) -> TraceInfo {
        TraceInfo {
            name: "new.csv".into(),
            fingerprint,
            requests: 100,
            objects: 10,
            bytes: 1_000,
            seconds,
            clamped_times: 0,
            skipped: 0,
            problems: vec![],
        }
    }

    fn asking(fingerprint: u64) -> Scenario {
        Scenario {
            workload: Workload::Trace(TraceWorkload {
                name: "wanted.csv".into(),
                fingerprint,
                speed: 2.0,
                ..TraceWorkload::default()
            }),
            ..Scenario::default()
        }
    }

    #[test]
    fn the_trace_asked_for_changes_nothing() {
        assert_eq!(with_trace(&asking(7), &info(7, 50)), asking(7));
    }

    #[test]
    fn a_scenario_that_asks_for_any_trace_keeps_how_it_is_replayed() {
        let scenario = with_trace(&asking(0), &info(7, 50));
        let trace = wanted(&scenario).unwrap();
        assert_eq!(
            (trace.name.as_str(), trace.fingerprint, trace.speed),
            ("new.csv", 7, 2.0)
        );
        assert_eq!(scenario.run, asking(0).run);
    }

    #[test]
    fn another_trace_is_replayed_whole_and_as_recorded() {
        for before in [asking(8), Scenario::default()] {
            let scenario = with_trace(&before, &info(7, 5_000));
            let trace = wanted(&scenario).unwrap();
            assert_eq!((trace.fingerprint, trace.requests, trace.speed), (7, 100, 1.0));
            assert_eq!(scenario.run.duration_s, Seconds(5_000));
            assert_eq!(scenario.run.warm_up_s, Seconds(1_000));
            assert_eq!(scenario.issues(), vec![]);
        }
    }

    #[test]
    fn a_trace_of_a_moment_gives_a_valid_scenario() {
        let scenario = with_trace(&Scenario::default(), &info(7, 1));
        assert_eq!(scenario.issues(), vec![]);
    }
}
