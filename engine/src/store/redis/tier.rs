//! Data tiering: values that were not used for longest move to an SSD when memory is full
//! (`reference/aws/limits_and_metrics.md` section 9).
//!
//! Keys, tables and what is small stay in memory. A value that is read from the SSD comes back to memory, and others make
//! room for it. The server evicts when nothing more can move: the SSD is full, or memory is full of what stays there.

use crate::units::Bytes;

/// Smallest value that moves, from Valkey 8.1 on.
const LEAST: u32 = 40;

/// Largest value that moves.
const MOST: u32 = 128 << 20;

/// None.
const END: u32 = u32::MAX;

/// Where a key's value is.
#[derive(Clone, Copy)]
struct Place {
    /// Neighbours in the order of use, of values in memory.
    newer: u32,
    older: u32,
    /// Bytes that can move, of all keys that it stands for; 0 when there are none.
    bytes: u64,
    on_ssd: bool,
}

const NOWHERE: Place = Place {
    newer: END,
    older: END,
    bytes: 0,
    on_ssd: false,
};

/// Which values are on the SSD.
pub(super) struct Tier {
    memory: u64,
    ssd: u64,
    least: u32,
    places: Vec<Place>,
    newest: u32,
    oldest: u32,
    /// Bytes on the SSD, and bytes that are there or could be.
    on_ssd: u64,
    movable: u64,
}

impl Tier {
    /// With so much memory and so large an SSD, no value being there. `keeps_small` says whether small values stay in
    /// memory.
    pub(super) fn new(memory: Bytes, ssd: Bytes, keeps_small: bool) -> Self {
        Self {
            memory: memory.0,
            ssd: ssd.0,
            least: if keeps_small { LEAST } else { 1 },
            places: Vec::new(),
            newest: END,
            oldest: END,
            on_ssd: 0,
            movable: 0,
        }
    }

    /// Bytes on the SSD.
    pub(super) fn on_ssd(&self) -> Bytes {
        Bytes(self.on_ssd)
    }

    /// Bytes that all can take together: memory, and as much of the SSD as there are values for.
    pub(super) fn limit(&self) -> u64 {
        self.memory + self.movable.min(self.ssd)
    }

    /// Memory and SSD.
    pub(super) fn capacity(&self) -> Bytes {
        Bytes(self.memory + self.ssd)
    }

    /// A value of so many bytes is written, in memory, for so many keys.
    pub(super) fn put(&mut self, key: u32, bytes: u32, keys: u32) {
        self.take(key);
        if !(self.least..=MOST).contains(&bytes) {
            return;
        }
        let at = key as usize;
        if at >= self.places.len() {
            self.places.resize(at + 1, NOWHERE);
        }
        let bytes = u64::from(bytes) * u64::from(keys);
        self.movable += bytes;
        self.link(key, bytes);
    }

    /// A value is gone.
    pub(super) fn take(&mut self, key: u32) {
        let Some(&place) = self.places.get(key as usize) else {
            return;
        };
        if place.on_ssd {
            self.on_ssd -= place.bytes;
        } else if place.bytes > 0 {
            self.unlink(place);
        }
        self.movable -= place.bytes;
        self.set(key, |place| *place = NOWHERE);
    }

    /// A value is used; true when it was on the SSD, from which it comes back.
    pub(super) fn touch(&mut self, key: u32) -> bool {
        let Some(&place) = self.places.get(key as usize) else {
            return false;
        };
        if place.bytes == 0 {
            return false;
        }
        if place.on_ssd {
            self.on_ssd -= place.bytes;
        } else {
            self.unlink(place);
        }
        self.link(key, place.bytes);
        place.on_ssd
    }

    /// Moves values until memory has room, of which so much is in use in both places together.
    pub(super) fn settle(&mut self, used: u64) {
        while used - self.on_ssd.min(used) > self.memory {
            let oldest = self.oldest;
            let Some(&place) = self.places.get(oldest as usize) else {
                return;
            };
            if self.on_ssd + place.bytes > self.ssd {
                return;
            }
            self.unlink(place);
            self.on_ssd += place.bytes;
            self.set(oldest, |place| place.on_ssd = true);
        }
    }

    fn set(&mut self, key: u32, change: impl FnOnce(&mut Place)) {
        if let Some(place) = self.places.get_mut(key as usize) {
            change(place);
        }
    }

    /// Puts a value in as the newest in memory.
    fn link(&mut self, key: u32, bytes: u64) {
        let second = core::mem::replace(&mut self.newest, key);
        self.set(second, |place| place.newer = key);
        self.set(key, |place| {
            *place = Place {
                newer: END,
                older: second,
                bytes,
                on_ssd: false,
            };
        });
        if self.oldest == END {
            self.oldest = key;
        }
    }

    /// Takes what is at a place out of the order.
    fn unlink(&mut self, Place { newer, older, .. }: Place) {
        match newer {
            END => self.newest = older,
            newer => self.set(newer, |place| place.older = older),
        }
        match older {
            END => self.oldest = newer,
            older => self.set(older, |place| place.newer = newer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Three values of 100 bytes and memory for two of them, of which nothing else is taken.
    fn three(ssd: u64) -> Tier {
        let mut tier = Tier::new(Bytes(200), Bytes(ssd), true);
        for (key, used) in [(0, 100), (1, 200), (2, 300)] {
            tier.put(key, 100, 1);
            tier.settle(used);
        }
        tier
    }

    #[test]
    fn the_value_unused_for_longest_moves_and_comes_back_when_it_is_read() {
        let mut tier = three(1_000);
        assert_eq!((tier.on_ssd(), tier.limit()), (Bytes(100), 500));
        assert!(!tier.touch(1), "in memory");
        assert!(tier.touch(0), "the first one moved");
        tier.settle(300);
        assert!(tier.touch(2), "2 was not used since it was written");
        tier.settle(300);
        assert!(!tier.touch(0) && tier.touch(1));
    }

    #[test]
    fn what_is_gone_or_written_again_takes_no_ssd() {
        let mut tier = three(1_000);
        tier.put(0, 150, 1);
        assert_eq!((tier.on_ssd(), tier.limit()), (Bytes(0), 550));
        tier.settle(350);
        assert_eq!(tier.on_ssd(), Bytes(200), "150 bytes too many move two values");
        for key in 0..3 {
            tier.take(key);
            tier.take(key);
        }
        assert_eq!((tier.on_ssd(), tier.limit()), (Bytes(0), 200));
        assert_eq!((tier.newest, tier.oldest), (END, END));
    }

    #[test]
    fn a_full_ssd_takes_no_more_and_small_values_stay() {
        let mut tier = three(100);
        tier.put(3, 100, 1);
        tier.settle(400);
        assert_eq!((tier.on_ssd(), tier.limit()), (Bytes(100), 300));
        let mut small = Tier::new(Bytes(10), Bytes(1_000), true);
        small.put(0, 39, 1);
        small.settle(39);
        assert_eq!((small.on_ssd(), small.limit()), (Bytes(0), 10));
        let mut older = Tier::new(Bytes(10), Bytes(1_000), false);
        older.put(0, 39, 2);
        older.settle(78);
        assert_eq!(older.on_ssd(), Bytes(78));
    }
}
