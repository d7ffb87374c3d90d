//! What an item costs: its bytes, and the chunks that hold them.

use super::slabs::Slabs;

/// `sizeof(item)`, before CAS number, key, flags and value (`memcached.h`).
const HEADER: u64 = 48;
/// `sizeof(item_chunk)`, at the start of each further chunk of a large item (`memcached.h`).
const CHUNK_HEADER: u64 = 48;
/// The CAS number.
const CAS: u64 = 8;
/// Key's terminating zero, and the carriage return and line feed that the value is stored with.
const ENDS: u64 = 1 + 2;
/// Longest key (`memcached.h`, `KEY_MAX_LENGTH`).
pub(super) const MAX_KEY: u32 = 250;

/// Bytes of an item without client flags (`ntotal`, section 6.1).
pub(super) fn bytes(key_bytes: u32, value_bytes: u32, cas: bool) -> u64 {
    HEADER + if cas { CAS } else { 0 } + u64::from(key_bytes) + u64::from(value_bytes) + ENDS
}

/// Chunks that hold an item larger than the largest chunk (`items.c`, `do_item_alloc`, `do_item_alloc_chunk`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chain {
    /// Class of the chunk with header and key.
    pub(super) head: usize,
    /// Chunks of the largest class.
    pub(super) full: u32,
    /// Class of the last chunk, which is no larger than what is left; 0 when nothing is left.
    pub(super) last: usize,
}

impl Chain {
    /// The chain of an item of so many bytes, of which `value_bytes` are value.
    pub(super) fn of(bytes: u64, value_bytes: u32, slabs: &Slabs) -> Self {
        // Carriage return and line feed travel with the value.
        let value = u64::from(value_bytes) + 2;
        let head = bytes - value + CHUNK_HEADER;
        let room = slabs.max_chunk() - CHUNK_HEADER;
        let left = value % room;
        Self {
            head: slabs.class_of(head),
            full: (value / room) as u32,
            last: if left == 0 {
                0
            } else {
                slabs.class_of(left + CHUNK_HEADER)
            },
        }
    }
}
