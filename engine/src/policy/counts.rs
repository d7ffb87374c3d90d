//! How often each key was asked for lately.
//!
//! Real caches estimate this with a count-min sketch, because they cannot afford a counter for every key that they are
//! ever asked for. Here keys are numbered densely, and a byte for each is less than a sketch of use would take; so the
//! counts are exact. When 32 requests were counted for each key that fits in the cache, all counts are halved, so that
//! the past fades.
//!
//! Source: Einziger, Friedman and Manes, "TinyLFU: a highly efficient cache admission policy", ACM TOS 13(4), 2017, for
//! the halving ("reset"); libCacheSim 0.3.5 for the 32. Caffeine halves after 10 and counts to 15.

use super::KeyId;

/// Requests counted for each key that fits, before the counts are halved.
const SAMPLE: u64 = 32;

/// Counts by key number, up to 255.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    counts: Vec<u8>,
    /// The most keys that fitted so far.
    keys: u64,
    /// Requests counted; those from before the counts were halved count half.
    counted: u64,
}

impl Counts {
    /// No counts, for keys below `keys`, and more if need be.
    pub(super) fn new(keys: u32) -> Self {
        Self {
            counts: vec![0; keys as usize],
            keys: 1,
            counted: 0,
        }
    }

    /// Notes that so many keys fit in the cache.
    #[inline(always)]
    pub(super) fn hold(&mut self, keys: usize) {
        self.keys = self.keys.max(keys as u64);
    }

    /// Counts a request.
    #[inline(always)]
    pub(super) fn count(&mut self, key: KeyId) {
        match self.counts.get_mut(key as usize) {
            Some(count) if *count == u8::MAX => return,
            Some(count) => *count += 1,
            None => {
                self.counts.resize(key as usize, 0);
                self.counts.push(1);
            }
        }
        self.counted += 1;
        if self.counted >= SAMPLE * self.keys {
            self.halve();
        }
    }

    /// How often the key was asked for lately.
    #[inline(always)]
    pub(super) fn of(&self, key: KeyId) -> u8 {
        self.counts.get(key as usize).copied().unwrap_or(0)
    }

    #[cold]
    fn halve(&mut self) {
        for count in &mut self.counts {
            *count /= 2;
        }
        self.counted /= 2;
    }
}
