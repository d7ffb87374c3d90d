//! What the window and its elements measure, as signals.

use leptos::prelude::*;
use leptos::web_sys;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// Whether a media query matches; follows changes for the life of the page.
pub fn media(query: &str) -> Signal<bool> {
    let matches = RwSignal::new(false);
    if let Ok(Some(list)) = window().match_media(query) {
        matches.set(list.matches());
        let changed = Closure::<dyn Fn(web_sys::MediaQueryListEvent)>::new(
            move |event: web_sys::MediaQueryListEvent| {
                let _ = matches.try_set(event.matches());
            },
        );
        list.set_onchange(Some(changed.as_ref().unchecked_ref()));
        // The list stops reporting when nothing refers to it, and both live as long as their owner.
        let kept = StoredValue::new_local((list, changed));
        on_cleanup(move || {
            let _ = kept.try_with_value(|(list, _)| list.set_onchange(None));
        });
    }
    matches.into()
}

/// Calls back with an element's content width in CSS pixels, at once and at every change, until the owner of
/// this call is gone.
pub fn resized(element: &web_sys::Element, told: impl Fn(f64) + 'static) {
    let callback = Closure::<dyn Fn(js_sys::Array)>::new(move |entries: js_sys::Array| {
        if let Ok(entry) = entries.get(0).dyn_into::<web_sys::ResizeObserverEntry>() {
            told(entry.content_rect().width());
        }
    });
    if let Ok(observer) = web_sys::ResizeObserver::new(callback.as_ref().unchecked_ref()) {
        observer.observe(element);
        let kept = StoredValue::new_local((observer, callback));
        on_cleanup(move || {
            let _ = kept.try_with_value(|(observer, _)| observer.disconnect());
        });
    }
}
