//! The page: the shell and its screens.

// The component macro makes public what belongs to a component, whatever the component's own visibility.
#![allow(unreachable_pub)]

mod accuracy;
mod header;
mod keys;
mod notices;
mod plan;
mod presets;
pub mod quantity;
mod share;
mod status;
pub mod ui;

use crate::app::ui::{attr, effect, live, on, shown};
use crate::session::Session;
use crate::worker::pool;
use gloo::timers::callback::Timeout;
use leptos::prelude::*;

/// How long the page waits for the simulator that starts beside it, milliseconds, and how often it looks. It takes longer to
/// build the page than the simulator takes to start, and while it is built nobody gives the simulator its first work.
const WAIT_MS: u32 = 120;
const LOOK_MS: u32 = 10;

/// Puts the page into the document's body, in place of the splash, once the simulator is ready or has been waited for.
pub fn mount() {
    mount_within(WAIT_MS);
}

fn mount_within(left_ms: u32) {
    if left_ms > 0 && !pool::early_is_ready() {
        Timeout::new(LOOK_MS, move || mount_within(left_ms.saturating_sub(LOOK_MS))).forget();
        return;
    }
    leptos::mount::mount_to_body(App);
    if let Some(splash) = document().get_element_by_id("splash") {
        splash.remove();
    }
}

/// What fills the page below the bar.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Screen {
    /// The open scenario and its answer.
    Plan,
    /// How far projections are from real servers.
    Accuracy,
}

impl Screen {
    /// All of them, with their names.
    pub const ALL: [(Self, &str); 2] = [(Self::Plan, "Plan"), (Self::Accuracy, "Accuracy")];
}

/// Everything on the page.
#[component]
fn App() -> impl IntoView {
    let session = Session::provide();
    let sharing = RwSignal::new(false);
    let screen = RwSignal::new(Screen::Plan);
    keys::listen(session, sharing);
    let scenario = session.scenario();
    effect(move || {
        scenario.with(|scenario| document().set_title(&format!("{} · Cacheplan", scenario.name)));
    });
    view! {
        <a class="skip" {..attr("href", "#answer")} on:click=on(move |event| skip_to_answer(&event))>
            "Skip to the answer"
        </a>
        <header::Header session sharing screen />
        <notices::Notices session />
        // Left in place, with its charts and what is being edited, while another screen is looked at.
        <div class="screen-host" {..attr("hidden", live(move || screen.get() != Screen::Plan))}>
            <plan::Plan session />
        </div>
        {shown(move || screen.get() == Screen::Accuracy, || view! { <accuracy::Accuracy /> })}
    }
}

/// Moves the focus without touching the address, which holds the scenario.
fn skip_to_answer(event: &leptos::ev::MouseEvent) {
    event.prevent_default();
    if let Some(answer) = document().get_element_by_id("answer") {
        use wasm_bindgen::JsCast;
        if let Ok(answer) = answer.dyn_into::<leptos::web_sys::HtmlElement>() {
            let _ = answer.focus();
        }
    }
}
