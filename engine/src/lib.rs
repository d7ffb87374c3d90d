//! The Cacheplan simulator: a whole cache cluster as a pure function of a [`Scenario`](scenario::Scenario).
//!
//! The crate knows no browser, no operating system, no wall clock, no threads and no files. The same
//! scenario, seed and engine version give the same [`Report`](report::Report), bit for bit, natively and
//! as WebAssembly; transcendental functions therefore come from `libm` and random numbers from an
//! explicitly seeded xoshiro256++.
//!
//! ```
//! use cacheplan_engine::{report::Report, scenario::Scenario, sim::Sim};
//!
//! let mut scenario = Scenario::default();
//! scenario.run.request_budget = 50_000;
//! let plan = scenario.plan().expect("the default scenario is valid");
//! let mut sim = Sim::new(plan, None).expect("a synthetic workload needs no trace");
//! while !sim.advance(10_000).complete {}
//! assert!(Report::of(&sim).summary.hit_ratio() > 0.0);
//! ```
//!
//! Modules form floors, each importing only lower ones: `units`, `random`, `histogram`, `order`, `places` < `quantity`,
//! `policy`, `queue`, `catalog` < `cluster` < `scenario` < `workload`, `store`, `database`, `client`, `timeline` < `sim` <
//! `cost` < `report`.
//! `tests/walls.rs` keeps them.
//!
//! Functions marked `#[inline(never)]` have long loops, or are called from such, among much that runs once. Browsers compile
//! a function of WebAssembly anew, with all that was inlined into it, when a loop in it has run long, which takes the longer
//! the larger it is: with the building of a run and of a report in one function each, more than half a second. Others keep
//! what is done seldom, or by few scenarios, out of functions that every request goes through.

pub mod catalog;
mod client;
pub mod cluster;
pub mod cost;
pub mod database;
pub mod histogram;
mod order;
mod places;
pub mod policy;
pub mod quantity;
pub mod queue;
pub mod random;
pub mod report;
pub mod scenario;
pub mod sim;
pub mod store;
mod timeline;
pub mod units;
pub mod workload;

/// The engine's version. Two reports of one scenario are comparable bit for bit when their versions agree.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
