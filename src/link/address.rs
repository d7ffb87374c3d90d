//! The address bar.

use gloo::events::EventListener;

/// Least time between two changes of the address: browsers refuse more than 100 in 30 s (Safari, the strictest).
pub const REPLACE_EVERY_MS: f64 = 400.0;

/// What stands after `#`, without it, percent signs decoded (mail programs add spaces, which browsers encode);
/// empty when nothing does.
pub fn fragment() -> String {
    let hash = web_sys::window().and_then(|window| window.location().hash().ok());
    let hash = hash.unwrap_or_default();
    let fragment = hash.trim_start_matches('#');
    js_sys::decode_uri_component(fragment).map_or_else(|_| fragment.to_owned(), String::from)
}

/// The page's address with this after `#`.
pub fn with_fragment(fragment: &str) -> String {
    let href = web_sys::window().and_then(|window| window.location().href().ok());
    let href = href.unwrap_or_default();
    let base = href.split('#').next().unwrap_or_default();
    format!("{base}#{fragment}")
}

/// Puts this after `#`, without a new entry in the history and without a `hashchange` event. A browser that
/// refuses leaves the address as it is.
pub fn replace_fragment(fragment: &str) {
    if let Some(history) = web_sys::window().and_then(|window| window.history().ok()) {
        let state = history.state().unwrap_or_default();
        let address = with_fragment(fragment);
        // Refused only for being called too often; the next change brings the address up to date.
        history.replace_state_with_url(&state, "", Some(&address)).ok();
    }
}

/// Whether this names a place in the page, as the target of a skip link does.
pub fn is_anchor(fragment: &str) -> bool {
    web_sys::window()
        .and_then(|window| window.document())
        .is_some_and(|document| document.get_element_by_id(fragment).is_some())
}

/// Calls when the user puts something else after `#`: a link pasted into the open tab, back and forward.
pub fn on_change(mut changed: impl FnMut(String) + 'static) {
    if let Some(window) = web_sys::window() {
        EventListener::new(&window, "hashchange", move |_| changed(fragment())).forget();
    }
}

/// Calls when the page is about to be left or put away.
pub fn on_leave(mut leave: impl FnMut() + 'static) {
    if let Some(window) = web_sys::window() {
        EventListener::new(&window, "pagehide", move |_| leave()).forget();
    }
}
