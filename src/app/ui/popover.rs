//! A button that opens a panel under it.

use super::{attr, effect, live, live_view, on, shown};
use leptos::html;
use leptos::prelude::*;
use leptos::web_sys;
use wasm_bindgen::JsCast;

/// A button and its panel. Escape, a click elsewhere and leaving it with the keyboard close the panel; Escape
/// gives the focus back to the button.
#[component]
pub fn Popover(
    /// What the button says to assistive technology, and on hover.
    #[prop(into)]
    name: String,
    /// Classes of the button.
    #[prop(default = "btn")]
    class: &'static str,
    /// Whether the panel is open; may be set from outside.
    open: RwSignal<bool>,
    /// Content of the button.
    button: ViewFn,
    /// Content of the panel, made when it opens.
    children: ChildrenFn,
) -> impl IntoView {
    let root = NodeRef::<html::Div>::new();
    let trigger = NodeRef::<html::Button>::new();
    let panel = NodeRef::<html::Div>::new();
    // A panel that a shortcut opened is not beside the focus.
    effect(move || {
        if let Some(panel) = panel.get() {
            let _ = panel.focus();
        }
    });
    let inside = move |target: Option<web_sys::EventTarget>| {
        let node = target.and_then(|target| target.dyn_into::<web_sys::Node>().ok());
        root.get_untracked()
            .is_some_and(|root| root.contains(node.as_ref()))
    };
    let outside = window_event_listener(leptos::ev::pointerdown, move |event| {
        if open.get_untracked() && !inside(event.target()) {
            open.set(false);
        }
    });
    on_cleanup(move || outside.remove());
    view! {
        <div
            class="popover"
            node_ref=root
            on:keydown=on(move |event: leptos::ev::KeyboardEvent| {
                if event.key() == "Escape" && open.get_untracked() {
                    event.stop_propagation();
                    open.set(false);
                    if let Some(button) = trigger.get_untracked() {
                        let _ = button.focus();
                    }
                }
            })
            on:focusout=on(move |event: leptos::ev::FocusEvent| {
                if event.related_target().is_some() && !inside(event.related_target()) {
                    open.set(false);
                }
            })
        >
            <button
                {..attr("type", "button")}
                {..attr("title", name.clone())}
                {..attr("aria-label", name.clone())}
                {..attr("aria-expanded", live(move || open.get().to_string()))}
                class=class
                node_ref=trigger
                on:click=on(move |_| open.update(|open| *open = !*open))
            >
                {live_view(move || button.run())}
            </button>
            {shown(move || open.get(), move || view! {
                <div node_ref=panel class="popover-panel" {..attr("tabindex", "-1")} {..attr("role", "group")} {..attr("aria-label", name.clone())}>
                    {children()}
                </div>
            })}
        </div>
    }
}
