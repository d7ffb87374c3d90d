//! Near caches: an exact LRU with a TTL inside every process of the application.

use crate::places;
use crate::random::mix64;
use crate::scenario::Near as Settings;
use crate::units::Micros;
use std::collections::VecDeque;

const NONE: u32 = u32::MAX;

#[derive(Clone, Copy)]
struct Entry {
    process: u32,
    key: u32,
    expires: Micros,
    /// When the cluster answered with it: what changes later makes it stale.
    version: Micros,
    /// Keys that it stands for.
    keys: u32,
    /// Number of its last use; 0 when it is free.
    used: u32,
    /// The next entry of its chain.
    next: u32,
}

/// The near cache of a process.
#[derive(Clone, Default)]
struct Process {
    /// Uses of entries with their numbers, the latest last. Those that are not the last use of an entry count no more.
    uses: VecDeque<(u32, u32)>,
    keys: u64,
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
    entries: Vec<Entry>,
    free: Vec<u32>,
    processes: Vec<Process>,
    /// Number of the last use.
    used: u32,
}

impl NearCaches {
    /// Empty ones of so many processes, for keys numbered below `keys`.
    pub(crate) fn new(settings: Settings, processes: u32, keys: usize) -> Self {
        Self {
            most: settings.keys,
            ttl: Micros(u64::from(settings.ttl_ms) * 1_000),
            holders: vec![0; keys],
            chains: vec![NONE],
            entries: Vec::new(),
            free: Vec::new(),
            processes: vec![Process::default(); processes as usize],
            used: 0,
        }
    }

    /// Whether a process may have the key; brings that into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        self.holders.get(key as usize).is_some_and(|holders| *holders > 0)
    }

    /// The version of a value that a process still has; it is then its most recently used one.
    pub(crate) fn get(&mut self, process: u32, key: u32, now: Micros) -> Option<Micros> {
        let place = self.find(process, key);
        let entry = self.entries.get(place as usize)?;
        if entry.expires <= now {
            self.remove(place);
            return None;
        }
        let version = entry.version;
        self.touch(place);
        Some(version)
    }

    /// A process keeps a value that stands for so many keys.
    pub(crate) fn put(&mut self, process: u32, key: u32, keys: u32, version: Micros, now: Micros) {
        self.forget(process, key);
        let place = self.add(Entry {
            process,
            key,
            expires: Micros(now.0.saturating_add(self.ttl.0)),
            version,
            keys,
            used: 0,
            next: NONE,
        });
        self.touch(place);
        if let Some(process) = self.processes.get_mut(process as usize) {
            process.keys += u64::from(keys);
        }
        while let Some(process) = self.processes.get_mut(process as usize)
            && let Some(&(oldest, used)) = process.uses.front()
            && let Some(entry) = self.entries.get(oldest as usize)
        {
            let counts = entry.used == used;
            // What is past its TTL is of no use to anybody: the fewer entries there are, the closer they are at hand.
            let stays = process.keys <= self.most && entry.expires > now;
            if counts && (stays || oldest == place) {
                break;
            }
            process.uses.pop_front();
            if counts {
                self.remove(oldest);
            }
        }
        // The one that goes next but one is read now, while nothing waits for it.
        if let Some(process) = self.processes.get(process as usize)
            && let Some(&(soon, _)) = process.uses.get(1)
            && let Some(entry) = self.entries.get(soon as usize)
        {
            core::hint::black_box(self.chains.get(self.chain(entry.process, entry.key)));
        }
    }

    /// A process drops a value.
    pub(crate) fn forget(&mut self, process: u32, key: u32) {
        let place = self.find(process, key);
        self.remove(place);
    }

    /// All processes drop a value.
    pub(crate) fn forget_everywhere(&mut self, key: u32) {
        let mut left = (self.holders.get_mut(key as usize)).map_or(0, core::mem::take);
        while left > 0 {
            for process in (left.trailing_zeros()..self.processes.len() as u32).step_by(64) {
                let place = self.enchained(process, key);
                self.remove(place);
            }
            left &= left - 1;
        }
    }

    /// Number of the chain that a key of a process is in: those of all processes for a key are neighbours, as a write
    /// concerns them all.
    fn chain(&self, process: u32, key: u32) -> usize {
        mix64(key.into()).wrapping_add(process.into()) as usize & (self.chains.len() - 1)
    }

    /// Where the entry of a process for a key is, if there is one.
    fn find(&self, process: u32, key: u32) -> u32 {
        match self.holders.get(key as usize) {
            Some(holders) if holders & bit(process) > 0 => self.enchained(process, key),
            _ => NONE,
        }
    }

    /// The same where the process may have the key.
    fn enchained(&self, process: u32, key: u32) -> u32 {
        let mut place = self.chains.get(self.chain(process, key)).copied().unwrap_or(NONE);
        while let Some(entry) = self.entries.get(place as usize)
            && (entry.process, entry.key) != (process, key)
        {
            place = entry.next;
        }
        place
    }

    /// Adds an entry; returns where it is.
    fn add(&mut self, entry: Entry) -> u32 {
        if let Some(holders) = self.holders.get_mut(entry.key as usize) {
            *holders |= bit(entry.process);
        }
        let place = places::put(&mut self.entries, &mut self.free, entry);
        if self.entries.len() > self.chains.len() {
            // None is free, or there would not be another.
            self.chains = vec![NONE; self.chains.len() * 2];
            (0..=place).for_each(|place| self.enchain(place));
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

    /// Removes the entry there, if there is one.
    fn remove(&mut self, place: u32) {
        let Some(entry) = self.entries.get_mut(place as usize) else {
            return;
        };
        entry.used = 0;
        let Entry {
            process,
            key,
            keys,
            next,
            ..
        } = *entry;
        if let Some(process) = self.processes.get_mut(process as usize) {
            process.keys -= u64::from(keys);
        }
        self.free.push(place);
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

    /// Makes an entry the most recently used one of its process.
    fn touch(&mut self, place: u32) {
        self.used = self.used.wrapping_add(1).max(1);
        let Some(entry) = self.entries.get_mut(place as usize) else {
            return;
        };
        entry.used = self.used;
        let Some(Process { uses, .. }) = self.processes.get_mut(entry.process as usize) else {
            return;
        };
        if uses.len() == uses.capacity() {
            let entries = &self.entries;
            let counts = |&(place, used): &(u32, u32)| {
                entries
                    .get(place as usize)
                    .is_some_and(|entry| entry.used == used)
            };
            uses.retain(counts);
            uses.reserve(uses.len() + 16);
        }
        uses.push_back((place, self.used));
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
                (kept, caches.entries.len() - caches.free.len()),
                (resident, resident)
            );
            assert!(caches.entries.len() < 60, "places are used again");
        }
    }
}
