//! Recorded traces, interned to dense key numbers.

/// A recorded trace in memory.
pub struct Trace;
impl Trace {
    /// Hash of its content.
    pub fn fingerprint(&self) -> u64 {
        0
    }
}
