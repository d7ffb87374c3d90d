//! The engine in Web Workers: the page's side ([`pool`]) and the worker's side ([`serve`]).
//!
//! What both sides say to each other stands in [`messages`]. Everything that needs no browser is kept apart
//! and tested natively: [`schedule`] decides which worker gets which job, [`task`] cuts a job into slices,
//! [`decimate`] thins series out for drawing.

pub mod decimate;
pub mod messages;
pub mod pool;
pub mod schedule;
pub mod serve;
pub mod task;

mod blob;
mod wire;

/// Build that this code is part of. Page and worker talk only when theirs agree: a cached worker of an older
/// build would misread messages or, worse, answer with other numbers.
pub const BUILD_ID: &str = match option_env!("CACHEPLAN_BUILD_ID") {
    Some(id) => id,
    None => concat!("unversioned-", env!("CARGO_PKG_VERSION")),
};
