//! The share panel: the link and the file.

use super::plan::FileButton;
use super::quantity::grouped;
use super::ui::{Glyph, Icon, Popover, attr, live, on};
use crate::session::Session;
use leptos::prelude::*;

/// A button that opens what can be passed on.
#[component]
pub fn Share(session: Session, open: RwSignal<bool>) -> impl IntoView {
    let link = session.link();
    let length = move || link.with(|link| grouped(link.chars().count() as f64));
    view! {
        <Popover
            name="Share"
            class="btn primary"
            open
            button=ViewFn::from(|| {
                view! {
                    <Icon glyph=Glyph::SHARE />
                    <span>"Share"</span>
                }
            })
        >
            <div class="share">
                <h2>"Link"</h2>
                <p class="quiet">"Holds the whole scenario and opens it with the same numbers on any machine. Nothing is uploaded"</p>
                <div class="share-link">
                    <input
                        {..attr("type", "text")}
                        class="in text"
                        readonly
                        {..attr("aria-label", "Link")}
                        prop:value=live(move || link.get())
                        on:focus=on(move |event| select_all(&event))
                    />
                    <button {..attr("type", "button")} class="btn primary" on:click=on(move |_| session.copy_link())>
                        <Icon glyph=Glyph::COPY />
                        "Copy link"
                    </button>
                </div>
                <p class="quiet" data-link-length=live(length)>
                    {live(length)}
                    " characters"
                </p>
                <h2>"File"</h2>
                <p class="quiet">"The scenario as JSON, for a repository or the command line"</p>
                <div class="share-file">
                    <button {..attr("type", "button")} class="btn" on:click=on(move |_| session.export_json())>
                        <Icon glyph=Glyph::SHARE />
                        "Export JSON"
                    </button>
                    <FileButton
                        label="Import JSON"
                        accept=".json,application/json"
                        chosen=Callback::new(move |file| {
                            session.import_json(file);
                            open.set(false);
                        })
                    />
                </div>
            </div>
        </Popover>
    }
}

fn select_all(event: &leptos::ev::FocusEvent) {
    event_target::<leptos::web_sys::HtmlInputElement>(event).select();
}
