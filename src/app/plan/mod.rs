//! The Plan screen: the scenario on the left, the answer beside it, and why.

mod answer;
mod bill;
mod charts;
mod classes;
mod drawing;
mod editing;
mod editor;
mod field;
mod fields;
mod figures;
mod rows;
mod sheet;
mod tiles;
mod trace;
mod why;

pub use trace::FileButton;

use super::status::{Announcer, state_name};
use super::ui::{live, media, memo, shown};
use crate::session::{Preset, RunState, Session, Stage, Theme};
use answer::{Answer, AnswerView};
use cacheplan_engine::scenario::Scenario;
use editing::Editing;
use editor::Editor;
use leptos::prelude::*;
use sheet::EditorSheet;
use std::sync::Arc;
use trace::DropTarget;
use why::Why;

/// The screen.
#[component]
pub fn Plan(session: Session) -> impl IntoView {
    let narrow = media("(max-width: 719.98px)");
    let wide = media("(min-width: 1200px)");
    let dark = media("(prefers-color-scheme: dark)");
    let theme = session.theme();
    let look = Signal::derive(move || match theme.get() {
        Theme::System => (dark.get(), true),
        chosen => (chosen == Theme::Dark, false),
    });
    let answer = Answer::new(session, look);
    let editing = Editing {
        session,
        class: RwSignal::new(0),
        reference: reference(session),
    };
    let state = session.run_state();
    let stage = move || {
        state.with(|state| match state {
            RunState::Running {
                stage: Stage::Coarse, ..
            } => Some("coarse"),
            RunState::Running { .. } => Some("refined"),
            _ => None,
        })
    };
    view! {
        <main class="plan" data-run-state=live(move || state.with(state_name)) data-run-stage=live(stage)>
            <h1 class="unseen">"Plan"</h1>
            {shown(move || !narrow.get(), move || view! {
                <aside class="side" aria-label="Scenario">
                    <Editor editing />
                </aside>
            })}
            <div class="results" id="answer" tabindex="-1">
                <AnswerView answer why_apart=wide />
            </div>
            {shown(move || wide.get(), move || view! {
                <aside class="side" aria-label="Why" tabindex="0">
                    <Why answer />
                </aside>
            })}
            {shown(move || narrow.get(), move || view! {
                <EditorSheet answer editing />
            })}
            <Announcer session />
            <DropTarget session />
        </main>
    }
}

/// What changes of the scenario are measured against: the baseline's scenario while one is pinned, else the preset
/// that was opened last, as its name tells.
fn reference(session: Session) -> Signal<Option<Arc<Scenario>>> {
    let (scenario, baseline, known) = (session.scenario(), session.baseline(), session.presets());
    let preset = Memo::new(move |last: Option<&Option<Arc<Scenario>>>| {
        let found = scenario.with(|open| {
            let of_name = |preset: &&Preset| preset.scenario.name == open.name;
            known.with(|known| {
                known
                    .iter()
                    .find(of_name)
                    .map(|preset| Arc::clone(&preset.scenario))
            })
        });
        // A scenario that was renamed still comes from where it came from.
        found.or_else(|| last.cloned().flatten())
    });
    memo(move || {
        let pinned =
            baseline.with(|baseline| baseline.as_ref().map(|baseline| Arc::clone(&baseline.scenario)));
        pinned.or_else(|| preset.get())
    })
    .into()
}
