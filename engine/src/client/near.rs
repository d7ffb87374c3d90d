//! Near caches: an exact LRU with a TTL inside every process of the application.

use crate::scenario::Near as Settings;
use crate::units::Micros;

/// Ends a chain, and the list of free entries.
const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Entry {
    expires: Micros,
    /// When the cluster answered with it: what changes later makes it stale.
    version: Micros,
    process: u32,
    key: u32,
    /// Keys that it stands for.
    keys: u32,
    /// The next entry of its chain; of a free one, the next that is free.
    next: u32,
    /// The entries of its process that were used just before and after it.
    older: u32,
    newer: u32,
}

/// The near caches of all processes.
pub(crate) struct NearCaches {
    most: u64,
    ttl: Micros,
    /// For each key the processes that may have it: a bit for those whose numbers leave the same rest modulo 64. Most
    /// reads find nothing and most writes concern few processes, which shows here at once.
    holders: Vec<u64>,
    /// First entries of the chains of a hash table, which are a power of two and no fewer than the entries.
    chains: Vec<u32>,
    /// Those of a process form a ring in the order of their last uses. The first places are the rings' own, one for each
    /// process: between its newest entry and its oldest.
    entries: Vec<Entry>,
    /// The first free one.
    free: u32,
    /// Keys that each process has.
    kept: Vec<u64>,
}

impl NearCaches {
    /// Empty ones of so many processes, for keys numbered below `keys`.
    pub(crate) fn new(settings: Settings, processes: u32, keys: usize) -> Self {
        let ring = |process| Entry {
            expires: Micros(0),
            version: Micros(0),
            process,
            key: NONE,
            keys: 0,
            next: NONE,
            older: process,
            newer: process,
        };
        Self {
            most: settings.keys,
            ttl: Micros(u64::from(settings.ttl_ms) * 1_000),
            holders: vec![0; keys],
            chains: vec![NONE; (processes as usize).next_power_of_two()],
            entries: (0..processes).map(ring).collect(),
            free: NONE,
            kept: vec![0; processes as usize],
        }
    }

    /// Whether a process may have the key; brings that into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        self.holders.get(key as usize).is_some_and(|holders| *holders > 0)
    }

    /// The version of a value that a process still has; it is then its most recently used one.
    pub(crate) fn get(&mut self, process: u32, key: u32, now: Micros) -> Option<Micros> {
        let place = self.find(process, key)?;
        let Entry { expires, version, .. } = *self.entries.get(place as usize)?;
        if expires <= now {
            self.remove(place);
            return None;
        }
        self.unlink(place);
        self.link(process, place);
        Some(version)
    }

    /// A process keeps a value that stands for so many keys.
    pub(crate) fn put(&mut self, process: u32, key: u32, keys: u32, version: Micros, now: Micros) {
        self.forget(process, key);
        self.make_room(process, keys, now);
        if let Some(holders) = self.holders.get_mut(key as usize) {
            *holders |= bit(process);
        }
        let place = self.add(Entry {
            expires: Micros(now.0.saturating_add(self.ttl.0)),
            version,
            process,
            key,
            keys,
            next: NONE,
            older: NONE,
            newer: NONE,
        });
        self.link(process, place);
    }

    /// A process drops a value.
    pub(crate) fn forget(&mut self, process: u32, key: u32) {
        if let Some(place) = self.find(process, key) {
            self.remove(place);
        }
    }

    /// All processes drop a value.
    pub(crate) fn forget_everywhere(&mut self, key: u32) {
        let mut left = (self.holders.get_mut(key as usize)).map_or(0, core::mem::take);
        while left > 0 {
            for process in (left.trailing_zeros()..self.kept.len() as u32).step_by(64) {
                if let Some(place) = self.enchained(process, key) {
                    self.remove(place);
                }
            }
            left &= left - 1;
        }
    }

    /// A process has so many keys more, for which its least recently used values go. So do those past their TTL, which
    /// are of no use to anybody: the fewer entries there are, the closer they are at hand.
    fn make_room(&mut self, process: u32, keys: u32, now: Micros) {
        if let Some(kept) = self.kept.get_mut(process as usize) {
            *kept += u64::from(keys);
        }
        while let Some(ring) = self.entries.get(process as usize)
            && ring.newer != process
            && let Some(oldest) = self.entries.get(ring.newer as usize)
            && let Some(kept) = self.kept.get(process as usize)
            && (oldest.expires <= now || *kept > self.most)
        {
            self.remove(ring.newer);
        }
    }

    /// Number of the chain that a key of a process is in: those of all processes for a key are neighbours, as a write
    /// concerns them all.
    fn chain(&self, process: u32, key: u32) -> usize {
        /// 2^64 over the golden ratio, as in Fibonacci hashing.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        let of_key = u64::from(key).wrapping_mul(SPREAD) >> 32;
        (of_key as usize).wrapping_add(process as usize) & (self.chains.len() - 1)
    }

    /// Where the entry of a process for a key is, if there is one.
    fn find(&self, process: u32, key: u32) -> Option<u32> {
        let holders = self.holders.get(key as usize)?;
        if holders & bit(process) == 0 {
            return None;
        }
        self.enchained(process, key)
    }

    /// The same where the process may have the key.
    fn enchained(&self, process: u32, key: u32) -> Option<u32> {
        let mut place = *self.chains.get(self.chain(process, key))?;
        loop {
            let entry = self.entries.get(place as usize)?;
            if (entry.process, entry.key) == (process, key) {
                return Some(place);
            }
            place = entry.next;
        }
    }

    /// Adds an entry to its chain; returns where it is.
    fn add(&mut self, entry: Entry) -> u32 {
        let place = self.free;
        if let Some(free) = self.entries.get_mut(place as usize) {
            self.free = free.next;
            *free = entry;
            self.enchain(place);
            return place;
        }
        let place = self.entries.len() as u32;
        self.entries.push(entry);
        if self.entries.len() > self.chains.len() {
            self.chains = vec![NONE; self.chains.len() * 2];
            // None is free, or there would not be another.
            (self.kept.len() as u32..=place).for_each(|place| self.enchain(place));
        } else {
            self.enchain(place);
        }
        place
    }

    /// Puts an entry at the head of its chain.
    fn enchain(&mut self, place: u32) {
        let Some(&Entry { process, key, .. }) = self.entries.get(place as usize) else {
            return;
        };
        let chain = self.chain(process, key);
        if let (Some(first), Some(entry)) = (self.chains.get_mut(chain), self.entries.get_mut(place as usize))
        {
            entry.next = core::mem::replace(first, place);
        }
    }

    /// Removes the entry there.
    fn remove(&mut self, place: u32) {
        self.unlink(place);
        let Some(entry) = self.entries.get_mut(place as usize) else {
            return;
        };
        let Entry {
            process,
            key,
            keys,
            next,
            ..
        } = *entry;
        entry.next = core::mem::replace(&mut self.free, place);
        if let Some(kept) = self.kept.get_mut(process as usize) {
            *kept -= u64::from(keys);
        }
        let chain = self.chain(process, key);
        let Some(first) = self.chains.get_mut(chain) else {
            return;
        };
        if *first == place {
            *first = next;
            return;
        }
        let mut before = *first;
        while let Some(entry) = self.entries.get_mut(before as usize) {
            if entry.next == place {
                entry.next = next;
                return;
            }
            before = entry.next;
        }
    }

    /// Takes an entry out of its ring.
    fn unlink(&mut self, place: u32) {
        let Some(&Entry { older, newer, .. }) = self.entries.get(place as usize) else {
            return;
        };
        if let Some(older) = self.entries.get_mut(older as usize) {
            older.newer = newer;
        }
        if let Some(newer) = self.entries.get_mut(newer as usize) {
            newer.older = older;
        }
    }

    /// Puts an entry into the ring of its process, as the newest.
    fn link(&mut self, process: u32, place: u32) {
        let Some(ring) = self.entries.get_mut(process as usize) else {
            return;
        };
        let newest = core::mem::replace(&mut ring.older, place);
        if let Some(newest) = self.entries.get_mut(newest as usize) {
            newest.newer = place;
        }
        if let Some(entry) = self.entries.get_mut(place as usize) {
            (entry.older, entry.newer) = (newest, process);
        }
    }
}

/// The bit of a process among those that may have a key.
fn bit(process: u32) -> u64 {
    1 << (process % 64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::scenario::Invalidation;

    fn caches(keys: u64, processes: u32) -> NearCaches {
        let settings = Settings {
            keys,
            ttl_ms: 1,
            invalidation: Invalidation::None,
        };
        NearCaches::new(settings, processes, 60)
    }

    #[test]
    fn the_least_recently_used_of_a_process_goes_first() {
        let mut caches = caches(2, 2);
        let now = Micros(0);
        caches.put(0, 1, 1, Micros(11), now);
        caches.put(0, 2, 1, Micros(12), now);
        caches.put(1, 1, 1, Micros(13), now);
        assert_eq!(caches.get(0, 1, now), Some(Micros(11)));
        caches.put(0, 3, 1, Micros(14), now);
        assert_eq!(caches.get(0, 2, now), None);
        assert_eq!(caches.get(0, 1, now), Some(Micros(11)));
        assert_eq!(caches.get(0, 3, now), Some(Micros(14)));
        assert_eq!(caches.get(1, 1, now), Some(Micros(13)));
        caches.forget_everywhere(1);
        assert_eq!((caches.get(0, 1, now), caches.get(1, 1, now)), (None, None));
        assert_eq!(caches.get(0, 3, Micros(1_000)), None, "its TTL is over");
    }

    #[test]
    fn it_agrees_with_a_list_whatever_happens() {
        // Two that have a bit each, and two that share one.
        for (count, asked) in [(2, [0, 1]), (130, [1, 129])] {
            let mut caches = caches(20, count);
            let mut random = Stream::new(1, 9);
            // Most recently used last: key, keys, expiry.
            let mut lists: [Vec<(u32, u32, u64)>; 2] = [Vec::new(), Vec::new()];
            for step in 0..50_000u64 {
                let now = Micros(step * 7);
                let (number, key) = (random.below(2) as usize, random.below(60));
                let process = asked[number];
                let list = &mut lists[number];
                let at = list.iter().position(|(other, ..)| *other == key);
                match random.below(16) {
                    0 => {
                        caches.forget_everywhere(key);
                        lists
                            .iter_mut()
                            .for_each(|list| list.retain(|(other, ..)| *other != key));
                    }
                    1..3 => {
                        caches.forget(process, key);
                        at.map(|at| list.remove(at));
                    }
                    3..8 => {
                        let keys = 1 + key % 3;
                        caches.put(process, key, keys, now, now);
                        at.map(|at| list.remove(at));
                        list.push((key, keys, now.0 + 1_000));
                        while list.iter().map(|(_, keys, _)| keys).sum::<u32>() > 20 {
                            list.remove(0);
                        }
                    }
                    _ => {
                        let expected = at
                            .map(|at| list.remove(at))
                            .filter(|(.., expires)| *expires > now.0);
                        list.extend(expected);
                        assert_eq!(caches.get(process, key, now).is_some(), expected.is_some());
                    }
                }
            }
            let resident: usize = lists.iter().map(Vec::len).sum();
            let chained = |mut place: u32| {
                let mut length = 0;
                while let Some(entry) = caches.entries.get(place as usize) {
                    (length, place) = (length + 1, entry.next);
                }
                length
            };
            let kept: usize = caches.chains.iter().map(|first| chained(*first)).sum();
            assert_eq!(
                (kept, caches.kept.iter().sum::<u64>()),
                (
                    resident,
                    lists.iter().flatten().map(|(_, keys, _)| u64::from(*keys)).sum()
                )
            );
            let places = caches.entries.len() - caches.kept.len();
            assert!(places < 60, "{places}: they are used again");
        }
    }
}
