//! The address bar and the clipboard. The text of a link is made and read by
//! [`cacheplan_engine::scenario::link`].

pub mod address;
pub mod clipboard;
mod throttle;

pub use throttle::Throttle;
