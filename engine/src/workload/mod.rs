//! Streams of requests: synthetic generators, trace readers.
pub mod trace;
