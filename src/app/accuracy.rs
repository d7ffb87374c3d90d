//! The Accuracy screen: what the engine projects against what real servers did.
//!
//! Its content is what `cacheplan verify --html` prints, kept in `public/accuracy.html` and fetched when the screen is
//! first opened: it tells of the engine, not of the open scenario.

use super::ui::live_view;
use crate::session::fetched;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Beside the page, as the build puts it there.
const CONTENT: &str = "accuracy.html";

/// The screen.
#[component]
pub fn Accuracy() -> impl IntoView {
    let content = RwSignal::new(None::<Option<String>>);
    spawn_local(async move { content.set(Some(fetched(CONTENT).await)) });
    view! {
        <main class="accuracy" tabindex="-1">
            <h1>"Accuracy"</h1>
            <p>
                "Real servers were given request sequences that are known exactly, and so was the simulator. Each dot \
                 is one recorded figure: on the dashed line, the projection equals what the server did."
            </p>
            {live_view(move || match content.get() {
                None => view! { <p role="status">"Loading…"</p> }.into_any(),
                // Made by our own command from recordings, and escaped there.
                Some(Some(html)) => view! { <div class="checks" inner_html=html></div> }.into_any(),
                Some(None) => {
                    view! {
                        <p role="alert">
                            "The figures did not load. Reload the page to try again; your scenario is kept."
                        </p>
                    }
                        .into_any()
                }
            })}
        </main>
    }
}
