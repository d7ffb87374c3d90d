//! An explanation that comes up over a figure on hover, focus or tap.

use super::{attr, live, on};
use leptos::prelude::*;

/// A small button "i" that holds an explanation open, for use inside an element of class `explained`, whose
/// hover opens it too. Escape closes it (WCAG 2.2, 1.4.13).
#[component]
pub fn Bubble(
    /// What is explained, for the button's name.
    about: &'static str,
    /// The explanation.
    children: Children,
) -> impl IntoView {
    let held = RwSignal::new(false);
    // Escape takes away what the pointer brought up, until it comes again.
    let dismissed = RwSignal::new(false);
    let escape = window_event_listener(leptos::ev::keydown, move |event| {
        if event.key() == "Escape" {
            held.set(false);
            dismissed.set(true);
        }
    });
    let moved = window_event_listener(leptos::ev::pointerover, move |_| {
        if dismissed.get_untracked() {
            dismissed.set(false);
        }
    });
    on_cleanup(move || {
        escape.remove();
        moved.remove();
    });
    view! {
        <button
            {..attr("type", "button")}
            class="about"
            {..attr("aria-label", format!("Where “{about}” comes from"))}
            {..attr("aria-expanded", live(move || held.get().to_string()))}
            on:click=on(move |_| held.update(|held| *held = !*held))
            on:blur=on(move |_| held.set(false))
        >
            <super::Icon glyph=super::Glyph::INFO />
        </button>
        <div class="bubble" class:held=live(move || held.get()) class:dismissed=live(move || dismissed.get())>
            {children()}
        </div>
    }
}
