//! `Blob`s and `File`s as byte streams. Workers only: pages have no `FileReaderSync`.

use js_sys::{Array, Uint8Array};
use std::io::{Error, Read, Result, Write};
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
        let bytes = Uint8Array::new(&bytes);
        let count = bytes.length() as usize;
        let target = buffer
            .get_mut(..count)
            .ok_or_else(|| Error::other("the browser returned more bytes than asked for"))?;
        bytes.copy_to(target);
        self.position = start + count as f64;
        Ok(count)
    }
}

/// Collects what is written in a blob. Each write becomes a blob of its own at once, so that the memory of this worker
/// holds no more than that.
#[derive(Default)]
pub(super) struct BlobWriter {
    parts: Array,
}

impl BlobWriter {
    /// All that was written.
    ///
    /// # Errors
    /// When the browser has no room for it.
    pub(super) fn finish(self) -> Result<web_sys::Blob> {
        web_sys::Blob::new_with_blob_sequence(&self.parts).map_err(|error| no_room(&error))
    }
}

impl Write for BlobWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<usize> {
        let part = Array::of1(&Uint8Array::from(bytes));
        let part = web_sys::Blob::new_with_u8_array_sequence(&part).map_err(|error| no_room(&error))?;
        self.parts.push(&part);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<()> {
        Ok(())
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

/// The browser could not keep the bytes.
fn no_room(error: &JsValue) -> Error {
    Error::other(format!(
        "the browser has no room for the trace ({})",
        super::wire::describe(error)
    ))
}
