//! The engine inside a Web Worker.

use wasm_bindgen::JsValue;

fn main() -> Result<(), JsValue> {
    cacheplan::worker::simulator::start()
}
