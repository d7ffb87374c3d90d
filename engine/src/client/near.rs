//! Near caches: an exact LRU with a TTL inside every process of the application.

use crate::scenario::Near as Settings;
use crate::units::Micros;

/// Instead of a key: the value is gone, or was used again and is in a later record.
const NONE: u32 = u32::MAX;

/// A value that a process keeps: half a line of the processor's cache.
#[derive(Clone, Copy)]
#[repr(align(32))]
struct Record {
    expires: Micros,
    /// When the cluster answered with it: what changes later makes it stale.
    version: Micros,
    key: u32,
    /// Keys that it stands for.
    keys: u32,
    /// Number of the record before it in its chain.
    before: u32,
}

/// What a process keeps, in the order of the last uses: what is used again moves to the end. So the oldest records and
/// the newest are sequential memory, through which the log moves round and round.
///
/// Chains of records with equal hashes lead from newer to older ones, as in Deflate. They end where they leave the log,
/// so that nothing but the log's beginning changes when the oldest goes.
struct Log {
    /// A power of two, or none yet. A record is at the place that its number has modulo that.
    records: Box<[Record]>,
    /// Number of the newest record of each chain. There are as many as records.
    chains: Box<[u32]>,
    /// Number of the oldest record. The first of all is 1, so that a chain that is 0 has none.
    first: u32,
    /// Number of the next record.
    next: u32,
    /// Number of the first record that is in no chain yet.
    loose: u32,
    /// Keys that its values stand for.
    kept: u64,
}

impl Log {
    fn new(places: usize) -> Self {
        let none = Record {
            expires: Micros(0),
            version: Micros(0),
            key: NONE,
            keys: 0,
            before: 0,
        };
        Self {
            records: vec![none; places].into(),
            chains: vec![0; places].into(),
            first: 1,
            next: 1,
            loose: 1,
            kept: 0,
        }
    }

    /// The place of a record, or of the chain of a hash.
    fn place(&self, number: u32) -> usize {
        number as usize & self.records.len().wrapping_sub(1)
    }

    fn chain(&self, key: u32) -> usize {
        /// 2^64 over the golden ratio, as in Fibonacci hashing.
        const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
        self.place((u64::from(key).wrapping_mul(SPREAD) >> 32) as u32)
    }

    /// Adds what is new to its chains. That is put off, as the beginnings of chains are all over memory: when many are
    /// looked up in a row, they arrive side by side.
    fn enchain(&mut self) {
        for number in self.loose.max(self.first)..self.next {
            let place = self.place(number);
            let Some(key) = self.records.get(place).map(|record| record.key) else {
                continue;
            };
            let chain = self.chain(key);
            if let (Some(record), Some(newest)) = (self.records.get_mut(place), self.chains.get_mut(chain)) {
                record.before = core::mem::replace(newest, number);
            }
        }
        self.loose = self.next;
    }

    /// Takes the value of a key out of its record, if there is one.
    fn take(&mut self, key: u32) -> Option<Record> {
        self.enchain();
        let mut number = *self.chains.get(self.chain(key))?;
        while number >= self.first {
            let place = self.place(number);
            let record = self.records.get_mut(place)?;
            if record.key == key {
                let taken = *record;
                record.key = NONE;
                self.kept -= u64::from(taken.keys);
                return Some(taken);
            }
            number = record.before;
        }
        None
    }

    /// Drops the oldest values while they are past their TTL or there are more than so many keys.
    fn drop_oldest(&mut self, most: u64, now: Micros, holders: &mut Holders, process: u32) {
        while self.first < self.next
            && let Some(oldest) = self.records.get(self.place(self.first))
        {
            if oldest.key != NONE {
                if oldest.expires > now && self.kept <= most {
                    return;
                }
                self.kept -= u64::from(oldest.keys);
                holders.remove(process, oldest.key);
            }
            self.first += 1;
        }
    }

    /// Adds a record at the end.
    fn push(&mut self, record: Record) {
        if (self.next - self.first) as usize == self.records.len() || self.next == u32::MAX {
            self.tidy();
        }
        let place = self.place(self.next);
        if let Some(at) = self.records.get_mut(place) {
            *at = record;
            self.next += 1;
            self.kept += u64::from(record.keys);
        }
    }

    /// Moves what it has to a new log that has room for more: to one twice as large if few of the records are of no use.
    #[cold]
    #[inline(never)]
    fn tidy(&mut self) {
        let places = self.records.len();
        let numbers = self.first..self.next;
        let live = numbers.filter_map(|number| {
            self.records
                .get(self.place(number))
                .filter(|record| record.key != NONE)
        });
        let larger = live.clone().count() > places / 4 * 3;
        let mut tidy = Self::new(if larger { places * 2 } else { places }.max(8));
        live.for_each(|record| tidy.push(*record));
        *self = tidy;
    }
}

/// For each key the processes that have it: a bit for those whose numbers leave the same rest modulo 64. Where a
/// process shares its bit with others, the bit stays when the process drops the key. Most reads find nothing and most
/// writes concern few processes, which shows here at once.
struct Holders {
    of_keys: Vec<u64>,
    shared: bool,
}

impl Holders {
    fn may_have(&self, process: u32, key: u32) -> bool {
        (self.of_keys.get(key as usize)).is_some_and(|holders| holders & Self::bit(process) != 0)
    }

    fn add(&mut self, process: u32, key: u32) {
        if let Some(holders) = self.of_keys.get_mut(key as usize) {
            *holders |= Self::bit(process);
        }
    }

    fn remove(&mut self, process: u32, key: u32) {
        if !self.shared
            && let Some(holders) = self.of_keys.get_mut(key as usize)
        {
            *holders &= !Self::bit(process);
        }
    }

    fn bit(process: u32) -> u64 {
        1 << (process % u64::BITS)
    }
}

/// The near caches of all processes.
pub(crate) struct NearCaches {
    most: u64,
    ttl: Micros,
    holders: Holders,
    logs: Vec<Log>,
    /// The process whose log is swept next.
    turn: u32,
}

impl NearCaches {
    /// Empty ones of so many processes, for keys numbered below `keys`.
    pub(crate) fn new(settings: Settings, processes: u32, keys: usize) -> Self {
        Self {
            most: settings.keys,
            ttl: Micros(u64::from(settings.ttl_ms) * 1_000),
            holders: Holders {
                of_keys: vec![0; keys],
                shared: processes > u64::BITS,
            },
            logs: (0..processes).map(|_| Log::new(0)).collect(),
            turn: 0,
        }
    }

    /// Whether a process may have the key; brings that into the processor's cache.
    pub(crate) fn glance(&self, key: u32) -> bool {
        (self.holders.of_keys.get(key as usize)).is_some_and(|holders| *holders > 0)
    }

    /// Drops the oldest values of one process while they are past their TTL: each time those of the next process. They
    /// are of no use to anybody, but the fewer there are, the closer is at hand what is looked for.
    #[inline(never)]
    pub(crate) fn sweep(&mut self, now: Micros) {
        if let Some(log) = self.logs.get_mut(self.turn as usize) {
            log.enchain();
            log.drop_oldest(u64::MAX, now, &mut self.holders, self.turn);
        }
        self.turn += 1;
        if self.turn as usize >= self.logs.len() {
            self.turn = 0;
        }
    }

    /// The version of a value that a process still has; it is then its most recently used one.
    pub(crate) fn get(&mut self, process: u32, key: u32, now: Micros) -> Option<Micros> {
        if !self.holders.may_have(process, key) {
            return None;
        }
        let log = self.logs.get_mut(process as usize)?;
        let record = log.take(key)?;
        if record.expires <= now {
            self.holders.remove(process, key);
            return None;
        }
        log.push(record);
        Some(record.version)
    }

    /// A process keeps a value that stands for so many keys, for which its least recently used ones go.
    pub(crate) fn put(&mut self, process: u32, key: u32, keys: u32, version: Micros, now: Micros) {
        self.forget(process, key);
        let Some(log) = self.logs.get_mut(process as usize) else {
            return;
        };
        let most = self.most.saturating_sub(u64::from(keys));
        if log.kept > most {
            log.drop_oldest(most, now, &mut self.holders, process);
        }
        log.push(Record {
            expires: Micros(now.0.saturating_add(self.ttl.0)),
            version,
            key,
            keys,
            before: 0,
        });
        self.holders.add(process, key);
    }

    /// A process drops a value.
    pub(crate) fn forget(&mut self, process: u32, key: u32) {
        if self.holders.may_have(process, key)
            && let Some(log) = self.logs.get_mut(process as usize)
            && log.take(key).is_some()
        {
            self.holders.remove(process, key);
        }
    }

    /// All processes drop a value.
    pub(crate) fn forget_everywhere(&mut self, key: u32) {
        let mut left = (self.holders.of_keys.get_mut(key as usize)).map_or(0, core::mem::take);
        while left > 0 {
            let first = left.trailing_zeros() as usize;
            for log in self.logs.iter_mut().skip(first).step_by(u64::BITS as usize) {
                log.take(key);
            }
            left &= left - 1;
        }
    }
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
    fn a_sweep_drops_what_is_past_its_ttl() {
        let mut caches = caches(20, 2);
        for process in 0..2 {
            caches.put(process, 1, 1, Micros(0), Micros(0));
            caches.put(process, 2, 1, Micros(0), Micros(600));
        }
        let left = |caches: &NearCaches| caches.logs.iter().map(|log| log.kept).sum::<u64>();
        caches.sweep(Micros(999));
        caches.sweep(Micros(999));
        assert_eq!((left(&caches), caches.glance(1)), (4, true));
        caches.sweep(Micros(1_000));
        assert_eq!((left(&caches), caches.glance(1)), (3, true));
        caches.sweep(Micros(1_000));
        assert_eq!((left(&caches), caches.glance(1)), (2, false));
        assert_eq!(caches.get(1, 2, Micros(1_000)), Some(Micros(0)));
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
                caches.sweep(now);
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
            let kept = caches
                .logs
                .iter()
                .flat_map(|log| {
                    (log.first..log.next).filter(|number| log.records[log.place(*number)].key != NONE)
                })
                .count();
            assert_eq!(
                (kept, caches.logs.iter().map(|log| log.kept).sum::<u64>()),
                (
                    resident,
                    lists.iter().flatten().map(|(_, keys, _)| u64::from(*keys)).sum()
                )
            );
            let places: usize = caches.logs.iter().map(|log| log.records.len()).sum();
            assert!(places <= 64, "{places}: they are used again");
        }
    }
}
