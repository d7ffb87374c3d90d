//! The top bar: brand, screens, the scenario's name and what can be done with it.

use super::Screen;
use super::presets::PresetChooser;
use super::share::Share;
use super::status::{Hairline, Status};
use super::ui::{Glyph, Icon, attr, live, live_view, memo, on};
use crate::session::{Session, Theme};
use cacheplan_engine::scenario::limits;
use cacheplan_engine::units::decimals;
use leptos::prelude::*;

/// The top bar.
#[component]
pub fn Header(session: Session, sharing: RwSignal<bool>, screen: RwSignal<Screen>) -> impl IntoView {
    view! {
        <header class="bar">
            <div class="brand">
                <svg class="logo" viewBox="0 0 20 20" aria-hidden="true">
                    <rect x="1" y="11" width="5" height="8" rx="1" />
                    <rect x="7.5" y="6" width="5" height="13" rx="1" opacity=".7" />
                    <rect x="14" y="1" width="5" height="18" rx="1" opacity=".45" />
                </svg>
                <span>"Cacheplan"</span>
            </div>
            <nav aria-label="Screens">
                {Screen::ALL
                    .into_iter()
                    .map(|(to, name)| {
                        view! {
                            <button
                                {..attr("type", "button")}
                                class="screen"
                                {..attr("aria-current", live(move || (screen.get() == to).then_some("page")))}
                                on:click=on(move |_| screen.set(to))
                            >
                                {name}
                            </button>
                        }
                    })
                    .collect_view()}
            </nav>
            <div class="bar-scenario">
                <Name session />
                <PresetChooser session />
            </div>
            <Status session />
            <div class="bar-tools">
                <UndoRedo session />
                <ThemeSwitch session />
                <PinBaseline session />
                <Share session open=sharing />
            </div>
            <Hairline session />
        </header>
    }
}

/// The scenario's name, to be edited in place.
#[component]
fn Name(session: Session) -> impl IntoView {
    let scenario = session.scenario();
    let name = memo(move || scenario.with(|scenario| scenario.name.clone()));
    view! {
        <input
            {..attr("type", "text")}
            class="name"
            {..attr("aria-label", "Scenario name")}
            {..attr("autocomplete", "off")}
            {..attr("spellcheck", "false")}
            {..attr("maxlength", decimals(limits::NAME_LENGTH.max, 0))}
            prop:value=live(move || name.get())
            on:change=on(move |event| {
                let wanted = event_target_value(&event);
                session.edit("name", move |scenario| scenario.name = wanted.trim().to_string());
            })
        />
    }
}

#[component]
fn UndoRedo(session: Session) -> impl IntoView {
    let (can_undo, can_redo) = (session.can_undo(), session.can_redo());
    view! {
        <button
            {..attr("type", "button")}
            class="btn icon-only"
            {..attr("title", "Undo (Ctrl Z)")}
            {..attr("aria-label", "Undo")}
            {..attr("disabled", live(move || !can_undo.get()))}
            on:click=on(move |_| session.undo())
        >
            <Icon glyph=Glyph::UNDO />
        </button>
        <button
            {..attr("type", "button")}
            class="btn icon-only"
            {..attr("title", "Redo (Shift Ctrl Z)")}
            {..attr("aria-label", "Redo")}
            {..attr("disabled", live(move || !can_redo.get()))}
            on:click=on(move |_| session.redo())
        >
            <Icon glyph=Glyph::REDO />
        </button>
    }
}

#[component]
fn ThemeSwitch(session: Session) -> impl IntoView {
    let theme = session.theme();
    let name = move || match theme.get() {
        Theme::System => "Theme: as the system",
        Theme::Light => "Theme: light",
        Theme::Dark => "Theme: dark",
    };
    view! {
        <button
            {..attr("type", "button")}
            class="btn icon-only"
            {..attr("title", live(name))}
            {..attr("aria-label", live(name))}
            data-theme-switch
            on:click=on(move |_| {
                session
                    .set_theme(
                        match theme.get_untracked() {
                            Theme::System => Theme::Light,
                            Theme::Light => Theme::Dark,
                            Theme::Dark => Theme::System,
                        },
                    );
            })
        >
            {live_view(move || {
                let glyph = match theme.get() {
                    Theme::System => Glyph::SYSTEM,
                    Theme::Light => Glyph::LIGHT,
                    Theme::Dark => Glyph::DARK,
                };
                view! { <Icon glyph /> }
            })}
        </button>
    }
}

/// Pins the answer on screen as the baseline, or unpins it.
#[component]
fn PinBaseline(session: Session) -> impl IntoView {
    let (baseline, report) = (session.baseline(), session.report());
    let pinned = move || baseline.with(Option::is_some);
    view! {
        <button
            {..attr("type", "button")}
            class="btn pin"
            {..attr("aria-pressed", live(move || pinned().to_string()))}
            {..attr("disabled", live(move || report.with(Option::is_none)))}
            {..attr("title", live(move || {
                baseline
                    .with(|baseline| match baseline {
                        Some(baseline) => format!("Baseline: {}. Press to unpin", baseline.scenario.name),
                        None => "Compare what follows with this answer".into(),
                    })
            }))}
            on:click=on(move |_| if pinned() { session.clear_baseline() } else { session.pin_baseline() })
        >
            <Icon glyph=Glyph::PIN />
            <span>{live_view(move || if pinned() { "Unpin baseline" } else { "Pin baseline" })}</span>
        </button>
    }
}
