//! The preset chooser.

use super::ui::{Glyph, Icon, Popover, attr, on};
use crate::session::Session;
use cacheplan_engine::scenario::presets;
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
                {presets()
                    .into_iter()
                    .map(|preset| {
                        let scenario = preset.scenario;
                        let name = scenario.name.clone();
                        view! {
                            <button
                                {..attr("type", "button")}
                                class="menu-item"
                                data-preset=preset.id
                                on:click=on(move |_| {
                                    session.replace(scenario.clone());
                                    open.set(false);
                                })
                            >
                                <strong>{name}</strong>
                                <span>{preset.summary}</span>
                            </button>
                        }
                    })
                    .collect_view()}
            </div>
        </Popover>
    }
}
