//! What the application remembers between requests: rebuilds under way, near copies, failures in a row, connections in use.

mod breaker;
mod flights;
mod near;
mod pool;

pub(crate) use breaker::Breaker;
pub(crate) use flights::{Flight, Flights};
pub(crate) use near::NearCaches;
pub(crate) use pool::Pools;
