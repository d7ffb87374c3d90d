//! Small components without knowledge of any page.

mod bubble;
mod icon;
mod media;
mod popover;

pub use bubble::Bubble;
pub use icon::{Glyph, Icon};
pub use media::{media, resized};
pub use popover::Popover;
