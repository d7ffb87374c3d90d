//! What an operator can set on a server: named defaults, bounds, units.

pub mod memcached;
pub mod redis;
