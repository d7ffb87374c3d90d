//! Where a key's state lies: an array by key number instead of a hash table.
//!
//! The calls of a request are inlined by force, here and in the policies: the optimiser sees each used in several
//! replays and in the cluster simulation, and would otherwise leave calls in loops of a few nanoseconds a round.

use super::KeyId;

/// Marks a key that has no place.
const NOWHERE: u32 = u32::MAX;

/// Places of the resident keys, 4 bytes for every key number whether resident or not.
#[derive(Clone, Debug)]
pub(super) struct Index(Vec<u32>);

impl Index {
    /// An empty index that holds keys below `keys` without growing.
    pub(super) fn new(keys: u32) -> Self {
        Self(vec![NOWHERE; keys as usize])
    }

    /// The key's place; `None` if it has none.
    #[inline(always)]
    pub(super) fn get(&self, key: KeyId) -> Option<u32> {
        self.0
            .get(key as usize)
            .copied()
            .filter(|&place| place != NOWHERE)
    }

    /// The key's entry whatever it says, to have it read early.
    #[inline(always)]
    pub(super) fn peek(&self, key: KeyId) -> u32 {
        self.0.get(key as usize).copied().unwrap_or(NOWHERE)
    }

    /// Gives the key a place below `u32::MAX`, in exchange for the one it may have.
    #[inline(always)]
    pub(super) fn set(&mut self, key: KeyId, place: u32) {
        match self.0.get_mut(key as usize) {
            Some(entry) => *entry = place,
            None => self.set_beyond(key, place),
        }
    }

    #[cold]
    fn set_beyond(&mut self, key: KeyId, place: u32) {
        self.0.resize(key as usize, NOWHERE);
        self.0.push(place);
    }

    /// Takes the key's place away and returns it.
    #[inline(always)]
    pub(super) fn take(&mut self, key: KeyId) -> Option<u32> {
        let place = self.0.get_mut(key as usize)?;
        let old = std::mem::replace(place, NOWHERE);
        (old != NOWHERE).then_some(old)
    }
}

/// An [`Index`] with a mark of `BITS` bits beside each place, in the same 4 bytes, so that a hit that only leaves a
/// mark touches nothing else. Places are below 2^(32 - `BITS`) - 1: with the four bits that the richest policy takes,
/// 268 million keys in one cache.
#[derive(Clone, Debug)]
pub(super) struct MarkedIndex<const BITS: u32>(Index);

impl<const BITS: u32> MarkedIndex<BITS> {
    const SHIFT: u32 = u32::BITS - BITS;
    const PLACE: u32 = u32::MAX >> BITS;

    /// An empty index that holds keys below `keys` without growing.
    pub(super) fn new(keys: u32) -> Self {
        Self(Index::new(keys))
    }

    /// The key's place and mark; `None` if it has no place.
    #[inline(always)]
    pub(super) fn get(&self, key: KeyId) -> Option<(u32, u32)> {
        self.0
            .get(key)
            .map(|entry| (entry & Self::PLACE, entry >> Self::SHIFT))
    }

    /// The key's entry whatever it says, to have it read early.
    #[inline(always)]
    pub(super) fn peek(&self, key: KeyId) -> u32 {
        self.0.peek(key)
    }

    /// Gives the key a place and a mark, in exchange for those that it may have.
    #[inline(always)]
    pub(super) fn set(&mut self, key: KeyId, place: u32, mark: u32) {
        self.0.set(key, place | mark << Self::SHIFT);
    }

    /// Takes the key's place and mark away and returns them.
    #[inline(always)]
    pub(super) fn take(&mut self, key: KeyId) -> Option<(u32, u32)> {
        self.0
            .take(key)
            .map(|entry| (entry & Self::PLACE, entry >> Self::SHIFT))
    }
}
