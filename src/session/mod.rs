//! What the user is doing: the open scenario, its runs, the baseline, undo and redo, autosave.

use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::{Issue, Scenario, TraceWorkload};
use leptos::prelude::*;
use std::borrow::Cow;
use std::sync::Arc;

/// What the user is doing. A handle: cheap to copy, all state lives in signals.
#[derive(Clone, Copy)]
pub struct Session {
    scenario: RwSignal<Arc<Scenario>>,
    issues: RwSignal<Arc<Vec<Issue>>>,
    report: RwSignal<Option<Arc<Report>>>,
    run_state: RwSignal<RunState>,
    baseline: RwSignal<Option<Arc<Baseline>>>,
    link: RwSignal<String>,
    trace: RwSignal<TraceState>,
    notices: RwSignal<Vec<Notice>>,
    theme: RwSignal<Theme>,
    can_undo: RwSignal<bool>,
    can_redo: RwSignal<bool>,
}

/// A scenario and its report, pinned to compare later runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What was simulated.
    pub scenario: Arc<Scenario>,
    /// What came of it.
    pub report: Arc<Report>,
}

/// How precise a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A quick answer from a small sample of the keys.
    Coarse,
    /// The answer with the scenario's own budget of requests.
    Refined,
}

/// What became of the latest run.
#[derive(Clone, Debug, PartialEq)]
pub enum RunState {
    /// Nothing to run: the scenario has issues, or its trace is not at hand.
    Idle,
    /// A worker is at it.
    Running {
        /// Coarse first, then refined.
        stage: Stage,
        /// Part of this stage that is done, 0 to 1.
        progress: f64,
    },
    /// The refined report has arrived.
    Done {
        /// Time from the start of the run to that report, milliseconds.
        wall_ms: f64,
    },
    /// The user stopped it.
    Cancelled,
    /// It stopped by itself, for this reason.
    Failed(String),
}

/// Where the recorded trace of the scenario stands.
#[derive(Clone, Debug, PartialEq)]
pub enum TraceState {
    /// The workload is no trace.
    None,
    /// A file is being read.
    Reading {
        /// Its name.
        name: String,
        /// Part of its bytes read so far, 0 to 1.
        share: f64,
    },
    /// The scenario's trace is at hand.
    Ready(TraceInfo),
    /// The scenario asks for this trace, and the user has to supply the file.
    Missing(TraceWorkload),
    /// A file could not be read.
    Failed {
        /// Its name.
        name: String,
        /// Why, and what to do.
        message: String,
    },
}

/// What is in a trace that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct TraceInfo {
    /// File name.
    pub name: String,
    /// [`Trace::fingerprint`](cacheplan_engine::workload::trace::Trace::fingerprint).
    pub fingerprint: u64,
    /// Requests in it.
    pub requests: u64,
    /// Distinct keys in it.
    pub objects: u64,
    /// Time from the first to the last request, seconds.
    pub seconds: f64,
    /// Lines or records that could not be read and were left out.
    pub skipped: u64,
}

/// Something to tell the user.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// Unique within the session; see [`Session::dismiss`] and [`Session::act`].
    pub id: u32,
    /// How much it matters.
    pub kind: NoticeKind,
    /// What happened, what was kept, what to do.
    pub text: String,
    /// Ways on, to be shown as buttons in this order; often none.
    pub actions: Vec<NoticeAction>,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Something was done; goes away by itself.
    Info,
    /// Something is not as the user may expect.
    Warning,
    /// Something failed.
    Error,
}

/// A way on that a notice offers; [`Session::act`] takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeAction {
    /// Open the first preset in place of a link that does not open.
    OpenPreset,
    /// Open what this browser saved, in place of a link that does not open.
    OpenSaved,
    /// Take back the latest change.
    Undo,
    /// Run the open scenario again.
    Rerun,
    /// Load the page again.
    Reload,
}

impl NoticeAction {
    /// Text of the button.
    pub fn label(self) -> &'static str {
        match self {
            Self::OpenPreset => "Open the example",
            Self::OpenSaved => "Open my saved scenario",
            Self::Undo => "Undo",
            Self::Rerun => "Run again",
            Self::Reload => "Reload",
        }
    }
}

/// Light or dark.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// As the system says.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Session {
    /// Starts the session and provides it as context: opens the link in the address bar, else what this
    /// browser saved, else the first preset; runs it.
    pub fn provide() -> Self {
        let session = Self {
            scenario: RwSignal::new(Arc::new(Scenario::default())),
            issues: RwSignal::default(),
            report: RwSignal::new(None),
            run_state: RwSignal::new(RunState::Idle),
            baseline: RwSignal::new(None),
            link: RwSignal::default(),
            trace: RwSignal::new(TraceState::None),
            notices: RwSignal::default(),
            theme: RwSignal::default(),
            can_undo: RwSignal::new(false),
            can_redo: RwSignal::new(false),
        };
        provide_context(session);
        session
    }

    /// The open scenario; the source of truth.
    pub fn scenario(self) -> Signal<Arc<Scenario>> {
        self.scenario.into()
    }

    /// Changes the open scenario: one step of undo. Consecutive edits of the same field within a second are
    /// one step. `field` is its path as in [`Issue::path`].
    pub fn edit(self, _field: impl Into<Cow<'static, str>>, change: impl FnOnce(&mut Scenario)) {
        self.scenario.update(|scenario| change(Arc::make_mut(scenario)));
    }

    /// Opens another scenario (a preset, a file, a reset): one step of undo.
    pub fn replace(self, scenario: Scenario) {
        self.scenario.set(Arc::new(scenario));
    }

    /// Takes back the latest step.
    pub fn undo(self) {}

    /// Does again what was taken back.
    pub fn redo(self) {}

    /// Whether there is a step to take back.
    pub fn can_undo(self) -> Signal<bool> {
        self.can_undo.into()
    }

    /// Whether there is a step to do again.
    pub fn can_redo(self) -> Signal<bool> {
        self.can_redo.into()
    }

    /// What is wrong with the open scenario. Nothing runs while there is anything.
    pub fn issues(self) -> Signal<Arc<Vec<Issue>>> {
        self.issues.into()
    }

    /// The report that arrived last: coarse, partial or complete. While a run is under way it may still be
    /// that of the scenario before the edit.
    pub fn report(self) -> Signal<Option<Arc<Report>>> {
        self.report.into()
    }

    /// What became of the latest run.
    pub fn run_state(self) -> Signal<RunState> {
        self.run_state.into()
    }

    /// Stops the run, and the reading of a trace.
    pub fn cancel(self) {}

    /// Runs the open scenario again.
    pub fn rerun(self) {}

    /// The pinned baseline.
    pub fn baseline(self) -> Signal<Option<Arc<Baseline>>> {
        self.baseline.into()
    }

    /// Pins the report on screen, with the scenario that it belongs to.
    pub fn pin_baseline(self) {}

    /// Unpins the baseline.
    pub fn clear_baseline(self) {
        self.baseline.set(None);
    }

    /// The whole address that opens the scenario anywhere.
    pub fn link(self) -> Signal<String> {
        self.link.into()
    }

    /// Puts [`Session::link`] on the clipboard and says so, or why not.
    pub fn copy_link(self) {}

    /// Saves the scenario as a JSON file.
    pub fn export_json(self) {}

    /// Opens a JSON file.
    pub fn import_json(self, _file: web_sys::File) {}

    /// Reads a recorded trace and makes it the workload: one step of undo.
    pub fn open_trace(self, _file: web_sys::File) {}

    /// Where the recorded trace of the scenario stands.
    pub fn trace(self) -> Signal<TraceState> {
        self.trace.into()
    }

    /// What to tell the user, oldest first.
    pub fn notices(self) -> Signal<Vec<Notice>> {
        self.notices.into()
    }

    /// Takes a notice off.
    pub fn dismiss(self, id: u32) {
        self.notices
            .update(|notices| notices.retain(|notice| notice.id != id));
    }

    /// Takes a way on that a notice offers, and takes the notice off.
    pub fn act(self, id: u32, _action: NoticeAction) {
        self.dismiss(id);
    }

    /// Light, dark or as the system says.
    pub fn theme(self) -> Signal<Theme> {
        self.theme.into()
    }

    /// Chooses the theme, and keeps the choice in this browser.
    pub fn set_theme(self, theme: Theme) {
        self.theme.set(theme);
    }
}
