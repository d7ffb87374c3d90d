//! A `Blob` or `File` as a byte stream. Workers only: pages have no `FileReaderSync`.

use std::io::{Error, Read, Result};
use wasm_bindgen::JsValue;

/// Reads a blob from its start to its end, each read one slice of it.
pub(super) struct BlobReader {
    blob: web_sys::Blob,
    reader: web_sys::FileReaderSync,
    /// Bytes read so far.
    position: f64,
}

impl BlobReader {
    /// A reader at the blob's start.
    ///
    /// # Errors
    /// Where the browser has no `FileReaderSync`.
    pub(super) fn new(blob: web_sys::Blob) -> Result<Self> {
        Ok(Self {
            blob,
            reader: web_sys::FileReaderSync::new().map_err(|error| js_error(&error))?,
            position: 0.0,
        })
    }
}

impl Read for BlobReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let start = self.position;
        let end = (start + buffer.len() as f64).min(self.blob.size());
        if end <= start {
            return Ok(0);
        }
        let read = || {
            let slice = self.blob.slice_with_f64_and_f64(start, end)?;
            self.reader.read_as_array_buffer(&slice)
        };
        let bytes: JsValue = read().map_err(|error| js_error(&error))?.into();
        let bytes = js_sys::Uint8Array::new(&bytes);
        let count = bytes.length() as usize;
        let target = buffer
            .get_mut(..count)
            .ok_or_else(|| Error::other("the browser returned more bytes than asked for"))?;
        bytes.copy_to(target);
        self.position = start + count as f64;
        Ok(count)
    }
}

/// The whole content as text; bytes that are no UTF-8 become replacement characters.
pub(super) fn text(blob: &web_sys::Blob) -> Result<String> {
    let reader = web_sys::FileReaderSync::new().map_err(|error| js_error(&error))?;
    reader.read_as_text(blob).map_err(|error| js_error(&error))
}

/// `NotReadableError` and the like, in words.
fn js_error(error: &JsValue) -> Error {
    Error::other(format!(
        "the browser could not read the file, which may have been changed or moved ({})",
        super::wire::describe(error)
    ))
}
