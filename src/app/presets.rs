//! The preset chooser.

use super::ui::{Glyph, Icon, Popover, attr, live_view, on};
use crate::session::{Preset, Session};
use cacheplan_engine::scenario::Scenario;
use leptos::prelude::*;

/// A menu of scenarios to start from.
#[component]
pub fn PresetChooser(session: Session) -> impl IntoView {
    let open = RwSignal::new(false);
    view! {
        <Popover
            name="Presets"
            class="btn quiet"
            open
            button=ViewFn::from(|| {
                view! {
                    <span>"Presets"</span>
                    <Icon glyph=Glyph::DOWN />
                }
            })
        >
            <div class="menu">
                {live_view(move || {
                    let presets = session.presets().get();
                    let missing = (presets.len() < 2)
                        .then(|| view! { <p class="quiet">"The others are not loaded. Reload the page to try again"</p> });
                    let items = presets.iter().cloned().map(|preset| item(session, open, preset)).collect_view();
                    view! {
                        {items}
                        {missing}
                    }
                })}
            </div>
        </Popover>
    }
}

fn item(session: Session, open: RwSignal<bool>, preset: Preset) -> impl IntoView {
    let scenario = preset.scenario;
    let name = scenario.name.clone();
    view! {
        <button
            {..attr("type", "button")}
            class="menu-item"
            data-preset=preset.id
            on:click=on(move |_| {
                session.replace(Scenario::clone(&scenario));
                open.set(false);
            })
        >
            <strong>{name}</strong>
            <span>{preset.summary}</span>
        </button>
    }
}
