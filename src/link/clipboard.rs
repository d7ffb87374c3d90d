//! The clipboard.

use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// Puts text on the clipboard. To be called from a click or key press, which browsers ask for.
///
/// # Errors
/// Says why it did not work.
pub async fn copy(text: &str) -> Result<(), &'static str> {
    let window = web_sys::window().ok_or("there is no window")?;
    let clipboard = window.navigator().clipboard();
    // Pages that did not come over HTTPS or from this machine have none.
    if JsValue::from(&clipboard).is_undefined() {
        return Err("the browser offers no clipboard to pages that do not come over HTTPS");
    }
    JsFuture::from(clipboard.write_text(text))
        .await
        .map(|_| ())
        .map_err(|_| "the browser did not allow it")
}
