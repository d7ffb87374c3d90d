//! Messages as JavaScript values; their form stands in [`messages`](super::messages).

use super::messages::{FromWorker, JobEvent, ToWorker};
use js_sys::{Array, Float64Array, JsString, Uint8Array};
use serde::{Serialize, de::DeserializeOwned};
use wasm_bindgen::{JsCast, JsValue};

/// A message on its way: the array, and what of it is handed over rather than copied.
pub(super) struct Outgoing {
    pub(super) array: Array,
    pub(super) transfer: Array,
}

/// What a worker sent.
pub(super) enum Incoming {
    Message(FromWorker),
    Event(JobEvent),
}

/// A message as text.
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

/// An event as bytes, with the columns that go beside it.
///
/// # Errors
/// When it cannot be encoded.
pub(super) fn pack_event(event: JobEvent) -> Result<Outgoing, String> {
    let (bytes, columns) = event.encode()?;
    let outgoing = Outgoing {
        array: Array::new(),
        transfer: Array::new(),
    };
    let bytes = Uint8Array::from(bytes.as_slice());
    outgoing.hand_over(&bytes, &bytes.buffer());
    for column in columns {
        let column = Float64Array::from(column.as_slice());
        outgoing.hand_over(&column, &column.buffer());
    }
    Ok(outgoing)
}

impl Outgoing {
    /// Attaches something that is copied, such as a `File`.
    pub(super) fn attach(&self, value: &JsValue) {
        self.array.push(value);
    }

    fn hand_over(&self, value: &JsValue, buffer: &JsValue) {
        self.array.push(value);
        self.transfer.push(buffer);
    }
}

/// What the page sent, and its attachment.
///
/// # Errors
/// When it is no message of this build.
pub(super) fn unpack_for_worker(data: &JsValue) -> Result<(ToWorker, JsValue), String> {
    let array = array(data)?;
    Ok((from_json(&array.get(0))?, array.get(1)))
}

/// What a worker sent.
///
/// # Errors
/// When it is no message of this build.
pub(super) fn unpack_for_page(data: &JsValue) -> Result<Incoming, String> {
    let array = array(data)?;
    let first = array.get(0);
    let Some(bytes) = first.dyn_ref::<Uint8Array>() else {
        return from_json(&first).map(Incoming::Message);
    };
    let columns = array
        .iter()
        .filter_map(|value| value.dyn_into::<Float64Array>().ok())
        .map(|column| column.to_vec())
        .collect();
    JobEvent::decode(&bytes.to_vec(), columns).map(Incoming::Event)
}

fn array(data: &JsValue) -> Result<&Array, String> {
    data.dyn_ref().ok_or_else(|| "a message is not an array".into())
}

fn from_json<M: DeserializeOwned>(text: &JsValue) -> Result<M, String> {
    let text = text.dyn_ref::<JsString>().ok_or("a message has no text")?;
    serde_json::from_str(&String::from(text)).map_err(|error| error.to_string())
}

/// An exception in words.
pub(super) fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{error:?}"),
    }
}
