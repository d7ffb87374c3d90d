//! A binary heap of resident keys that finds each key's entry.
//!
//! Entries of equal rank keep to the order that the plain algorithm gives them: one moves only past another that it
//! strictly outranks. Policies that count bytes depend on it.

use super::KeyId;
use super::index::Index;

/// An entry of a heap.
pub(super) trait Ranked: Copy {
    /// Whose it is.
    fn key(&self) -> KeyId;

    /// Whether it belongs nearer to the top.
    fn outranks(&self, other: &Self) -> bool;
}

/// The heap. The entry at the top outranks all others or is outranked by none.
#[derive(Clone, Debug)]
pub(super) struct Heap<E> {
    /// The children of entry i are 2 i + 1 and 2 i + 2.
    entries: Vec<E>,
    index: Index,
}

impl<E: Ranked> Heap<E> {
    /// An empty heap for keys below `keys`, and more if need be.
    pub(super) fn new(keys: u32) -> Self {
        Self {
            entries: Vec::new(),
            index: Index::new(keys),
        }
    }

    /// The key's entry and where it is.
    #[inline(always)]
    pub(super) fn get(&self, key: KeyId) -> Option<(usize, E)> {
        let at = self.index.get(key)? as usize;
        Some((at, self.entries[at]))
    }

    #[inline(always)]
    pub(super) fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some()
    }

    #[inline(always)]
    pub(super) fn look_ahead(&self, key: KeyId) -> u32 {
        let at = self.index.peek(key);
        at ^ self.entries.get(at as usize).map_or(0, E::key)
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The entry at the top.
    #[inline(always)]
    pub(super) fn top(&self) -> Option<E> {
        self.entries.first().copied()
    }

    /// Adds the entry of a key that has none.
    #[inline(always)]
    pub(super) fn push(&mut self, entry: E) {
        let end = self.entries.len();
        if end == self.entries.capacity() {
            self.entries.reserve_exact(end / 8 + 8);
        }
        self.entries.push(entry);
        self.rise(end, entry);
    }

    /// Removes the entry at the top.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<E> {
        let top = self.top()?;
        self.take(0);
        Some(top)
    }

    /// Puts another entry of the same key where one is, then moves it to where it belongs.
    #[inline(always)]
    pub(super) fn replace(&mut self, at: usize, entry: E) {
        if entry.outranks(&self.entries[at]) {
            self.rise(at, entry);
        } else {
            self.sink(at, entry);
        }
    }

    /// Removes the key's entry; false if it has none.
    pub(super) fn remove(&mut self, key: KeyId) -> bool {
        let Some(at) = self.index.get(key) else {
            return false;
        };
        self.take(at as usize);
        true
    }

    #[inline(always)]
    fn take(&mut self, at: usize) {
        let gone = self.entries.swap_remove(at);
        self.index.take(gone.key());
        if let Some(&moved) = self.entries.get(at) {
            if moved.outranks(&gone) {
                self.rise(at, moved);
            } else {
                self.sink(at, moved);
            }
        }
    }

    #[inline(always)]
    fn put(&mut self, at: usize, entry: E) {
        self.entries[at] = entry;
        self.index.set(entry.key(), at as u32);
    }

    #[inline(always)]
    fn rise(&mut self, mut at: usize, entry: E) {
        while at > 0 {
            let parent = (at - 1) / 2;
            let above = self.entries[parent];
            if !entry.outranks(&above) {
                break;
            }
            self.put(at, above);
            at = parent;
        }
        self.put(at, entry);
    }

    #[inline(always)]
    fn sink(&mut self, mut at: usize, entry: E) {
        loop {
            let left = 2 * at + 1;
            let Some(&(mut below)) = self.entries.get(left) else {
                break;
            };
            let mut child = left;
            if let Some(right) = self.entries.get(left + 1)
                && right.outranks(&below)
            {
                (child, below) = (left + 1, *right);
            }
            if !below.outranks(&entry) {
                break;
            }
            self.put(at, below);
            at = child;
        }
        self.put(at, entry);
    }
}
