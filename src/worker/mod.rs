//! The engine in Web Workers.
