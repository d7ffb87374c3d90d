//! Messages as JavaScript values; their form stands in [`messages`](super::messages).

use js_sys::{Array, Float64Array, JsString};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};

/// A message on its way: the array and what of it is handed over rather than copied.
pub(super) struct Outgoing {
    pub(super) array: Array,
    pub(super) transfer: Array,
}

/// A message without attachments.
///
/// # Errors
/// When it cannot be written as JSON.
pub(super) fn pack(message: &impl Serialize) -> Result<Outgoing, String> {
    let json = serde_json::to_string(message).map_err(|error| error.to_string())?;
    Ok(Outgoing {
        array: Array::of1(&JsValue::from_str(&json)),
        transfer: Array::new(),
    })
}

impl Outgoing {
    /// Attaches something that is copied, such as a `File`.
    pub(super) fn attach(&self, value: &JsValue) {
        self.array.push(value);
    }

    /// Attaches columns, each handed over as a `Float64Array`.
    pub(super) fn attach_columns(&self, columns: &[Vec<f64>]) {
        for column in columns {
            let array = Float64Array::from(column.as_slice());
            self.transfer.push(&array.buffer());
            self.array.push(&array);
        }
    }
}

/// A message that arrived, and its attachments.
///
/// # Errors
/// When it is no message of this build.
pub(super) fn unpack<M: DeserializeOwned>(data: &JsValue) -> Result<(M, Array), String> {
    let array: &Array = data.dyn_ref().ok_or("a message is not an array")?;
    let json = array
        .get(0)
        .dyn_into::<JsString>()
        .map_err(|_| "a message has no text")?;
    let message = serde_json::from_str(&String::from(json)).map_err(|error| error.to_string())?;
    Ok((message, array.slice(1, array.length())))
}

/// Columns that arrived as attachments.
pub(super) fn columns(attachments: &Array) -> Vec<Vec<f64>> {
    attachments
        .iter()
        .filter_map(|value| value.dyn_into::<Float64Array>().ok())
        .map(|array| array.to_vec())
        .collect()
}

/// An exception in words.
pub(super) fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{error:?}"),
    }
}
