//! Hyperbolic caching.
//!
//! A key's priority is its uses since it was stored, divided by the time since then: the rate at which it is wanted.
//! To make room, 64 resident keys are drawn at random, and the one with the lowest priority goes. Priorities fall as
//! time passes, so they are computed when keys are compared and never stored.
//!
//! Source: Blankstein, Sen and Freedman, "Hyperbolic caching: flexible caching for web applications", USENIX ATC 2017,
//! with 64 samples and without costs and sizes. Time is simulated time; in a replay, the number of the request.
//!
//! Reference: libCacheSim 0.3.5 `Hyperbolic`. Samples here are exactly uniform, with replacement; there, a bucket of
//! the hash table is drawn by the low bits of a linear congruential generator, which are not random, and only the
//! first key of its chain is seen.

use super::index::Index;
use super::{Access, KeyId, Policy, Setup};
use crate::random::Stream;

/// Name of the random stream that draws the samples.
const SAMPLES: u64 = 0x6879_7065_7262;

/// Keys that are compared for each that goes.
const SAMPLED: usize = 64;

#[derive(Clone, Copy, Debug)]
struct Resident {
    since: u64,
    key: KeyId,
    uses: u32,
}

/// Lowest rate of use among samples.
#[derive(Clone, Debug)]
pub struct Hyperbolic {
    index: Index,
    residents: Vec<Resident>,
    stream: Stream,
    drawn: [u32; SAMPLED],
}

impl Hyperbolic {
    /// Draws places. Half of a draw's bits are enough for each: the bias, under n / 2^32, is not observable.
    #[inline(always)]
    fn draw(&mut self) {
        let residents = self.residents.len() as u64;
        for pair in self.drawn.chunks_mut(2) {
            let bits = self.stream.bits();
            for (place, half) in pair.iter_mut().zip([bits >> 32, bits & u64::from(u32::MAX)]) {
                *place = ((half * residents) >> 32) as u32;
            }
        }
    }

    /// Moves the last key to a place whose key has left the index.
    #[inline(always)]
    fn close_gap(&mut self, place: u32) {
        self.residents.swap_remove(place as usize);
        if let Some(moved) = self.residents.get(place as usize) {
            self.index.set(moved.key, place);
        }
    }
}

impl Policy for Hyperbolic {
    fn new(setup: Setup) -> Self {
        Self {
            index: Index::new(setup.keys),
            residents: Vec::new(),
            stream: Stream::new(setup.seed, SAMPLES),
            drawn: [0; SAMPLED],
        }
    }

    #[inline(always)]
    fn touch(&mut self, access: Access) -> bool {
        let Some(place) = self.index.get(access.key) else {
            return false;
        };
        let uses = &mut self.residents[place as usize].uses;
        *uses = uses.saturating_add(1);
        true
    }

    #[inline(always)]
    fn insert(&mut self, access: Access) {
        let place = self.residents.len();
        if place == self.residents.capacity() {
            self.residents.reserve_exact(place / 8 + 8);
        }
        self.index.set(access.key, place as u32);
        self.residents.push(Resident {
            since: access.now.0,
            key: access.key,
            uses: 1,
        });
    }

    #[inline(always)]
    fn evict(&mut self, incoming: Access) -> Option<KeyId> {
        self.draw();
        let mut lowest = 0;
        // The lowest of uses / age, as two factors: a / b < c / d where a d < c b.
        let (mut uses, mut age) = (f64::INFINITY, 1.0);
        for &place in &self.drawn {
            let sample = self.residents.get(place as usize)?;
            let sample_age = incoming.now.0.saturating_sub(sample.since) as f64;
            let sample_uses = f64::from(sample.uses);
            if sample_uses * age < uses * sample_age {
                (lowest, uses, age) = (place, sample_uses, sample_age);
            }
        }
        let key = self.residents.get(lowest as usize)?.key;
        self.index.take(key);
        self.close_gap(lowest);
        Some(key)
    }

    fn remove(&mut self, key: KeyId) -> bool {
        let Some(place) = self.index.take(key) else {
            return false;
        };
        self.close_gap(place);
        true
    }

    #[inline(always)]
    fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some()
    }

    #[inline(always)]
    fn look_ahead(&self, key: KeyId) -> u32 {
        self.index.peek(key)
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.residents.len()
    }
}
