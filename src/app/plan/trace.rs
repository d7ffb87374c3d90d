//! Recorded traces: choosing a file, dropping one on the page, and where its reading stands.

use crate::app::quantity::{Unit, fixed, text};
use crate::app::ui::{Glyph, Icon, attr, live, live_view, on};
use crate::session::{Session, TraceState};
use cacheplan_engine::scenario::{TraceWorkload, Workload, opening_preset};
use cacheplan_engine::units::decimals;
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys;

/// What the reader takes, for people and for the file dialog.
pub const FORMATS: &str = "Twitter CSV or oracleGeneral, plain or .zst";

/// A button that asks for a file.
#[component]
pub fn FileButton(
    /// What the button says.
    label: &'static str,
    /// File types as the `accept` attribute has them; empty for all.
    #[prop(default = "")]
    accept: &'static str,
    /// Classes of the button.
    #[prop(default = "btn")]
    class: &'static str,
    /// Takes the file.
    chosen: Callback<web_sys::File>,
) -> impl IntoView {
    let input = NodeRef::<html::Input>::new();
    view! {
        <button
            {..attr("type", "button")}
            class=class
            on:click=on(move |_| {
                if let Some(input) = input.get_untracked() {
                    input.click();
                }
            })
        >
            <Icon glyph=Glyph::OPEN />
            {label}
        </button>
        <input
            {..attr("type", "file")}
            hidden
            {..attr("accept", accept)}
            node_ref=input
            on:change=on(move |_| {
                if let Some(input) = input.get_untracked() {
                    if let Some(file) = input.files().and_then(|files| files.get(0)) {
                        chosen.run(file);
                    }
                    // The same file may be chosen again.
                    input.set_value("");
                }
            })
        />
    }
}

/// The trace that is the workload, in the editor.
#[component]
pub fn TraceSource(session: Session) -> impl IntoView {
    let scenario = session.scenario();
    let read = move |of: fn(&TraceWorkload) -> String| {
        live(move || {
            scenario.with(|scenario| match &scenario.workload {
                Workload::Trace(trace) => of(trace),
                Workload::Synthetic { .. } => String::new(),
            })
        })
    };
    let synthetic = move |_| {
        let workload = opening_preset().scenario.workload;
        session.edit("workload", move |scenario| scenario.workload = workload);
    };
    view! {
        <div class="trace-source">
            <p class="trace-name">{read(|trace| trace.name.clone())}</p>
            <p class="quiet">{read(contents)}</p>
            <div class="class-actions">
                <FileButton
                    label="Other trace"
                    class="btn small"
                    chosen=Callback::new(move |file| session.open_trace(file))
                />
                <button {..attr("type", "button")} class="btn small" on:click=on(synthetic)>
                    "Back to synthetic"
                </button>
            </div>
        </div>
    }
}

/// What is in a trace, as far as the scenario knows.
fn contents(trace: &TraceWorkload) -> String {
    if trace.requests == 0 {
        return "not read yet".into();
    }
    let count = |number: u64| text(number as f64, Unit::Count);
    format!(
        "{} requests, {} keys",
        count(trace.requests),
        count(trace.objects)
    )
}

/// Where the reading of a trace stands, above the answer; and the invitation to bring one.
#[component]
pub fn TraceBar(session: Session) -> impl IntoView {
    let state = session.trace();
    let open = Callback::new(move |file| session.open_trace(file));
    view! {
        <div class="trace-bar" data-trace-state=live(move || state.with(state_name))>
            {live_view(move || match state.get() {
                TraceState::None => {
                    view! {
                        <p>
                            "Have real traffic? " <strong>"Drop a trace here"</strong>
                            <span class="quiet">" "{FORMATS}"; it stays on this machine"</span>
                        </p>
                        <FileButton label="Open a trace" class="btn small" chosen=open />
                    }
                        .into_any()
                }
                TraceState::Reading { name, share } => {
                    view! {
                        <p>
                            "Reading " <strong>{name}</strong> " " {fixed(share * 100.0, 0)} " %"
                        </p>
                        <progress {..attr("max", "1")} {..attr("value", decimals(share, 3))} {..attr("aria-label", "Reading the trace")}></progress>
                        <button {..attr("type", "button")} class="btn small" on:click=on(move |_| session.cancel())>
                            "Cancel"
                        </button>
                    }
                        .into_any()
                }
                TraceState::Ready(info) => {
                    let skipped = (info.skipped > 0)
                        .then(|| format!(", {} unreadable records left out", text(info.skipped as f64, Unit::Count)));
                    view! {
                        <p>
                            "Replaying " <strong>{info.name}</strong>
                            <span class="quiet">
                                " " {text(info.requests as f64, Unit::Count)} " requests, "
                                {text(info.objects as f64, Unit::Count)} " keys, "
                                {text(info.seconds as f64, Unit::Seconds)} {skipped}
                            </span>
                        </p>
                        <FileButton label="Other trace" class="btn small" chosen=open />
                    }
                        .into_any()
                }
                TraceState::Missing(wanted) => {
                    view! {
                        <p class="warn">
                            <Icon glyph=Glyph::WARNING />
                            "This scenario replays " <strong>{wanted.name}</strong>
                            ", which is not on this machine: a link carries no traces. Drop the file here to run it"
                        </p>
                        <FileButton label="Choose the file" class="btn small" chosen=open />
                    }
                        .into_any()
                }
                TraceState::Failed { name, message } => {
                    view! {
                        <p class="bad" role="alert">
                            <Icon glyph=Glyph::WARNING />
                            <strong>{name}</strong> " was not read: " {message}
                        </p>
                        <FileButton label="Choose another file" class="btn small" chosen=open />
                    }
                        .into_any()
                }
            })}
        </div>
    }
}

fn state_name(state: &TraceState) -> &'static str {
    match state {
        TraceState::None => "none",
        TraceState::Reading { .. } => "reading",
        TraceState::Ready(_) => "ready",
        TraceState::Missing(_) => "missing",
        TraceState::Failed { .. } => "failed",
    }
}

/// Makes the whole page a place to drop a trace or a scenario file, and covers it while one hovers.
#[component]
pub fn DropTarget(session: Session) -> impl IntoView {
    let over = RwSignal::new(false);
    let carries_files = |event: &web_sys::DragEvent| {
        event
            .data_transfer()
            .is_some_and(|data| data.types().includes(&"Files".into(), 0))
    };
    let enter = window_event_listener(leptos::ev::dragover, move |event| {
        if carries_files(&event) {
            event.prevent_default();
            over.set(true);
        }
    });
    let leave = window_event_listener(leptos::ev::dragleave, move |event| {
        // Leaving the window, and not one element for another.
        if event.related_target().is_none() {
            over.set(false);
        }
    });
    let drop = window_event_listener(leptos::ev::drop, move |event| {
        if !carries_files(&event) {
            return;
        }
        event.prevent_default();
        over.set(false);
        let file = event
            .data_transfer()
            .and_then(|data| data.files())
            .and_then(|files| files.get(0));
        if let Some(file) = file {
            if file.name().ends_with(".json") {
                session.import_json(file);
            } else {
                session.open_trace(file);
            }
        }
    });
    on_cleanup(move || {
        enter.remove();
        leave.remove();
        drop.remove();
    });
    view! {
        <div class="drop" {..attr("hidden", live(move || !over.get()))} {..attr("aria-hidden", "true")}>
            <p>
                <strong>"Drop to open"</strong>
                {FORMATS}
                ", or a scenario as .json"
            </p>
        </div>
    }
}
