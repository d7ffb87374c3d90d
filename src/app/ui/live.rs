//! Closures of views behind pointers.
//!
//! Leptos compiles its machinery anew for every type of closure that it is given, a kilobyte each. Behind these
//! pointers all closures that yield the same type share it.

use leptos::attr::AttributeValue;
use leptos::attr::custom::{CustomAttr, custom_attribute};
use leptos::prelude::*;

/// Something that follows the signals it reads.
pub type Live<T> = Box<dyn FnMut() -> T + Send>;

/// What an event does.
pub type Handler<E> = Box<dyn FnMut(E)>;

/// An attribute, property or class that follows signals.
pub fn live<T>(value: impl FnMut() -> T + Send + 'static) -> Live<T> {
    Box::new(value)
}

/// An attribute by its name, to be spread: `{..attr("title", text)}`. The attributes that Leptos knows have a type each,
/// with a kilobyte of machinery for each type of value; these share that of their values.
pub fn attr<V: AttributeValue>(name: &'static str, value: V) -> CustomAttr<&'static str, V> {
    custom_attribute(name, value)
}

/// A part of the page that follows signals.
pub fn live_view<V: IntoAny>(mut view: impl FnMut() -> V + Send + 'static) -> Live<AnyView> {
    Box::new(move || view().into_any())
}

/// A part of the page that is there while a condition holds, made anew each time that it begins to.
pub fn shown<V: IntoAny>(
    when: impl Fn() -> bool + Send + Sync + 'static,
    view: impl Fn() -> V + Send + 'static,
) -> Live<AnyView> {
    let when = memo(when);
    live_view(move || {
        if when.get() {
            view().into_any()
        } else {
            ().into_any()
        }
    })
}

/// A value that is computed when the signals it reads change, and passed on when it differs.
pub fn memo<T: PartialEq + Send + Sync + 'static>(value: impl Fn() -> T + Send + Sync + 'static) -> Memo<T> {
    boxed_memo(Box::new(value))
}

fn boxed_memo<T: PartialEq + Send + Sync + 'static>(value: Box<dyn Fn() -> T + Send + Sync>) -> Memo<T> {
    Memo::new(move |_| value())
}

/// Something done at once, and again when the signals it reads change.
pub fn effect(act: impl FnMut() + 'static) {
    boxed_effect(Box::new(act));
}

fn boxed_effect(mut act: Box<dyn FnMut()>) {
    Effect::new(move |_| act());
}

/// What an event does.
pub fn on<E>(act: impl FnMut(E) + 'static) -> Handler<E> {
    Box::new(act)
}
