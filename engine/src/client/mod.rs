//! What the application remembers between requests: rebuilds under way, near copies, failures in a row.

mod breaker;
mod flights;
mod near;

pub(crate) use breaker::Breaker;
pub(crate) use flights::{Flight, Flights};
pub(crate) use near::NearCaches;
