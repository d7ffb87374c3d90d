//! Near caches: an exact LRU with a TTL inside every process of the application.

use crate::random::mix64;
use crate::scenario::Near as Settings;
use crate::units::Micros;
use core::hash::{BuildHasherDefault, Hasher};
use std::collections::HashMap;

const NONE: u32 = u32::MAX;

/// A hasher for numbers, the same on every target. Nothing depends on the order of the map.
#[derive(Default)]
pub(crate) struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = mix64(self.0 ^ number);
    }
}

struct Entry {
    /// Process and key.
    id: u64,
    expires: Micros,
    /// When the cluster answered with it: what changes later makes it stale.
    version: Micros,
    /// Keys that it stands for.
    keys: u32,
    newer: u32,
    older: u32,
}

/// The most and least recently used entries of a process.
#[derive(Clone, Copy)]
struct Ends {
    newest: u32,
    oldest: u32,
    keys: u64,
}

/// The near caches of all processes.
pub(crate) struct NearCaches {
    most: u64,
    ttl: Micros,
    map: HashMap<u64, u32, BuildHasherDefault<Mix>>,
    entries: Vec<Entry>,
    free: Vec<u32>,
    processes: Vec<Ends>,
}

impl NearCaches {
    /// Empty ones of so many processes.
    pub(crate) fn new(settings: Settings, processes: u32) -> Self {
        let empty = Ends {
            newest: NONE,
            oldest: NONE,
            keys: 0,
        };
        Self {
            most: settings.keys,
            ttl: Micros(u64::from(settings.ttl_ms) * 1_000),
            map: HashMap::default(),
            entries: Vec::new(),
            free: Vec::new(),
            processes: vec![empty; processes as usize],
        }
    }

    /// The version of a value that a process still has; it is then its most recently used one.
    pub(crate) fn get(&mut self, process: u32, key: u32, now: Micros) -> Option<Micros> {
        let place = *self.map.get(&id(process, key))?;
        let entry = self.entries.get(place as usize)?;
        if entry.expires <= now {
            self.remove(process, place);
            return None;
        }
        let version = entry.version;
        self.unlink(process, place);
        self.link(process, place);
        Some(version)
    }

    /// A process keeps a value that stands for so many keys.
    pub(crate) fn put(&mut self, process: u32, key: u32, keys: u32, version: Micros, now: Micros) {
        self.forget(process, key);
        let entry = Entry {
            id: id(process, key),
            expires: Micros(now.0.saturating_add(self.ttl.0)),
            version,
            keys,
            newer: NONE,
            older: NONE,
        };
        let number = entry.id;
        let place = match self.free.pop() {
            Some(place) => {
                if let Some(old) = self.entries.get_mut(place as usize) {
                    *old = entry;
                }
                place
            }
            None => {
                self.entries.push(entry);
                self.entries.len() as u32 - 1
            }
        };
        self.map.insert(number, place);
        self.link(process, place);
        while let Some(ends) = self.processes.get(process as usize)
            && ends.keys > self.most
            && ends.oldest != place
        {
            let oldest = ends.oldest;
            self.remove(process, oldest);
        }
    }

    /// A process drops a value.
    pub(crate) fn forget(&mut self, process: u32, key: u32) {
        if let Some(&place) = self.map.get(&id(process, key)) {
            self.remove(process, place);
        }
    }

    /// All processes drop a value.
    pub(crate) fn forget_everywhere(&mut self, key: u32) {
        for process in 0..self.processes.len() as u32 {
            self.forget(process, key);
        }
    }

    fn remove(&mut self, process: u32, place: u32) {
        self.unlink(process, place);
        if let Some(entry) = self.entries.get(place as usize) {
            self.map.remove(&entry.id);
            self.free.push(place);
        }
    }

    /// Takes an entry out of the order of use.
    fn unlink(&mut self, process: u32, place: u32) {
        let Some(&Entry {
            newer, older, keys, ..
        }) = self.entries.get(place as usize)
        else {
            return;
        };
        let Some(ends) = self.processes.get_mut(process as usize) else {
            return;
        };
        ends.keys -= u64::from(keys);
        match self.entries.get_mut(newer as usize) {
            Some(entry) => entry.older = older,
            None => ends.newest = older,
        }
        match self.entries.get_mut(older as usize) {
            Some(entry) => entry.newer = newer,
            None => ends.oldest = newer,
        }
    }

    /// Makes an entry the most recently used one.
    fn link(&mut self, process: u32, place: u32) {
        let Some(ends) = self.processes.get_mut(process as usize) else {
            return;
        };
        let second = ends.newest;
        ends.newest = place;
        if let Some(entry) = self.entries.get_mut(second as usize) {
            entry.newer = place;
        } else {
            ends.oldest = place;
        }
        if let Some(entry) = self.entries.get_mut(place as usize) {
            entry.newer = NONE;
            entry.older = second;
            ends.keys += u64::from(entry.keys);
        }
    }
}

fn id(process: u32, key: u32) -> u64 {
    u64::from(process) << 32 | u64::from(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Stream;
    use crate::scenario::Invalidation;

    fn caches(keys: u64) -> NearCaches {
        let settings = Settings {
            keys,
            ttl_ms: 1,
            invalidation: Invalidation::None,
        };
        NearCaches::new(settings, 2)
    }

    #[test]
    fn the_least_recently_used_of_a_process_goes_first() {
        let mut caches = caches(2);
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
        let mut caches = caches(20);
        let mut random = Stream::new(1, 9);
        // Most recently used last: key, keys, expiry.
        let mut lists: [Vec<(u32, u32, u64)>; 2] = [Vec::new(), Vec::new()];
        for step in 0..50_000u64 {
            let now = Micros(step * 7);
            let (process, key) = (random.below(2), random.below(60));
            let list = &mut lists[process as usize];
            let at = list.iter().position(|(other, ..)| *other == key);
            match random.below(8) {
                0 => {
                    caches.forget(process, key);
                    at.map(|at| list.remove(at));
                }
                1..4 => {
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
        assert!(caches.map.len() == resident && caches.entries.len() < 200);
    }
}
