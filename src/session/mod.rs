//! What the user is doing: the open scenario, its runs, the baseline, undo and redo, autosave.
//!
//! Everything hangs on [`Session`], a handle whose state lives in signals. Whatever changes the open scenario
//! goes through one place (`Session::put`), which validates it, brings the address bar up to date and has it run.

mod files;
mod history;
mod notices;
mod opening;
mod presets;
mod runs;
mod storage;
mod traces;

pub use crate::worker::messages::{Stage, TraceInfo};
pub use notices::{Notice, NoticeAction, NoticeKind};
pub use presets::{Preset, fetched};

use crate::link::{Throttle, address, clipboard};
use crate::worker::pool::Pool;
use cacheplan_engine::report::Report;
use cacheplan_engine::scenario::link::{self, LinkError};
use cacheplan_engine::scenario::{Issue, Scenario, TraceWorkload};
use gloo::timers::callback::Timeout;
use history::History;
use leptos::prelude::*;
use notices::Topic;
use runs::Run;
use std::borrow::Cow;
use std::sync::Arc;
use traces::Traces;

/// What the user is doing. A handle: cheap to copy, all state lives in signals.
#[derive(Clone, Copy)]
pub struct Session {
    scenario: RwSignal<Arc<Scenario>>,
    issues: RwSignal<Arc<Vec<Issue>>>,
    report: RwSignal<Option<Arc<Report>>>,
    run_state: RwSignal<RunState>,
    baseline: RwSignal<Option<Arc<Baseline>>>,
    presets: RwSignal<Arc<Vec<Preset>>>,
    link: RwSignal<String>,
    trace: RwSignal<TraceState>,
    notices: RwSignal<Vec<Notice>>,
    theme: RwSignal<Theme>,
    can_undo: RwSignal<bool>,
    can_redo: RwSignal<bool>,
    state: StoredValue<State, LocalStorage>,
}

/// What nobody watches.
struct State {
    simulators: Pool,
    files: Pool,
    history: History<Arc<Scenario>>,
    run: Run,
    traces: Traces,
    publishing: Publishing,
    /// What this browser kept, while a link that does not open stands in the address bar.
    saved: Option<Scenario>,
    last_notice: u32,
    storage_refused: bool,
}

/// The address bar and the autosave, which follow the scenario.
struct Publishing {
    throttle: Throttle,
    timer: Option<Timeout>,
    /// The address holds a link that does not open, and stays as it is until the user decides what to do.
    held: bool,
    /// The user changed the scenario since it was opened: only then it replaces what this browser kept.
    changed: bool,
}

/// A scenario and its report, pinned to compare later runs with.
#[derive(Clone, Debug, PartialEq)]
pub struct Baseline {
    /// What was simulated.
    pub scenario: Arc<Scenario>,
    /// What came of it.
    pub report: Arc<Report>,
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

impl Theme {
    /// Value of `<html data-theme>`; the system's theme needs none.
    fn attribute(self) -> Option<&'static str> {
        match self {
            Self::System => None,
            Self::Light => Some("light"),
            Self::Dark => Some("dark"),
        }
    }
}

/// How a change of the scenario is run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Start {
    /// At once.
    Now,
    /// After a moment, in which further edits may come.
    Soon,
}

impl Session {
    /// Starts the session and provides it as context: opens the link in the address bar, else what this
    /// browser kept, else the first preset; runs it.
    pub fn provide() -> Self {
        let session = Self {
            scenario: RwSignal::default(),
            issues: RwSignal::default(),
            report: RwSignal::new(None),
            run_state: RwSignal::new(RunState::Idle),
            baseline: RwSignal::new(None),
            presets: RwSignal::new(presets::first()),
            link: RwSignal::default(),
            trace: RwSignal::new(TraceState::None),
            notices: RwSignal::default(),
            theme: RwSignal::default(),
            can_undo: RwSignal::new(false),
            can_redo: RwSignal::new(false),
            state: StoredValue::new_local(State {
                simulators: Pool::simulators(),
                files: Pool::files(),
                history: History::default(),
                run: Run::default(),
                traces: Traces::default(),
                publishing: Publishing {
                    throttle: Throttle::new(address::REPLACE_EVERY_MS),
                    timer: None,
                    held: false,
                    changed: false,
                },
                saved: None,
                last_notice: 0,
                storage_refused: false,
            }),
        };
        provide_context(session);
        session.show_theme(storage::theme());
        session.open();
        session.fetch_presets();
        address::on_change(move |fragment| session.open_fragment(&fragment));
        address::on_leave(move || session.publish());
        session
    }

    /// The open scenario; the source of truth.
    pub fn scenario(self) -> Signal<Arc<Scenario>> {
        self.scenario.into()
    }

    /// Changes the open scenario: one step of undo. Consecutive edits of the same field within a second are
    /// one step. `field` is its path as in [`Issue::path`].
    pub fn edit(self, field: impl Into<Cow<'static, str>>, change: impl FnOnce(&mut Scenario)) {
        let before = self.scenario.get_untracked();
        let mut after = Scenario::clone(&before);
        change(&mut after);
        self.step(before, after, Some(field.into()), Start::Soon);
    }

    /// Opens another scenario (a preset, a file, a reset): one step of undo.
    pub fn replace(self, scenario: Scenario) {
        self.step(self.scenario.get_untracked(), scenario, None, Start::Now);
    }

    /// Takes back the latest step.
    pub fn undo(self) {
        self.travel(History::undo);
    }

    /// Does again what was taken back.
    pub fn redo(self) {
        self.travel(History::redo);
    }

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

    /// The report on screen: coarse, partial or complete. While a run is under way it may still be that of the
    /// scenario before the edit.
    pub fn report(self) -> Signal<Option<Arc<Report>>> {
        self.report.into()
    }

    /// What became of the latest run.
    pub fn run_state(self) -> Signal<RunState> {
        self.run_state.into()
    }

    /// Stops the run, and the reading of a trace.
    pub fn cancel(self) {
        self.stop_reading();
        if self.stop_run() {
            self.run_state.set(RunState::Cancelled);
        }
    }

    /// Runs the open scenario again.
    pub fn rerun(self) {
        self.start_run(Start::Now);
    }

    /// The pinned baseline.
    pub fn baseline(self) -> Signal<Option<Arc<Baseline>>> {
        self.baseline.into()
    }

    /// Pins the report on screen, with the scenario that it belongs to. A report that is not complete cannot be
    /// pinned: it would be compared with other stretches of time.
    pub fn pin_baseline(self) {
        match self.shown() {
            Some(baseline) if baseline.report.progress.0 >= 1.0 => {
                self.baseline.set(Some(Arc::new(baseline)));
            }
            _ => self.notify(
                Topic::Baseline,
                NoticeKind::Info,
                "There is no complete answer yet to pin as the baseline. Wait for the run to end.",
                &[],
            ),
        }
    }

    /// Unpins the baseline.
    pub fn clear_baseline(self) {
        self.baseline.set(None);
    }

    /// The whole address that opens the scenario anywhere.
    pub fn link(self) -> Signal<String> {
        self.link.into()
    }

    /// Puts [`Session::link`] on the clipboard and says so, or why not.
    pub fn copy_link(self) {
        self.publish();
        let link = self.link.get_untracked();
        wasm_bindgen_futures::spawn_local(async move {
            match clipboard::copy(&link).await {
                Ok(()) => {
                    let text = format!("Link copied, {} characters.", link.chars().count());
                    self.notify(Topic::Clipboard, NoticeKind::Info, text, &[]);
                }
                Err(why) => {
                    let text =
                        format!("The link was not copied: {why}. Copy it from the address bar instead.");
                    self.notify(Topic::Clipboard, NoticeKind::Warning, text, &[]);
                }
            }
        });
    }

    /// Where the recorded trace of the scenario stands.
    pub fn trace(self) -> Signal<TraceState> {
        self.trace.into()
    }

    /// Light, dark or as the system says.
    pub fn theme(self) -> Signal<Theme> {
        self.theme.into()
    }

    /// Chooses the theme, and keeps the choice in this browser.
    pub fn set_theme(self, theme: Theme) {
        self.show_theme(theme);
        if !storage::keep_theme(theme) {
            self.storage_refused();
        }
    }

    /// Works on what nobody watches. Not to be nested.
    fn with<R>(self, work: impl FnOnce(&mut State) -> R) -> Option<R> {
        self.state.try_update_value(work)
    }

    fn show_theme(self, theme: Theme) {
        self.theme.set(theme);
        let root = document().document_element();
        if let Some(root) = root {
            // Neither can fail: the name is a valid one.
            match theme.attribute() {
                Some(value) => root.set_attribute("data-theme", value).ok(),
                None => root.remove_attribute("data-theme").ok(),
            };
        }
    }

    fn step(self, before: Arc<Scenario>, after: Scenario, field: Option<Cow<'static, str>>, start: Start) {
        if *before == after {
            return;
        }
        self.with(|state| state.history.record(before, field, now_ms()));
        self.put_changed(Arc::new(after), start);
    }

    fn travel(
        self,
        way: impl FnOnce(&mut History<Arc<Scenario>>, Arc<Scenario>) -> Result<Arc<Scenario>, Arc<Scenario>>,
    ) {
        let present = self.scenario.get_untracked();
        if let Some(Ok(scenario)) = self.with(|state| way(&mut state.history, present)) {
            self.put_changed(scenario, Start::Now);
        }
    }

    /// Opens a scenario because the user did something: the address bar is the user's no longer.
    fn put_changed(self, scenario: Arc<Scenario>, start: Start) {
        self.with(|state| {
            state.publishing.changed = true;
            state.publishing.held = false;
        });
        self.drop_settled_notices();
        self.put(scenario, start);
    }

    /// The one place where the open scenario changes.
    fn put(self, scenario: Arc<Scenario>, start: Start) {
        self.issues.set(Arc::new(scenario.issues()));
        self.scenario.set(scenario);
        if let Some((undo, redo)) = self.with(|state| (state.history.can_undo(), state.history.can_redo())) {
            self.can_undo.set(undo);
            self.can_redo.set(redo);
        }
        self.show_trace_state();
        self.start_run(start);
        self.publish_soon();
    }

    /// Opens what the page should open with.
    fn open(self) {
        let kept = storage::scenario();
        let opening = opening::choose(&address::fragment(), kept.as_deref());
        if let Some(error) = &opening.bad_link {
            let meanwhile = format!("Meanwhile this is the example “{}”.", opening.scenario.name);
            let ways: &[_] = match opening.saved {
                Some(_) => &[NoticeAction::OpenPreset, NoticeAction::OpenSaved],
                None => &[NoticeAction::OpenPreset],
            };
            self.hold(error, &meanwhile, ways);
        }
        if opening.bad_save {
            let text = "What this browser kept from the last visit can no longer be opened.";
            self.notify(Topic::Storage, NoticeKind::Warning, text, &[]);
        }
        self.with(|state| state.saved = opening.saved);
        self.put(Arc::new(opening.scenario), Start::Now);
    }

    /// Opens a link that was put into the address bar of the open page.
    fn open_fragment(self, fragment: &str) {
        if fragment.is_empty() || address::is_anchor(fragment) {
            return self.publish();
        }
        match link::decode(fragment) {
            Ok(scenario) if scenario == *self.scenario.get_untracked() => self.release(),
            Ok(scenario) => {
                let text = format!("Opened “{}” from the link.", scenario.name);
                self.replace(scenario);
                self.notify(Topic::Link, NoticeKind::Info, text, &[NoticeAction::Undo]);
            }
            Err(error) => {
                let kept = "The scenario that was open is unchanged.";
                self.hold(&error, kept, &[NoticeAction::KeepScenario]);
            }
        }
    }

    /// Leaves a link that does not open in the address bar, and says what is wrong with it.
    fn hold(self, error: &LinkError, meanwhile: &str, ways: &[NoticeAction]) {
        self.with(|state| state.publishing.held = true);
        let mut ways = ways.to_vec();
        if matches!(error, LinkError::Newer(_)) {
            ways.insert(0, NoticeAction::Reload);
        }
        let text = format!("{error} {meanwhile}");
        self.notify(Topic::Link, NoticeKind::Error, text, &ways);
    }

    /// Gives up on a link that does not open: the address bar holds the open scenario again.
    fn release(self) {
        self.with(|state| state.publishing.held = false);
        self.drop_notice(Topic::Link);
        self.publish();
    }

    /// Brings the address bar and the autosave up to date, at once or as soon as the browser allows.
    fn publish_soon(self) {
        let wait = self.with(|state| match state.publishing.timer {
            Some(_) => None,
            None => Some(state.publishing.throttle.wait(now_ms())),
        });
        match wait.flatten() {
            None => {}
            Some(0.0) => self.publish(),
            Some(wait) => {
                let timer = Timeout::new(wait.ceil() as u32, move || self.publish());
                self.with(|state| state.publishing.timer = Some(timer));
            }
        }
    }

    fn publish(self) {
        let scenario = self.scenario.get_untracked();
        let fragment = link::encode(&scenario);
        self.link.set(address::with_fragment(&fragment));
        let facts = self.with(|state| {
            let publishing = &mut state.publishing;
            publishing.throttle.done(now_ms());
            publishing.timer = None;
            (publishing.held, publishing.changed)
        });
        let Some((false, changed)) = facts else {
            return;
        };
        if address::fragment() != fragment {
            address::replace_fragment(&fragment);
        }
        if changed && !storage::keep_scenario(&fragment) {
            self.storage_refused();
        }
    }

    /// Says once that this browser keeps nothing.
    fn storage_refused(self) {
        let told = self.with(|state| std::mem::replace(&mut state.storage_refused, true));
        if told == Some(false) {
            self.notify(
                Topic::Storage,
                NoticeKind::Warning,
                "This browser keeps nothing for this page (a private window, or its storage is full). To keep your \
                 work, copy the link or save the file.",
                &[],
            );
        }
    }
}

/// Milliseconds since the page was opened.
fn now_ms() -> f64 {
    window()
        .performance()
        .map_or(0.0, |performance| performance.now())
}
