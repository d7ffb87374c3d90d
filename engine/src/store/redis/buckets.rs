//! Buckets of seven keys and their children: `hashtable.c`.
//!
//! Where a key lies within its bucket matters: a server that samples looks from the first place on, and a key that is
//! stored takes the first free place.

use crate::places;

/// No key, no child.
const NONE: u32 = u32::MAX;
/// Keys of a bucket without child; one less with, whose place the link takes.
const PLACES: usize = 7;

/// Half a line of the processor's cache, and never in two.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Bucket {
    keys: [u32; PLACES],
    child: u32,
}

const EMPTY: Bucket = Bucket {
    keys: [NONE; PLACES],
    child: NONE,
};

impl Bucket {
    /// The first place that holds this, or [`NONE`] where a key may go. Looks at all, so that no jump depends on where
    /// it is.
    fn place_of(&self, key: u32) -> Option<usize> {
        let found = (self.keys.iter().enumerate()).fold(0u32, |found, (place, there)| {
            found | u32::from(*there == key) << place
        });
        let places = if self.child == NONE { PLACES } else { PLACES - 1 };
        let place = found.trailing_zeros() as usize;
        (place < places).then_some(place)
    }

    fn put(&mut self, place: usize, key: u32) {
        if let Some(there) = self.keys.get_mut(place) {
            *there = key;
        }
    }

    /// Takes the key at the first place that has one.
    fn pop(&mut self) -> Option<u32> {
        let there = self.keys.iter_mut().find(|key| **key != NONE)?;
        Some(core::mem::replace(there, NONE))
    }

    fn len(&self) -> usize {
        self.keys.iter().filter(|key| **key != NONE).count()
    }
}

/// Top-level buckets and the children that hang from them.
#[derive(Clone)]
pub(super) struct Buckets {
    /// The top-level ones first.
    all: Vec<Bucket>,
    tops: usize,
    /// Children that were given back.
    free: Vec<u32>,
}

impl Buckets {
    /// So many empty top-level buckets.
    pub(super) fn new(buckets: usize) -> Self {
        Self {
            all: vec![EMPTY; buckets],
            tops: buckets,
            free: Vec::new(),
        }
    }

    pub(super) fn buckets(&self) -> usize {
        self.tops
    }

    /// Children in use.
    pub(super) fn children(&self) -> u64 {
        (self.all.len() - self.tops - self.free.len()) as u64
    }

    pub(super) fn is_empty(&self, bucket: usize) -> bool {
        self.all.get(bucket).is_none_or(|bucket| bucket.keys[0] == NONE)
    }

    /// The buckets of a chain.
    fn chain(&self, bucket: usize) -> impl Iterator<Item = &Bucket> {
        let mut next = bucket;
        core::iter::from_fn(move || {
            let bucket = self.all.get(next)?;
            next = bucket.child as usize;
            Some(bucket)
        })
    }

    /// Appends the keys of a bucket and its children in the order of their places.
    pub(super) fn list(&self, bucket: usize, keys: &mut Vec<u32>) {
        for bucket in self.chain(bucket) {
            let before = keys.len();
            keys.extend_from_slice(&bucket.keys);
            // No jump depends on which places have keys.
            let list = keys.get_mut(before..).unwrap_or(&mut []);
            let mut count = 0;
            for key in bucket.keys {
                if let Some(place) = list.get_mut(count) {
                    *place = key;
                }
                count += usize::from(key != NONE);
            }
            keys.truncate(before + count);
        }
    }

    /// Puts a key that is not there into the first free place of a bucket and its children; a full chain gets another
    /// child.
    pub(super) fn insert(&mut self, key: u32, bucket: usize) {
        let mut at = bucket;
        while let Some(here) = self.all.get_mut(at) {
            if let Some(place) = here.place_of(NONE) {
                here.put(place, key);
                return;
            }
            if here.child != NONE {
                at = here.child as usize;
                continue;
            }
            self.hang_child(key, at);
            return;
        }
    }

    /// Hangs a child from a full bucket, for the key in its last place and a new one.
    #[inline(never)]
    fn hang_child(&mut self, key: u32, at: usize) {
        let Some(here) = self.all.get(at) else {
            return;
        };
        let mut child = EMPTY;
        child.put(0, here.keys[PLACES - 1]);
        child.put(1, key);
        let address = places::put(&mut self.all, &mut self.free, child);
        if let Some(here) = self.all.get_mut(at) {
            here.keys[PLACES - 1] = NONE;
            here.child = address;
        }
    }

    /// Takes a key out of a bucket; false when it is not there. A key of the last child fills the hole, except in the
    /// last bucket of a chain.
    pub(super) fn remove(&mut self, key: u32, bucket: usize) -> bool {
        let mut at = bucket;
        while let Some(here) = self.all.get_mut(at) {
            if let Some(place) = here.place_of(key) {
                here.put(place, NONE);
                if here.child != NONE {
                    self.fill(at, place);
                }
                return true;
            }
            at = here.child as usize;
        }
        false
    }

    /// Moves a key from the last bucket of the chain to this place, and gives that bucket back when it is left with
    /// one key or none.
    fn fill(&mut self, at: usize, place: usize) {
        let (mut before, mut last) = (at, at);
        while let Some(child) = self.all.get(last).map(|bucket| bucket.child)
            && child != NONE
        {
            (before, last) = (last, child as usize);
        }
        let Some(bucket) = self.all.get_mut(last) else {
            return;
        };
        let moved = bucket.pop().unwrap_or(NONE);
        let remaining = if bucket.len() <= 1 {
            Some(bucket.pop().unwrap_or(NONE))
        } else {
            None
        };
        if let Some(hole) = self.all.get_mut(at) {
            hole.put(place, moved);
        }
        if let Some(remaining) = remaining {
            if let Some(parent) = self.all.get_mut(before) {
                parent.child = NONE;
                parent.keys[PLACES - 1] = remaining;
            }
            self.free.push(last as u32);
        }
    }

    /// Moves every key to the bucket of a table of another size that `bucket_of` names.
    pub(super) fn resize(&mut self, buckets: usize, bucket_of: impl Fn(u32) -> usize) {
        let old = core::mem::replace(self, Self::new(buckets));
        let mut keys = Vec::new();
        for bucket in 0..old.tops {
            old.list(bucket, &mut keys);
            for key in keys.drain(..) {
                self.insert(key, bucket_of(key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(buckets: &Buckets) -> Vec<u32> {
        let mut keys = Vec::new();
        buckets.list(0, &mut keys);
        keys
    }

    #[test]
    fn a_stored_key_takes_the_first_free_place() {
        let mut buckets = Buckets::new(1);
        for key in 0..7 {
            buckets.insert(key, 0);
        }
        assert!(buckets.remove(2, 0) && !buckets.remove(2, 0));
        buckets.insert(10, 0);
        assert_eq!(
            (keys(&buckets), buckets.children()),
            (vec![0, 1, 10, 3, 4, 5, 6], 0)
        );
        buckets.insert(11, 0);
        assert_eq!(
            (keys(&buckets), buckets.children()),
            (vec![0, 1, 10, 3, 4, 5, 6, 11], 1)
        );
    }

    #[test]
    fn holes_are_filled_from_the_last_child_but_not_within_it() {
        let mut buckets = Buckets::new(1);
        for key in 0..9 {
            buckets.insert(key, 0);
        }
        assert_eq!(buckets.children(), 1);
        assert!(buckets.remove(8, 0));
        assert!(buckets.remove(7, 0));
        assert!(buckets.remove(6, 0));
        assert_eq!(
            (keys(&buckets), buckets.children()),
            ((0..6).collect(), 1),
            "an empty child stays"
        );
        assert!(buckets.remove(1, 0));
        assert_eq!((keys(&buckets), buckets.children()), (vec![0, 2, 3, 4, 5], 0));
        for key in 20..23 {
            buckets.insert(key, 0);
        }
        assert_eq!(keys(&buckets), [0, 20, 2, 3, 4, 5, 21, 22]);
        assert!(buckets.remove(0, 0));
        assert_eq!(
            (keys(&buckets), buckets.children()),
            (vec![21, 20, 2, 3, 4, 5, 22], 0)
        );
    }
}
