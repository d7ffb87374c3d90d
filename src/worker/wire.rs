//! Messages as JavaScript values; their form stands in [`messages`](super::messages).

use super::messages::{FromWorker, ToWorker};
use js_sys::{Array, Float64Array, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

/// A message on its way: the array, and what of it is handed over rather than copied.
#[derive(Default)]
pub(super) struct Outgoing {
    pub(super) array: Array,
    pub(super) transfer: Array,
}

impl Outgoing {
    /// Attaches something that is copied, such as a `File`, of which that is no more than a name.
    pub(super) fn attach(&self, value: &JsValue) {
        self.array.push(value);
    }

    fn hand_over(&self, value: &JsValue, buffer: &JsValue) {
        self.array.push(value);
        self.transfer.push(buffer);
    }
}

/// A message to a worker.
///
/// # Errors
/// When it cannot be encoded.
pub(super) fn pack_for_worker(message: &ToWorker) -> Result<Outgoing, String> {
    let bytes = postcard::to_allocvec(message).map_err(|error| error.to_string())?;
    let outgoing = Outgoing::default();
    outgoing.attach(&Uint8Array::from(bytes.as_slice()));
    Ok(outgoing)
}

/// A message to the page, with the columns that go beside it.
///
/// # Errors
/// When it cannot be encoded.
pub(super) fn pack(message: FromWorker) -> Result<Outgoing, String> {
    let (bytes, columns) = message.encode()?;
    let outgoing = Outgoing::default();
    let bytes = Uint8Array::from(bytes.as_slice());
    outgoing.hand_over(&bytes, &bytes.buffer());
    for column in columns {
        let column = Float64Array::from(column.as_slice());
        outgoing.hand_over(&column, &column.buffer());
    }
    Ok(outgoing)
}

/// What the page sent.
///
/// # Errors
/// When it is no message of this build.
pub(super) fn unpack_in_worker(bytes: &Uint8Array) -> Result<ToWorker, String> {
    postcard::from_bytes(&bytes.to_vec()).map_err(|error| error.to_string())
}

/// What a worker sent, and what is attached to it; undefined when nothing is.
///
/// # Errors
/// When it is no message of this build.
pub(super) fn unpack(data: &JsValue) -> Result<(FromWorker, JsValue), String> {
    let array = array(data)?;
    let bytes = array
        .get(0)
        .dyn_into::<Uint8Array>()
        .map_err(|_| "a message has no bytes")?;
    let columns = array
        .iter()
        .filter_map(|value| value.dyn_into::<Float64Array>().ok())
        .map(|column| column.to_vec())
        .collect();
    let message = FromWorker::decode(&bytes.to_vec(), columns)?;
    Ok((message, array.get(1)))
}

/// A message's parts.
///
/// # Errors
/// When it is no message.
pub(super) fn array(data: &JsValue) -> Result<&Array, String> {
    data.dyn_ref().ok_or_else(|| "a message is not an array".into())
}

/// An exception in words.
pub(super) fn describe(error: &JsValue) -> String {
    match error.dyn_ref::<js_sys::Error>() {
        Some(error) => String::from(error.to_string()),
        None => format!("{error:?}"),
    }
}
