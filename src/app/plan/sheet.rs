//! The editor on a phone: a sheet over the answer, opened by a button that stays in reach.

use super::answer::Answer;
use super::editing::Editing;
use super::editor::Editor;
use super::figures::tiles;
use crate::app::ui::{Glyph, Icon, attr, live_view, on, shown};
use leptos::html;
use leptos::prelude::*;

/// The button and its sheet. The sheet repeats the main figures, which it covers.
#[component]
pub fn EditorSheet(answer: Answer, editing: Editing) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let opened = RwSignal::new(false);
    let heads = answer.derive(|scenario, report, baseline| {
        let tiles = tiles(scenario, report, baseline);
        let head = |at: usize| tiles.get(at).map(|tile| format!("{} {}", tile.value, tile.unit));
        [("Hit rate", head(0)), ("p99", head(1)), ("Cost", head(5))]
            .map(|(name, head)| (name, head.unwrap_or_default()))
    });
    view! {
        <div class="sheet-button">
            <button
                {..attr("type", "button")}
                class="btn primary"
                on:click=on(move |_| {
                    if let Some(dialog) = dialog.get_untracked() {
                        opened.set(true);
                        let _ = dialog.show_modal();
                    }
                })
            >
                <Icon glyph=Glyph::EDIT />
                "Edit scenario"
            </button>
        </div>
        <dialog class="sheet" {..attr("aria-label", "Scenario")} node_ref=dialog on:close=on(move |_| opened.set(false))>
            <div class="sheet-head">
                <div class="sheet-figures">
                    {live_view(move || {
                        heads()
                            .into_iter()
                            .flatten()
                            .map(|(name, figure)| view! { <span>{name}" "<strong>{figure}</strong></span> })
                            .collect_view()
                    })}
                </div>
                <button
                    {..attr("type", "button")}
                    class="btn primary"
                    on:click=on(move |_| {
                        if let Some(dialog) = dialog.get_untracked() {
                            dialog.close();
                        }
                    })
                >
                    "Done"
                </button>
            </div>
            {shown(move || opened.get(), move || view! {
                <Editor editing />
            })}
        </dialog>
    }
}
