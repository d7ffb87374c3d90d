//! Shortcuts of the whole page.

use crate::session::Session;
use leptos::prelude::*;

/// Listens for undo (Ctrl or Cmd + Z), redo (with Shift, or Ctrl + Y) and share (Ctrl or Cmd + S) for the life of the
/// owner.
pub fn listen(session: Session, sharing: RwSignal<bool>) {
    let handle = window_event_listener(leptos::ev::keydown, move |event| {
        if !(event.ctrl_key() || event.meta_key()) || event.alt_key() {
            return;
        }
        match (event.key().to_ascii_lowercase().as_str(), event.shift_key()) {
            ("z", false) => session.undo(),
            ("z", true) | ("y", false) => session.redo(),
            ("s", false) => sharing.set(true),
            _ => return,
        }
        event.prevent_default();
    });
    on_cleanup(move || handle.remove());
}
