//! What the run is doing: a hairline of progress, a line of text with the way to stop it, and results for screen
//! readers.

use super::quantity::{Unit, percent, text};
use crate::app::ui::{attr, effect, live, live_view, memo, on};
use crate::session::{RunState, Session, Stage};
use cacheplan_engine::units::decimals;
use leptos::prelude::*;
use std::time::Duration;

/// The state in a word, for tests and styles.
pub fn state_name(state: &RunState) -> &'static str {
    match state {
        RunState::Idle => "idle",
        RunState::Running { .. } => "running",
        RunState::Done { .. } => "done",
        RunState::Cancelled => "cancelled",
        RunState::Failed(_) => "failed",
    }
}

/// Progress under the header while something runs.
#[component]
pub fn Hairline(session: Session) -> impl IntoView {
    let state = session.run_state();
    let progress = memo(move || match state.get() {
        RunState::Running { progress, .. } => Some(decimals(progress * 100.0, 0)),
        _ => None,
    });
    view! {
        <div class="hairline">
            {live_view(move || {
                progress
                    .get()
                    .map(|percent| {
                        view! {
                            <div
                                {..attr("role", "progressbar")}
                                {..attr("aria-label", "Simulating")}
                                {..attr("aria-valuemin", "0")}
                                {..attr("aria-valuemax", "100")}
                                {..attr("aria-valuenow", percent.clone())}
                                // Moved, not widened: that needs no layout and no painting while the workers want the cores.
                                style=format!("translate:calc({percent}% - 100%)")
                            ></div>
                        }
                    })
            })}
        </div>
    }
}

/// What the run is doing in words, with cancel or run again.
#[component]
pub fn Status(session: Session) -> impl IntoView {
    let (state, issues) = (session.run_state(), session.issues());
    // Progress ticks must not make the button anew under the pointer.
    let kind = memo(move || match state.get() {
        RunState::Running { stage, .. } => (
            if stage == Stage::Coarse {
                "coarse"
            } else {
                "refined"
            },
            String::new(),
        ),
        RunState::Done { wall_ms } => ("done", text(wall_ms * 1_000.0, Unit::Micros)),
        RunState::Cancelled => ("cancelled", String::new()),
        RunState::Failed(why) => ("failed", why),
        RunState::Idle if issues.with(|issues| !issues.is_empty()) => ("unfit", String::new()),
        RunState::Idle => ("idle", String::new()),
    });
    let done = move || match state.get() {
        RunState::Running { progress, .. } => decimals(progress * 100.0, 0) + " %",
        _ => String::new(),
    };
    view! {
        <div class="status">
            {live_view(move || {
                let (kind, said) = kind.get();
                match kind {
                    "coarse" | "refined" => {
                        view! {
                            <span class="word">{if kind == "coarse" { "Estimating" } else { "Refining" }}</span>
                            <span>{live(done)}</span>
                            <button {..attr("type", "button")} class="btn small" on:click=on(move |_| session.cancel())>
                                "Cancel"
                            </button>
                        }
                            .into_any()
                    }
                    "done" => view! { <span>"Done in " {said}</span> }.into_any(),
                    "cancelled" | "failed" => {
                        let text = if kind == "failed" { format!("Failed: {said}") } else { "Cancelled".into() };
                        view! {
                            <span class:bad=kind == "failed">{text}</span>
                            <button {..attr("type", "button")} class="btn small" on:click=on(move |_| session.rerun())>
                                "Run again"
                            </button>
                        }
                            .into_any()
                    }
                    "unfit" => view! { <span class="bad">"Not run"</span> }.into_any(),
                    _ => ().into_any(),
                }
            })}
        </div>
    }
}

/// Shortest time between two announcements; screen readers would otherwise read nothing to its end.
const PAUSE: Duration = Duration::from_millis(1_500);

/// Tells screen readers the headline figures when a run is done and the user paused.
#[component]
pub fn Announcer(session: Session) -> impl IntoView {
    let said = RwSignal::new(String::new());
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let (state, report) = (session.run_state(), session.report());
    effect(move || {
        let done = state.with(|state| matches!(state, RunState::Done { .. }));
        if let Some(pending) = pending.try_update_value(Option::take).flatten() {
            pending.clear();
        }
        if done {
            let speak = move || {
                if let Some(report) = report.get_untracked() {
                    let summary = &report.summary;
                    said.set(format!(
                        "Hit rate {} %, p99 {}, database {}",
                        percent(summary.hit_ratio()),
                        text(summary.latency.p99.0 as f64, Unit::Micros),
                        text(summary.database.mean_per_s.0, Unit::PerSecond)
                    ));
                }
            };
            pending.set_value(set_timeout_with_handle(speak, PAUSE).ok());
        }
    });
    view! {
        <p class="unseen" aria-live="polite" data-announcement>
            {live_view(move || said.get())}
        </p>
    }
}
