//! An explanation that comes up over a figure on hover, focus or tap.

use leptos::prelude::*;

/// A small button "i" that holds an explanation open, for use inside an element of class `explained`, whose
/// hover opens it too. Escape closes it (WCAG 2.2, 1.4.13).
#[component]
pub fn Bubble(
    /// What is explained, for the button's name.
    about: &'static str,
    /// The explanation.
    children: ChildrenFn,
) -> impl IntoView {
    let held = RwSignal::new(false);
    let id = format!("about-{}", about.to_lowercase().replace(' ', "-"));
    view! {
        <button
            type="button"
            class="about"
            aria-label=format!("Where “{about}” comes from")
            aria-expanded=move || held.get().to_string()
            aria-controls=id.clone()
            on:click=move |_| held.update(|held| *held = !*held)
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    held.set(false);
                }
            }
            on:blur=move |_| held.set(false)
        >
            <super::Icon glyph=super::Glyph::INFO />
        </button>
        <div class="bubble" id=id class:held=move || held.get()>
            {children()}
        </div>
    }
}
