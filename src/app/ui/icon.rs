//! Line icons, 16 by 16, in the colour of the text around them.

use leptos::prelude::*;

/// Which icon: its path data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Glyph(&'static str);

impl Glyph {
    /// A curved arrow to the left.
    pub const UNDO: Self = Self("M6 3 2.5 6.5 6 10M3 6.5h6.5a4 4 0 0 1 0 8H6");
    /// A curved arrow to the right.
    pub const REDO: Self = Self("M10 3l3.5 3.5L10 10M13 6.5H6.5a4 4 0 0 0 0 8H10");
    /// A sun.
    pub const LIGHT: Self = Self(
        "M8 5a3 3 0 1 1 0 6 3 3 0 0 1 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M13 3l-1 1M4 12l-1 1",
    );
    /// A moon.
    pub const DARK: Self = Self("M13.5 9.8A6 6 0 0 1 6.2 2.5a6 6 0 1 0 7.3 7.3z");
    /// A screen.
    pub const SYSTEM: Self = Self("M2 3h12v8H2zM5.5 14h5M8 11v3");
    /// A pin.
    pub const PIN: Self = Self("M5.5 1.5h5l-.7 5 2.2 2.3H4l2.2-2.3zM8 8.8v5.7");
    /// An arrow out of a box.
    pub const SHARE: Self = Self("M8 10V1.8M4.8 4.8 8 1.6l3.2 3.2M3 8v6h10V8");
    /// A tray with an arrow into it.
    pub const OPEN: Self = Self("M8 1.8V10M4.8 6.8 8 10l3.2-3.2M3 10v4h10v-4");
    /// A cross.
    pub const CLOSE: Self = Self("M3.5 3.5l9 9M12.5 3.5l-9 9");
    /// A plus sign.
    pub const ADD: Self = Self("M8 3v10M3 8h10");
    /// Two sheets.
    pub const COPY: Self = Self("M5.5 5.5h8v8h-8zM10.5 5.5v-3h-8v8h3");
    /// A bin.
    pub const REMOVE: Self = Self("M2.5 4.5h11M6 4.5v-2h4v2M4 4.5l.7 9h6.6l.7-9");
    /// Three sliders.
    pub const EDIT: Self =
        Self("M2 4h6M12 4h2M2 12h2M8 12h6M8 4a2 2 0 1 0 4 0 2 2 0 0 0-4 0M4 12a2 2 0 1 0 4 0 2 2 0 0 0-4 0");
    /// An arrow down.
    pub const DOWN: Self = Self("M4 6.5l4 4 4-4");
    /// An i in a circle.
    pub const INFO: Self = Self("M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8M8 7.3v3.9M8 4.6v.4");
    /// A triangle with an exclamation mark.
    pub const WARNING: Self = Self("M8 2l6.5 11.5h-13zM8 6.5v3.3M8 11.6v.2");
}

/// An icon beside or in place of a text; hidden from assistive technology, which reads the control's name.
#[component]
pub fn Icon(glyph: Glyph) -> impl IntoView {
    view! {
        <svg class="icon" viewBox="0 0 16 16" aria-hidden="true" focusable="false">
            <path d=glyph.0 />
        </svg>
    }
}
