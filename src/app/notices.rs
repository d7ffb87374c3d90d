//! What there is to tell the user.

use super::ui::{Glyph, Icon, attr, live_view, on};
use crate::session::{Notice, NoticeKind, Session};
use leptos::prelude::*;

/// The notices, newest last, each with its ways on.
#[component]
pub fn Notices(session: Session) -> impl IntoView {
    let notices = session.notices();
    view! {
        <div class="notices" role="region" aria-label="Notices" aria-live="polite">
            {live_view(move || {
                let notices = notices.get().into_iter();
                notices.map(|notice| view! { <NoticeView session notice /> }).collect_view()
            })}
        </div>
    }
}

#[component]
fn NoticeView(session: Session, notice: Notice) -> impl IntoView {
    let id = notice.id;
    let (class, glyph) = match notice.kind {
        NoticeKind::Info => ("notice", Glyph::INFO),
        NoticeKind::Warning => ("notice warn", Glyph::WARNING),
        NoticeKind::Error => ("notice bad", Glyph::WARNING),
    };
    view! {
        <div class=class data-notice=class>
            <Icon glyph />
            <p>{notice.text}</p>
            {notice
                .actions
                .into_iter()
                .map(|action| {
                    view! {
                        <button
                            {..attr("type", "button")}
                            class="btn small"
                            on:click=on(move |_| session.act(id, action))
                        >
                            {action.label()}
                        </button>
                    }
                })
                .collect_view()}
            <button
                {..attr("type", "button")}
                class="btn quiet icon-only small"
                {..attr("aria-label", "Dismiss")}
                on:click=on(move |_| session.dismiss(id))
            >
                <Icon glyph=Glyph::CLOSE />
            </button>
        </div>
    }
}
