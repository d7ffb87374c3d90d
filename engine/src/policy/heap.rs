//! A heap of resident keys by rank that finds each key's entry.
//!
//! Entries are small and keep to themselves while they move; what belongs to a key lies still, at its place. Entries of
//! equal rank keep to the order that the plain algorithm gives them: one moves only past another that it strictly
//! outranks. Policies that count bytes depend on it.

use super::index::Index;
use super::queue::growth;
use super::{KeyId, Setup};

/// What the keys of a heap are ordered by.
pub(super) trait Rank: Copy {
    /// Whether it belongs nearer to the top.
    fn outranks(self, other: Self) -> bool;
}

#[derive(Clone, Copy, Debug)]
struct Entry<R> {
    rank: R,
    place: u32,
}

#[derive(Clone, Copy, Debug)]
struct Place<T> {
    key: KeyId,
    /// The number of the entry; of a free place, the next free one.
    at: u32,
    data: T,
}

/// Ends the list of free places.
const NONE: u32 = u32::MAX;

/// The heap, and `T` with each key. The entry at the top is outranked by none. An entry has up to `CHILDREN` below it:
/// with more of them, one that sinks takes fewer steps and looks at more on each.
#[derive(Clone, Debug)]
pub(super) struct Heap<R, T, const CHILDREN: usize> {
    /// The first child of entry i is entry `CHILDREN` * i + 1, the others follow it.
    entries: Vec<Entry<R>>,
    places: Vec<Place<T>>,
    free: u32,
    /// The entry at the top has left, and nothing has taken its place yet.
    hole: bool,
    /// Keys to expect.
    expected: usize,
    index: Index,
}

impl<R: Rank, T: Copy, const CHILDREN: usize> Heap<R, T, CHILDREN> {
    /// An empty heap for keys below `setup.keys`, of which as many as there is capacity come, and more if need be.
    pub(super) fn new(setup: Setup) -> Self {
        Self {
            entries: Vec::new(),
            places: Vec::new(),
            free: NONE,
            hole: false,
            expected: usize::try_from(setup.capacity).unwrap_or(usize::MAX),
            index: Index::new(setup.keys),
        }
    }

    /// The key's place.
    #[inline(always)]
    pub(super) fn get(&self, key: KeyId) -> Option<u32> {
        self.index.get(key)
    }

    /// What is kept with the key at a place, to change it.
    #[inline(always)]
    pub(super) fn data_mut(&mut self, place: u32) -> &mut T {
        &mut self.places[place as usize].data
    }

    #[inline(always)]
    pub(super) fn contains(&self, key: KeyId) -> bool {
        self.index.get(key).is_some()
    }

    #[inline(always)]
    pub(super) fn look_ahead(&self, key: KeyId) -> u32 {
        let place = self.places.get(self.index.peek(key) as usize);
        let entry = place.and_then(|place| self.entries.get(place.at as usize));
        entry.map_or(0, |entry| entry.place)
    }

    #[inline(always)]
    pub(super) fn len(&self) -> usize {
        self.entries.len() - usize::from(self.hole)
    }

    /// The rank at the top.
    #[inline(always)]
    pub(super) fn top(&mut self) -> Option<R> {
        self.fill_hole();
        self.entries.first().map(|entry| entry.rank)
    }

    /// All ranks, to change them in a way that keeps their order.
    pub(super) fn ranks_mut(&mut self) -> impl Iterator<Item = &mut R> {
        self.fill_hole();
        self.entries.iter_mut().map(|entry| &mut entry.rank)
    }

    /// Adds a key that is not there.
    #[inline(always)]
    pub(super) fn push(&mut self, key: KeyId, rank: R, data: T) {
        if self.free == NONE {
            self.add_place(key, data);
        }
        let place = self.free;
        self.free = self.places[place as usize].at;
        self.places[place as usize] = Place { key, at: 0, data };
        self.index.set(key, place);
        let entry = Entry { rank, place };
        if self.hole {
            self.hole = false;
            self.sink(0, entry);
        } else {
            let end = self.entries.len();
            self.entries.push(entry);
            self.rise(end, entry);
        }
    }

    /// Removes the key at the top.
    #[inline(always)]
    pub(super) fn pop(&mut self) -> Option<KeyId> {
        let key = self.pop_lazily();
        self.fill_hole();
        key
    }

    /// Removes the key at the top and leaves its entry to the next key that is added, if that comes next. Only where no
    /// two ranks are equal does that make no difference.
    #[inline(always)]
    pub(super) fn pop_lazily(&mut self) -> Option<KeyId> {
        self.fill_hole();
        let place = self.entries.first()?.place;
        let key = self.places[place as usize].key;
        self.index.take(key);
        self.release(place);
        self.hole = true;
        Some(key)
    }

    /// Gives the key at a place another rank.
    #[inline(always)]
    pub(super) fn replace(&mut self, place: u32, rank: R) {
        self.fill_hole();
        let at = self.places[place as usize].at as usize;
        let entry = Entry { rank, place };
        if rank.outranks(self.entries[at].rank) {
            self.rise(at, entry);
        } else {
            self.sink(at, entry);
        }
    }

    /// Removes the key; false if it is not there.
    pub(super) fn remove(&mut self, key: KeyId) -> bool {
        let Some(place) = self.index.take(key) else {
            return false;
        };
        self.fill_hole();
        let at = self.places[place as usize].at as usize;
        let gone = self.entries.swap_remove(at);
        self.release(place);
        if let Some(&moved) = self.entries.get(at) {
            if moved.rank.outranks(gone.rank) {
                self.rise(at, moved);
            } else {
                self.sink(at, moved);
            }
        }
        true
    }

    #[inline(always)]
    fn fill_hole(&mut self) {
        if self.hole {
            self.hole = false;
            self.entries.swap_remove(0);
            if let Some(&last) = self.entries.first() {
                self.sink(0, last);
            }
        }
    }

    #[inline(always)]
    fn release(&mut self, place: u32) {
        self.places[place as usize].at = self.free;
        self.free = place;
    }

    /// Adds a place to the free ones. What it holds means nothing.
    #[cold]
    fn add_place(&mut self, key: KeyId, data: T) {
        let count = self.places.len();
        if count == self.places.capacity() {
            let more = growth(count, self.expected);
            self.places.reserve_exact(more);
            self.entries.reserve_exact(count + more - self.entries.len());
        }
        let at = self.free;
        self.places.push(Place { key, at, data });
        self.free = count as u32;
    }

    #[inline(always)]
    fn put(&mut self, at: usize, entry: Entry<R>) {
        self.entries[at] = entry;
        self.places[entry.place as usize].at = at as u32;
    }

    #[inline(always)]
    fn rise(&mut self, mut at: usize, entry: Entry<R>) {
        while at > 0 {
            let parent = (at - 1) / CHILDREN;
            let above = self.entries[parent];
            if !entry.rank.outranks(above.rank) {
                break;
            }
            self.put(at, above);
            at = parent;
        }
        self.put(at, entry);
    }

    #[inline(always)]
    fn sink(&mut self, mut at: usize, entry: Entry<R>) {
        loop {
            let first = CHILDREN * at + 1;
            let end = self.entries.len().min(first + CHILDREN);
            let Some((&(mut below), others)) = self
                .entries
                .get(first..end)
                .and_then(|children| children.split_first())
            else {
                break;
            };
            let mut child = first;
            for (other, number) in others.iter().zip(first + 1..) {
                if other.rank.outranks(below.rank) {
                    (child, below) = (number, *other);
                }
            }
            if !below.rank.outranks(entry.rank) {
                break;
            }
            self.put(at, below);
            at = child;
        }
        self.put(at, entry);
    }
}
