//! Bindings to uPlot 1.6, which `index.html` loads from the page's own origin as the global `uPlot`.

use js_sys::{Array, Object, Reflect};
use leptos::web_sys::HtmlElement;
use wasm_bindgen::prelude::*;

#[wasm_bindgen]
extern "C" {
    /// A chart.
    #[wasm_bindgen(js_name = uPlot)]
    #[derive(Clone)]
    pub type Plot;

    /// Draws a chart into `target`. Fails when the library was not loaded.
    #[wasm_bindgen(constructor, catch, js_class = "uPlot")]
    pub fn new(options: &JsValue, data: &JsValue, target: &HtmlElement) -> Result<Plot, JsValue>;

    /// Replaces the data and ranges the scales anew.
    #[wasm_bindgen(method, js_name = setData)]
    pub fn set_data(this: &Plot, data: &JsValue);

    /// Changes the size: `{ width, height }` in CSS pixels.
    #[wasm_bindgen(method, js_name = setSize)]
    pub fn set_size(this: &Plot, size: &JsValue);

    /// Moves the cursor to `{ left, top }` in CSS pixels of the plotting area, telling hooks or not.
    #[wasm_bindgen(method, js_name = setCursor)]
    pub fn set_cursor(this: &Plot, position: &JsValue, tell: bool);

    /// Position of a value on a scale, CSS pixels of the plotting area.
    #[wasm_bindgen(method, js_name = valToPos)]
    pub fn position(this: &Plot, value: f64, scale: &str) -> f64;

    /// Cursor state; its `idx` is the index of the value under it.
    #[wasm_bindgen(method, getter)]
    pub fn cursor(this: &Plot) -> JsValue;

    /// Element under the plotting area.
    #[wasm_bindgen(method, getter)]
    pub fn under(this: &Plot) -> HtmlElement;

    /// Removes the chart and its listeners.
    #[wasm_bindgen(method)]
    pub fn destroy(this: &Plot);
}

/// A JavaScript object of these properties.
pub fn object(properties: &[(&str, JsValue)]) -> JsValue {
    let object = Object::new();
    for (name, value) in properties {
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// A JavaScript array of these values.
pub fn array(values: impl IntoIterator<Item = JsValue>) -> JsValue {
    values.into_iter().collect::<Array>().into()
}

/// A column; NaN becomes a gap.
pub fn column(values: impl Iterator<Item = f64>) -> JsValue {
    array(values.map(|value| {
        if value.is_finite() {
            value.into()
        } else {
            JsValue::NULL
        }
    }))
}

/// A property, `undefined` when absent.
pub fn property(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}
