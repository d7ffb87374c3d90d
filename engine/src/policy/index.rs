//! Where a key's state lies: an array by key number instead of a hash table.

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
    #[inline]
    pub(super) fn get(&self, key: KeyId) -> Option<u32> {
        self.0
            .get(key as usize)
            .copied()
            .filter(|&place| place != NOWHERE)
    }

    /// Gives the key a place below `u32::MAX`, in exchange for the one it may have.
    #[inline]
    pub(super) fn set(&mut self, key: KeyId, place: u32) {
        let at = key as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, NOWHERE);
        }
        self.0[at] = place;
    }

    /// Takes the key's place away and returns it.
    #[inline]
    pub(super) fn take(&mut self, key: KeyId) -> Option<u32> {
        let place = self.0.get_mut(key as usize)?;
        let old = std::mem::replace(place, NOWHERE);
        (old != NOWHERE).then_some(old)
    }
}
