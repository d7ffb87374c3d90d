//! What a node knows of a key.

use super::{Cause, Micros, NEVER};

/// Bits of a stamp: the server's, too, have so many.
const STAMP_BITS: u32 = 24;
const STAMP: u64 = (1 << STAMP_BITS) - 1;
/// Millisecond of keys without TTL: in 34 years, past all others.
const WITHOUT_TTL: u64 = u64::MAX >> STAMP_BITS;

/// A key: as small as can be, as there are many in which every request looks for one, and all in one line of the
/// processor's cache.
#[derive(Clone, Copy)]
#[repr(align(16))]
pub(super) struct Entry {
    /// The millisecond in which it expires, more precisely than which the server does not compare, above the stamp: its
    /// recency or frequency.
    times: u64,
    /// Bytes of one item; when not resident, what became of it last.
    pub(super) item_bytes: u32,
    /// Keys that it stands for; 0 when not resident.
    pub(super) keys: u32,
}

/// A key that was never resident.
pub(super) const ABSENT: Entry = Entry::absent(Cause::Cold);

impl Entry {
    pub(super) fn new(expires: Micros, stamp: u32, item_bytes: u32, keys: u32) -> Self {
        let mut entry = Self {
            times: 0,
            item_bytes,
            keys,
        };
        entry.set_expires(expires);
        entry.set_stamp(stamp);
        entry
    }

    /// That of a key that is not resident, of which this became last.
    pub(super) const fn absent(fate: Cause) -> Self {
        Self {
            times: WITHOUT_TTL << STAMP_BITS,
            item_bytes: fate as u32,
            keys: 0,
        }
    }

    /// What became of a key that is not resident.
    pub(super) fn fate(self) -> Cause {
        [Cause::Evicted, Cause::Expired]
            .into_iter()
            .find(|fate| *fate as u32 == self.item_bytes)
            .unwrap_or(Cause::Cold)
    }

    pub(super) fn is_resident(self) -> bool {
        self.keys > 0
    }

    pub(super) fn has_ttl(self) -> bool {
        self.expires_ms() != WITHOUT_TTL
    }

    /// The millisecond in which it expires.
    pub(super) fn expires_ms(self) -> u64 {
        self.times >> STAMP_BITS
    }

    /// When it expires, to the millisecond.
    pub(super) fn expires(self) -> Micros {
        if self.has_ttl() {
            Micros(self.expires_ms() * 1_000)
        } else {
            NEVER
        }
    }

    /// Whether it is past the millisecond in which it expires.
    pub(super) fn has_expired(self, now: Micros) -> bool {
        now.0 >= (self.expires_ms() + 1) * 1_000
    }

    pub(super) fn set_expires(&mut self, expires: Micros) {
        let ms = if expires == NEVER {
            WITHOUT_TTL
        } else {
            (expires.0 / 1_000).min(WITHOUT_TTL - 1)
        };
        self.times = ms << STAMP_BITS | self.times & STAMP;
    }

    pub(super) fn stamp(self) -> u32 {
        (self.times & STAMP) as u32
    }

    pub(super) fn set_stamp(&mut self, stamp: u32) {
        self.times = self.times & !STAMP | u64::from(stamp) & STAMP;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_and_expiry_times_leave_each_other_alone() {
        for expires in [Micros(0), Micros(7_999), Micros(u64::MAX - 1), NEVER] {
            let mut entry = Entry::new(expires, 0xAB_CDEF, 1, 1);
            assert_eq!((entry.stamp(), entry.has_ttl()), (0xAB_CDEF, expires != NEVER));
            entry.set_stamp(0x12_3456);
            entry.set_expires(Micros(5_000));
            assert_eq!((entry.stamp(), entry.expires()), (0x12_3456, Micros(5_000)));
        }
    }

    #[test]
    fn expiry_is_in_milliseconds() {
        let entry = Entry::new(Micros(50_000), 0, 1, 1);
        assert!(!entry.has_expired(Micros(50_999)) && entry.has_expired(Micros(51_000)));
        assert!(!Entry::new(NEVER, 0, 1, 1).has_expired(Micros(1 << 49)));
    }
}
