//! What reads and writes files, inside a Web Worker.

use wasm_bindgen::JsValue;

fn main() -> Result<(), JsValue> {
    cacheplan::worker::files::start()
}
