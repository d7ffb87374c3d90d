//! The engine in Web Workers: the page's side ([`pool`]) and the workers' side (`serve`).
//!
//! There are two kinds of workers, each a binary of its own: those that simulate ([`simulator`]), and one that reads and
//! writes files ([`files`]), which is loaded with the first file. What both sides say to each other stands in
//! [`messages`]. Everything that needs no browser is kept apart and tested natively: [`schedule`] decides which worker
//! gets which job, [`simulation`] and [`reading`] cut jobs into slices, so that a worker can look into its inbox between
//! them, [`decimate`] thins series out for drawing, [`questions`] are those of tests and benchmarks.

pub mod decimate;
pub mod files;
pub mod messages;
pub mod pool;
pub mod questions;
pub mod reading;
pub mod schedule;
pub mod simulation;
pub mod simulator;

mod blob;
mod pace;
mod serve;
mod wire;

/// Build that this code is part of. Page and worker talk only when theirs agree: a cached worker of an older
/// build, or one of a newer that was loaded later, would misread messages or, worse, answer with other numbers.
pub const BUILD_ID: &str = match option_env!("CACHEPLAN_BUILD_ID") {
    Some(id) => id,
    None => concat!("unversioned-", env!("CARGO_PKG_VERSION")),
};
