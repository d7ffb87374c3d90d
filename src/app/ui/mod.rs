//! Small components without knowledge of any page.

mod bubble;
mod icon;
mod live;
mod media;
mod popover;

pub use bubble::Bubble;
pub use icon::{Glyph, Icon};
pub use live::{Handler, Live, attr, effect, live, live_view, memo, on, shown};
pub use media::{media, resized};
pub use popover::Popover;
