//! Streams of the browser as streams of Rust and back: what `server_fn` asks of `wasm-streams` 0.5.
//!
//! `Cargo.toml` of the workspace puts this in the place of that crate. The original exports three classes to JavaScript;
//! exports are never dropped, so that the page carried them, and the promises behind them, without ever using a
//! stream. What is here is dropped with the server functions that nobody calls.

use futures_util::stream::{self, Stream, StreamExt};
use js_sys::{Object, Reflect};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

/// A stream that JavaScript reads from or offers to read.
#[derive(Debug)]
pub struct ReadableStream(web_sys::ReadableStream);

impl ReadableStream {
    /// A stream of the browser.
    pub fn from_raw(raw: web_sys::ReadableStream) -> Self {
        Self(raw)
    }

    /// The stream of the browser.
    pub fn into_raw(self) -> web_sys::ReadableStream {
        self.0
    }

    /// A stream of the browser that yields what `values` does, and fails where these do.
    pub fn from_stream(values: impl Stream<Item = Result<JsValue, JsValue>> + 'static) -> Self {
        let values = Rc::new(RefCell::new(Box::pin(values)));
        let pull = move |controller: web_sys::ReadableStreamDefaultController| {
            let values = Rc::clone(&values);
            future_to_promise(async move {
                // The browser pulls again only when the promise is kept.
                let mut values = values.try_borrow_mut().map_err(|_| JsValue::NULL)?;
                match values.next().await {
                    Some(value) => controller.enqueue_with_chunk(&value?)?,
                    None => controller.close()?,
                }
                Ok(JsValue::UNDEFINED)
            })
        };
        let pull = Closure::<dyn FnMut(web_sys::ReadableStreamDefaultController) -> js_sys::Promise>::new(pull);
        let source = Object::new();
        // Setting a property of a fresh plain object cannot fail.
        let _ = Reflect::set(&source, &"pull".into(), &pull.into_js_value());
        let stream = web_sys::ReadableStream::new_with_underlying_source(&source);
        Self(stream.unwrap_or_else(|error| error.unchecked_into()))
    }

    /// What the stream of the browser yields, to its end or first error.
    pub fn into_stream(self) -> impl Stream<Item = Result<JsValue, JsValue>> {
        let reader: web_sys::ReadableStreamDefaultReader = self.0.get_reader().unchecked_into();
        stream::unfold(Some(reader), |reader| async {
            let reader = reader?;
            match JsFuture::from(reader.read()).await {
                Ok(chunk) => {
                    let done = Reflect::get(&chunk, &"done".into()).is_ok_and(|done| done.is_truthy());
                    let value = Reflect::get(&chunk, &"value".into());
                    (!done).then_some((value, Some(reader)))
                }
                Err(error) => Some((Err(error), None)),
            }
        })
    }
}
