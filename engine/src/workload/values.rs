//! What is known of each key's value beside what its store knows: how old it is, and whether it is still right.

use super::KeyTable;
use crate::units::Micros;

/// A point in time in [`KeyTable::tick`]s.
type Tick = u32;

/// No such time, or after the end of the run.
const NEVER: Tick = Tick::MAX;

/// What is known of a value.
#[derive(Clone, Copy)]
pub(super) struct Value {
    /// When the database was read or written for the cached value; never when nothing was cached yet.
    version: Tick,
    /// When the database last changed.
    changed: Tick,
    /// When the cached value's TTL ends, as the application counts it.
    fresh_until: Tick,
    /// Whether the application deleted the cached value.
    deleted: bool,
    /// Whether writes of it wait to be written to the database.
    dirty: bool,
    /// Whether it was prefetched and not read since.
    unread: bool,
}

impl Value {
    /// Nothing is cached or changed yet.
    pub(super) const NONE: Self = Self {
        version: NEVER,
        changed: 0,
        fresh_until: NEVER,
        deleted: false,
        dirty: false,
        unread: false,
    };
}

impl KeyTable {
    /// Keeps times at 32 bits, as fine as the length of a run that ends then allows. To be called before any time is told.
    pub(crate) fn set_end(&mut self, end: Micros) {
        let bits = u64::BITS - end.0.leading_zeros();
        self.tick = bits.saturating_sub(Tick::BITS - 1);
    }

    fn tick(&self, at: Micros) -> Tick {
        Tick::try_from(at.0 >> self.tick).unwrap_or(NEVER)
    }

    fn time(&self, tick: Tick) -> Micros {
        if tick == NEVER {
            Micros(u64::MAX)
        } else {
            Micros(u64::from(tick) << self.tick)
        }
    }

    /// A value of this version is cached until then, as the application counts its TTL.
    pub(crate) fn stored(&mut self, key: u32, version: Micros, fresh_until: Micros) {
        let (version, fresh_until) = (self.tick(version), self.tick(fresh_until));
        if let Some(value) = self.value_mut(key) {
            value.version = version;
            value.fresh_until = fresh_until;
            value.deleted = false;
        }
    }

    /// The cached value's TTL was renewed: it ends then.
    pub(crate) fn renewed(&mut self, key: u32, fresh_until: Micros) {
        let fresh_until = self.tick(fresh_until);
        if let Some(value) = self.value_mut(key) {
            value.fresh_until = fresh_until;
        }
    }

    /// The cached value is what a copy had at this time. False where the copy did not have the key: what was stored later
    /// and not changed meanwhile was new.
    pub(crate) fn fall_back(&mut self, key: u32, had: Micros) -> bool {
        let had = self.tick(had);
        let value = self.value_mut(key);
        let Some(value) = value.filter(|value| value.version != NEVER && value.version > had) else {
            return true;
        };
        let rewritten = value.changed > had;
        if rewritten {
            value.version = had;
        }
        rewritten
    }

    /// Marks that a value was prefetched that nobody has read, or not; returns whether one was before.
    pub(crate) fn set_unread(&mut self, key: u32, unread: bool) -> bool {
        self.value_mut(key)
            .is_some_and(|value| core::mem::replace(&mut value.unread, unread))
    }

    /// The cached value was deleted.
    pub(crate) fn deleted(&mut self, key: u32) {
        if let Some(value) = self.value_mut(key) {
            value.deleted = true;
        }
    }

    /// The database changes at this time.
    pub(crate) fn changes(&mut self, key: u32, at: Micros) {
        let at = self.tick(at);
        if let Some(value) = self.value_mut(key) {
            value.changed = value.changed.max(at);
        }
    }

    /// For how many microseconds the database has held something newer than the cached value; `None` when it does not.
    pub(crate) fn stale(&self, key: u32, now: Micros) -> Option<u64> {
        let value = self.value(key)?;
        self.age(value, value.version, now)
    }

    /// The same of a copy of this version.
    pub(crate) fn newer(&self, key: u32, version: Micros, now: Micros) -> Option<u64> {
        self.age(self.value(key)?, self.tick(version), now)
    }

    /// For how many microseconds a copy that is behind by `lag` microseconds has been out of date; `None` when the key
    /// did not change meanwhile.
    pub(crate) fn changed_within(&self, key: u32, lag: f64, now: Micros) -> Option<u64> {
        let changed = self.value(key)?.changed;
        let since = now.0.checked_sub(self.time(changed).0)?;
        (changed > 0 && (since as f64) < lag).then_some(since)
    }

    fn age(&self, value: &Value, version: Tick, now: Micros) -> Option<u64> {
        let now = self.tick(now);
        (version < value.changed && value.changed <= now).then(|| u64::from(now - value.changed) << self.tick)
    }

    /// When the cached value's TTL ends, as the application counts it.
    pub(crate) fn fresh_until(&self, key: u32) -> Micros {
        let fresh = self.value(key).map_or(NEVER, |value| value.fresh_until);
        self.time(fresh)
    }

    /// Version of the value cached last; `None` when there never was one.
    pub(crate) fn version(&self, key: u32) -> Option<Micros> {
        let version = self.value(key)?.version;
        (version != NEVER).then(|| self.time(version))
    }

    /// Whether the cached value was deleted by the application and not stored since.
    pub(crate) fn was_deleted(&self, key: u32) -> bool {
        self.value(key).is_some_and(|value| value.deleted)
    }

    /// Marks that writes of the key wait to be written, or no longer; returns whether they did before.
    pub(crate) fn set_dirty(&mut self, key: u32, dirty: bool) -> bool {
        self.value_mut(key)
            .is_some_and(|value| core::mem::replace(&mut value.dirty, dirty))
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys::{Homes, NewKey};
    use super::*;
    use crate::cluster::Topology;

    #[test]
    fn what_changed_after_it_was_read_is_stale_from_then_on() {
        let topology = Topology::even(1);
        let mut homes = Homes::named("key:", &topology);
        let mut keys = KeyTable::new(1, false);
        keys.set_end(Micros(86_400_000_000));
        for number in 0..2 {
            let key = NewKey {
                value_bytes: 100,
                keys: 1,
                class: 0,
                thinned: false,
                rate: 1.0,
                number,
            };
            keys.push(homes.of(number), key);
        }
        assert_eq!(keys.version(1), None);
        keys.stored(1, Micros(1_000_000), Micros(9_000_000));
        assert_eq!(keys.stale(1, Micros(2_000_000)), None);
        keys.changes(1, Micros(3_000_000));
        assert_eq!(keys.stale(1, Micros(2_000_000)), None, "not yet");
        let age = keys.stale(1, Micros(5_000_000));
        assert!(age.is_some_and(|age| age.abs_diff(2_000_000) < 200), "{age:?}");
        assert!(keys.fresh_until(1).0.abs_diff(9_000_000) < 100);
        keys.stored(1, Micros(4_000_000), Micros(u64::MAX));
        assert_eq!(keys.stale(1, Micros(5_000_000)), None);
        assert_eq!(keys.fresh_until(1), Micros(u64::MAX));
        assert_eq!(keys.stale(0, Micros(5_000_000)), None);
    }
}
